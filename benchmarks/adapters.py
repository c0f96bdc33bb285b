"""`python -m benchmarks.adapters [in-process|sockets]`: WSGI on ASGI and ASGI on WSGI, ours, the peers' and the barest ways."""

from __future__ import annotations

import shutil
import sys
import warnings

from . import in_process, over_sockets
from .rounds import machine


def main(which: list[str]) -> None:
    """Print Markdown."""
    warnings.simplefilter("ignore")
    print(machine("a2wsgi", "asgiref", "uvicorn", "uvloop", "waitress", "gunicorn", "granian"), "\n")
    if not which or "in-process" in which:
        print(in_process.report())
    if not which or "sockets" in which:
        if not all(map(shutil.which, ("wrk", "curl", "taskset"))):
            sys.exit("benchmarks.adapters: the figures over sockets need wrk, curl and taskset (Debian: wrk curl util-linux)")
        print(over_sockets.report())


if __name__ == "__main__":
    main(sys.argv[1:])
