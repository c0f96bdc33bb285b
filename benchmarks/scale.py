"""`python -m benchmarks.scale FOLDER`: the cost of open streams, clients, bodies and headers.

The page also shows if the cost grows linearly. Writes the charts to FOLDER, and prints the page. Knows titles and
tables. It must not know how a cost is measured (idle.py, curves.py).
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from gateways.compare.show.charts.scales import Scale, from_zero, logarithmic

from .chart import Chart, drawn
from .curves import Curve, fitted, over_bodies, over_clients, over_headers
from .idle import OPENING_SECONDS, WATCH_SECONDS, TooFew, allow_descriptors, cost
from .over_sockets import UVICORN
from .rounds import digits, machine

HEADING = """# Scale: clients, bodies and headers

Generated on {date} by `make bench-scale`.

{machine}

## Open streams

A stream sends one event, and then nothing. Each server is one process, and all streams are open at the same time.
Memory is the growth of the server's resident memory, divided by the number of streams. CPU time while idle is measured
for {watch:g} s. CPU time per event is measured with streams that send one event per second. On every server, a WSGI
application holds a thread for each of its streams, because its code waits in that thread. A dash means that the server
had not begun all streams after {opening:g} s.

| | streams | memory per stream | threads | idle: CPU per stream and hour | CPU per event |
|---|--:|--:|--:|--:|--:|"""
CLIENTS = """
## Number of clients

The table shows the CPU time of one hello request in process, without a server. Clients of WSGIToASGI are coroutines,
and clients of ASGIToWSGI are threads. `run_in_executor` shows the cost of a thread switch alone.

![CPU time of a request by number of clients](images/scale-clients.svg)
"""
CLIENTS_EXPLAINED = """
The curves are not straight lines, for three reasons:

- With one client of WSGIToASGI, each request must wake a thread and the loop. With several clients, one woken thread
  serves all requests that have arrived.
- With thousands of requests in flight, Python's garbage collector repeatedly traverses the objects of all requests. The
  line without garbage collection shows this cost.
- Threads of ASGIToWSGI compete for the interpreter lock. The measurement includes the start of these threads.
"""
BODIES = """
## Size of the body

The table shows the CPU time of one request in process. Bodies are sent in blocks of 64 KB.

![CPU time of a request by the size of its body](images/scale-bodies.svg)
"""
BODIES_EXPLAINED = """
A straight line, with a fixed cost and a cost per MB, approximates each curve. "Deviation" is the largest distance of a
point from this line. A body that fits into one block is not streamed. So the cost of small bodies is below the line.
Each further block adds the cost of a copy, and part of the cost of a thread switch.
"""
HEADERS = """
## Number of headers

The table shows the CPU time of one hello request in process, by the number of request headers. Requests are sent one at
a time.

![CPU time of a request by the number of its headers](images/scale-headers.svg)
"""
STREAMS = UVICORN.replace("benchmarks.apps:", "benchmarks.scale_apps:")
GTHREAD = (
    "gunicorn --no-control-socket --log-level error -w 1 -k gthread --threads {threads} --worker-connections 20000"
    " --keep-alive 75 -b 127.0.0.1:{port} benchmarks.scale_apps:"
)
WAITRESS = "waitress --listen=127.0.0.1:{port} --threads={threads} --connection-limit=20000 benchmarks.scale_apps:"
SERVERS = {
    "native ASGI on uvicorn": STREAMS + "asgi",
    "WSGIToASGI on uvicorn": STREAMS + "ours_on_asgi",
    "a2wsgi on uvicorn": STREAMS + "a2wsgi_on_asgi",
    "native WSGI on gthread": GTHREAD + "wsgi",
    "ASGIToWSGI on gthread": GTHREAD + "ours_on_wsgi",
    "native WSGI on waitress": WAITRESS + "wsgi",
    "ASGIToWSGI on waitress": WAITRESS + "ours_on_wsgi",
    "a2wsgi on waitress": WAITRESS + "a2wsgi_on_wsgi",
}
FEW, MANY = 1_000, 10_000
MANY_ON = ("native ASGI on uvicorn", "WSGIToASGI on uvicorn", "native WSGI on gthread", "ASGIToWSGI on gthread")
HOUR = 3600


def streams_row(name: str, count: int) -> str:
    """Return a server's row of the table of streams. The row has dashes if the server could not start all streams."""
    cells = ["–"] * 4
    try:
        idle = cost(SERVERS[name], count)
        hour = f"{digits(idle.cpu * HOUR * 1000)} ms"
        cells[:3] = f"{idle.memory / 1024:.1f} KB", f"{idle.threads:,}", hour
        if count == FEW:
            cells[3] = f"{cost(SERVERS[name], count, 1.0).per_event * 1e6:.0f} µs"
    except TooFew as error:
        print(f"{name}: {error} streams", file=sys.stderr)
    return f"| {name} | {count:,} | {' | '.join(cells)} |"


