"""`python -m benchmarks.adapters [in-process|overload|sockets]`: compare our adapters with other adapters.

The figures also show the cost of a thread switch alone.
"""

from __future__ import annotations

import shutil
import sys
import warnings
from datetime import UTC, datetime

from . import in_process, over_sockets, overload
from .rounds import machine

_METHOD = """# Figures

Generated on {date} by `make bench`.

Each row of a table is a contender: our adapter ("ours"), or an alternative to it. The contenders take turns, round by
round, in one run. The tables show medians. Each round yields a ratio between ours and another contender, and "relative
speed" is the median of these ratios. Above 1, ours is faster. On a shared machine, the ratios vary less than the
absolute rates.

The first tables are measured in process, that is, without a server. Each request is a scope or an environ with the six
headers of a browser. The tables "over a socket" are measured with servers. Each server is one process on one core. The
client (wrk with 32 connections, or curl) runs on another core. An error response stops the benchmark.

See also [the slowest responses](benchmarks-tails.md), [the cost by clients, bodies and headers](benchmarks-scale.md)
and [one request in counts](benchmarks-ledger.md).
"""


def main(which: list[str]) -> None:
    """Print the results as Markdown."""
    warnings.simplefilter("ignore")
    print(_METHOD.format(date=datetime.now(UTC).date().isoformat()))
    print(machine("a2wsgi", "asgiref", "uvicorn", "uvloop", "waitress", "gunicorn", "granian"), "\n")
    if not which or "in-process" in which:
        print(in_process.report())
    if not which or "overload" in which:
        print(overload.report())
    if not which or "sockets" in which:
        if not all(map(shutil.which, ("wrk", "curl", "taskset"))):
            sys.exit(
                "benchmarks.adapters: the figures over sockets need wrk, curl and taskset (Debian: wrk curl util-linux)"
            )
        print(over_sockets.report())


if __name__ == "__main__":
    main(sys.argv[1:])
