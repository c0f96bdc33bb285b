"""A server's own process. In a module of its own, so that servers which spawn workers find child.py by its name."""

from gateways.serving.child import main

if __name__ == "__main__":
    main()
