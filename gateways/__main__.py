"""`python -m gateways` and the command `gateways`. If a package is missing, print how to install it."""

import sys
from typing import NoReturn

from gateways.installing import install_line


def main() -> NoReturn:
    """Run the command line and exit."""
    try:
        from gateways.cli import main as run

        run()
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "gateways":
            raise
        why = f"the commands need the package {error.name!r} (the adapters do not)"
        print(f"gateways: {why}; install the toolkit: {install_line()}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
