"""`python -m gateways` and the command `gateways`; if a package is missing, one line says how to install it."""

import sys
from typing import NoReturn

from gateways.installing import install_line


def main() -> NoReturn:
    """Run the command line and exit."""
    try:
        from gateways.cli import main as run
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "gateways":
            raise
        why = f"the commands need the package {error.name!r}, which the adapters alone do without"
        print(f"gateways: {why}; install the toolkit: {install_line()}", file=sys.stderr)
        sys.exit(2)
    run()


if __name__ == "__main__":
    main()
