"""Entry point of a server process. It is not in child.py, because spawned workers import that module by name."""

from gateways.serving.child import main

if __name__ == "__main__":
    main()
