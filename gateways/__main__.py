"""Entry point of `python -m gateways` and of the command `gateways`. If a package is missing, print how to
install it.
"""

import os
import sys
from typing import NoReturn

from gateways.installing import install_line


def main() -> NoReturn:
    """Run the command line and exit."""
    _open_closed_streams()
    try:
        from gateways.cli import main as run

        run()
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "gateways":
            raise
        why = f"the commands need the package {error.name!r} (the adapters do not)"
        print(f"gateways: {why}; install the toolkit: {install_line()}", file=sys.stderr)
        sys.exit(2)


def _open_closed_streams() -> None:
    """Open the null device for each closed standard stream (`<&-`), so that no socket gets descriptor 0, 1 or 2."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # gets the lowest free descriptor
            setattr(sys, name, os.fdopen(number, mode, closefd=False))


if __name__ == "__main__":
    main()
