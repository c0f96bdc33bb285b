"""Entry point of a server process. Separate from child.py, which spawned workers import by name."""

from gateways.serving.child import main

if __name__ == "__main__":
    main()
