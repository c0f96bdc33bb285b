"""`python -m gateways`, and the command `gateways`: it says in a line what is missing where it cannot be imported."""

import sys
from typing import NoReturn

from gateways.installing import install_line

OURS = ("adapters", "gateways")


def main() -> NoReturn:
    """Run the command line and exit."""
    try:
        from gateways.cli import main as run
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] in OURS:
            raise
        why = f"there is no module {error.name!r}: the commands need more than --no-deps installs"
        print(f"gateways: {why}: {install_line()}", file=sys.stderr)
        sys.exit(2)
    run()


if __name__ == "__main__":
    main()