def streams() -> Iterator[str]:
    """Yield the rows of the table of streams."""
    allow_descriptors()
    for count, names in ((FEW, tuple(SERVERS)), (MANY, MANY_ON)):
        for name in names:
            yield streams_row(name, count)


def table(curves: dict[str, Curve], head: str) -> str:
    """Return the points of the curves as a table, with one row for each x."""
    columns = sorted({x for points in curves.values() for x, _ in points})
    lines = [f"| {head} | {' | '.join(f'{name}, µs' for name in curves)} |", "|--:" * (len(curves) + 1) + "|"]
    for x in columns:
        cells = (dict(points).get(x) for points in curves.values())
        lines.append(f"| {x:,.0f} | {' | '.join('–' if y is None else digits(y) for y in cells)} |")
    return "\n".join(lines)


def straight(curves: dict[str, Curve], per: float, unit: str) -> str:
    """Return a table of the straight lines that fit the curves. The slope is the increase for `per` units of x."""
    lines = [f"| | fixed | {unit} | deviation |", "|---|--:|--:|--:|"]
    for name, points in curves.items():
        line = fitted(points)
        lines.append(f"| {name} | {line.fixed:.0f} µs | {digits(line.slope * per)} µs | {line.deviation:.0%} |")
    return "\n".join(lines)


def microseconds(curves: dict[str, Curve]) -> Scale:
    """Return a logarithmic axis for the curves."""
    return logarithmic([y for points in curves.values() for _, y in points], lambda value: f"{value:,.6g}", 1.2)


def short(value: float) -> str:
    """Format a size in bytes, e.g. "10 KB" or "1 MB"; "0" below 1 KB."""
    for size, unit in ((1e6, "MB"), (1e3, "KB")):
        if value >= size:
            return f"{value / size:g} {unit}"
    return "0"


def body_axis(curves: dict[str, Curve]) -> Scale:
    """Return a logarithmic axis of sizes from 100 bytes. An empty body is drawn at 100 bytes."""
    sizes = [x for points in curves.values() for x, _ in points if x]
    ticks = tuple((size, short(size)) for size in sorted(set(sizes)))
    scale = logarithmic([100.0, *sizes], short)
    return Scale(scale.low, scale.high, scale.forward, ((scale.low, "0"), *ticks))


def write(folder: Path, name: str, chart: Chart) -> None:
    """Write a chart."""
    (folder / name).write_text(drawn(chart), encoding="utf-8")


def shifted(curves: dict[str, Curve], least: float) -> dict[str, Sequence[tuple[float, float]]]:
    """Return the curves with each smaller x raised to `least`, because a logarithmic axis has no 0."""
    return {name: [(max(x, least), y) for x, y in points] for name, points in curves.items()}


def main(folder: Path) -> None:
    """Measure, write the charts, and print the page."""
    packages = machine("a2wsgi", "uvicorn", "uvloop", "waitress", "gunicorn")
    print(HEADING.format(date=datetime.now(UTC).date(), machine=packages, watch=WATCH_SECONDS, opening=OPENING_SECONDS))
    for line in streams():
        print(line, flush=True)
    clients, bodies, headers = over_clients(), over_bodies(), over_headers()
    whole = logarithmic([1, 10_000], lambda value: f"{value:,.0f}")
    up = "µs of CPU time per request"
    write(folder, "scale-clients.svg", Chart("Number of clients", "clients", up, whole, microseconds(clients), clients))
    print(CLIENTS, table(clients, "clients"), CLIENTS_EXPLAINED, sep="\n")
    axis = body_axis(bodies)
    lines = shifted(bodies, axis.low)
    write(folder, "scale-bodies.svg", Chart("Size of the body", "bytes", up, axis, microseconds(bodies), lines))
    print(BODIES, table(bodies, "bytes"), "", straight(bodies, 1e6, "per MB"), BODIES_EXPLAINED, sep="\n")
    most = max(y for points in headers.values() for _, y in points)
    straight_axes = from_zero(100, lambda value: f"{value:g}"), from_zero(most, lambda value: f"{value:g}")
    write(folder, "scale-headers.svg", Chart("Number of headers", "headers", up, *straight_axes, headers))
    print(HEADERS, table(headers, "headers"), "", straight(headers, 1, "per header"), sep="\n")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(Path(sys.argv[1]))
