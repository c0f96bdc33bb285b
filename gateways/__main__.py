"""`python -m gateways`, the same as the command `gateways`."""

from gateways.cli import main

if __name__ == "__main__":
    main()
