"""`python -m benchmarks.floors`: the CPU time of an adapter, and of the smallest program with the same guarantees.

Three apps run on the same server: the native app, the smallest program, and the adapter. floors_apps.py lists the
guarantees. No adapter that gives them can need less CPU time than the smallest program. Knows servers and CPU time. It
must not know how an adapter works.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import ExitStack

import psutil

from .over_sockets import GTHREAD, UVICORN, served, wrk_report
from .rounds import Figures, digits, ratio, rounds

ON_ASGI, ON_WSGI = ("asgi", "floor_on_asgi", "ours_on_asgi"), ("wsgi", "floor_on_wsgi", "ours_on_wsgi")
CASES = (  # name, command of the server, apps, connections
    ("ASGIToWSGI on gthread", GTHREAD, ON_WSGI, 32),
    ("ASGIToWSGI on gthread", GTHREAD, ON_WSGI, 1),
    ("WSGIToASGI on uvicorn", UVICORN, ON_ASGI, 32),
    ("WSGIToASGI on uvicorn", UVICORN, ON_ASGI, 1),
    ("WSGIToASGI on uvicorn, asyncio", UVICORN.replace("--loop uvloop", "--loop asyncio"), ON_ASGI, 1),
)

HEADING = """## The floor

Could an adapter be faster? `benchmarks/floors_apps.py` has the smallest programs with the main guarantees of the
adapters. In these programs, the app has its own thread or loop, and gets the request's headers and context variables.
The app waits for a slow client, and is notified of a disconnect. The program checks the response headers, and the app's
errors reach the server. The programs use the fast code of the adapters. They do not support request bodies, streams,
other checks, warnings or `stats()`.

The table shows the CPU time of a hello request in microseconds: the server's process on one core, medians of {count}
rounds. The contenders take turns. The last two columns divide the native app's CPU time by that of the smallest
program and of the adapter (medians of the rounds' ratios). The first of these ratios is the best that an adapter with
these guarantees can reach. `python -m benchmarks.floors` prints the table. The ratios depend on the load of the
machine, so compare only figures of one run.

| | connections | native | smallest program | adapter | native / smallest program | native / adapter |
|---|--:|--:|--:|--:|--:|--:|"""


def requests_of(report: str) -> int:
    """Return the number of requests in a report of wrk. Raises ValueError if the report has none."""
    found = re.search(r"(\d+) requests in", report)
    if found is None or not int(found[1]):
        raise ValueError(f"wrk reported no requests: {report!r}")
    return int(found[1])


def cpu_of(server: psutil.Process) -> float:
    """Return the CPU time in seconds of a server and its workers."""
    times = [each.cpu_times() for each in (server, *server.children(recursive=True))]
    return sum(each.user + each.system for each in times)


def measured(server: psutil.Process, url: str, connections: int) -> Callable[[], float]:
    """Return a function that measures the server's CPU time of a request, in microseconds."""

    def measure() -> float:
        before = cpu_of(server)
        requests = requests_of(wrk_report(url, connections))
        return (cpu_of(server) - before) / requests * 1e6

    return measure


def figures(command: str, apps: tuple[str, ...], connections: int, count: int) -> Figures:
    """Return `count` CPU times of each app, measured in turns."""
    command = command.replace("benchmarks.apps:", "benchmarks.floors_apps:")
    own = psutil.Process()
    with ExitStack() as running:
        contenders = {}
        for app in apps:
            others = set(own.children())
            url = running.enter_context(served(command + app))
            (server,) = set(own.children()) - others
            contenders[app] = measured(server, url + "/", connections)
        return rounds(contenders, count)


def row(name: str, connections: int, found: Figures) -> str:
    """Return a row of the table."""
    native, floor, ours = found
    times = " | ".join(digits(sorted(found[app])[len(found[app]) // 2]) for app in (native, floor, ours))
    ratios = " | ".join(f"{ratio(found, native, app):.2f}" for app in (floor, ours))
    return f"| {name} | {connections} | {times} | {ratios} |"


def report(count: int = 9) -> str:
    """Return the section."""
    rows = [
        row(name, connections, figures(command, apps, connections, count)) for name, command, apps, connections in CASES
    ]
    return "\n".join([HEADING.format(count=count), *rows, ""])


if __name__ == "__main__":
    print(report())
