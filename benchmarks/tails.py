"""`python -m benchmarks.tails CHART`: the slowest responses of adapters in an open loop, and their causes.

Writes the chart to the file CHART, and prints the page. Knows contenders, rates and percentiles. It must not know how
the load client works (gateways/compare/load), or how to turn off a cause (tails_app.py).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from gateways.compare.load.histogram import Histogram
from gateways.compare.load.order import Answer, Measured, Order, Request
from gateways.compare.show.charts.scales import SHARES, logarithmic, nines

from .chart import Chart, drawn
from .over_sockets import CLIENT_CORE, GTHREAD, UVICORN, WAITRESS, served
from .rounds import machine

ROUNDS, SECONDS, RAMP = 5, 5.0, 0.3  # number of rounds; measured time and warm-up of a round, in seconds
CONNECTIONS = 32
PERCENTILES = (0.5, 0.99, 0.999)
HALF = 0.5  # the offered rate, as a fraction of the capacity

HEADING = """# The slowest responses

Generated on {date} by `make bench-tails`.

Each server is one process on one core. The load client runs on another core. First, the capacity of each contender is
measured: its throughput in a closed loop of {connections} connections. Then requests are sent at half of that rate, in
{rounds} rounds of {seconds:g} s. The contenders take turns. The requests are due at random times (a Poisson process).
The latency of a request is measured from the time when it was due, so it includes waiting.

A percentile is the median of the rounds' percentiles. It is shown only if at least ten responses of each round were
slower. The p99.9 is not computed from all rounds together, because a single stall of {stall} ms would dominate it.
"Highest" is the p99.9 of the worst round.

{machine}
"""
CAUSES = """## Causes of slow responses

In each row below `ours`, one possible cause is turned off. All rows have the same rate, and take turns. "Relative" is
the percentile divided by the percentile of `ours`. Below 1, the cause makes responses slower.

- *garbage collection*: automatic garbage collection. `gc.disable()` turns it off.
- *sweep*: while requests are running, the adapter checks for disconnects every 50 ms. In the row "without sweep", it
  does not check.
- *GIL switches*: normally, a thread that runs Python code must release the GIL after 5 ms if another thread waits for
  the GIL. With `sys.setswitchinterval(1)`, a thread may keep the GIL for a second.
- *thread starts*: normally, the adapter starts a thread when a request needs one. In the row "without thread starts",
  all {threads} threads are started before the first request.
- *front gate*: normally, an idle worker thread waits on an eventfd, which is written without holding the GIL. In the
  row "without front gate", the thread waits on a lock, which is released while holding the GIL.
"""


@dataclass(frozen=True)
class Contender:
    """A server and an app. `without`: a cause of slow responses that is turned off in this variant of `ours`."""

    server: str
    name: str
    app: str
    without: str = ""

    @property
    def command(self) -> str:
        template = {"uvicorn": UVICORN, "waitress": WAITRESS, "gunicorn gthread": GTHREAD}[self.server]
        return template.replace("benchmarks.apps:", "benchmarks.tails_app:") + self.app


CONTENDERS = (
    Contender("uvicorn", "native ASGI", "asgi"),
    Contender("uvicorn", "ours", "ours_on_asgi"),
    Contender("uvicorn", "a2wsgi", "a2wsgi_on_asgi"),
    Contender("waitress", "native WSGI", "wsgi"),
    Contender("waitress", "ours", "ours_on_wsgi"),
    Contender("waitress", "a2wsgi", "a2wsgi_on_wsgi"),
    Contender("gunicorn gthread", "native WSGI", "wsgi"),
    Contender("gunicorn gthread", "ours", "ours_on_wsgi"),
)
VARIANTS = tuple(
    Contender("uvicorn", f"without {name}", "ours_on_asgi", without)
    for name, without in (
        ("garbage collection", "gc"),
        ("sweep", "sweep"),
        ("GIL switches", "switches"),
        ("thread starts", "starts"),
        ("front gate", "gate"),
    )
)


class LoadClient:
    """A load client in a separate process, on the client's core."""

    def __init__(self, stack: ExitStack) -> None:
        command = ["taskset", "-c", CLIENT_CORE, sys.executable, "-m", "gateways.compare.load"]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._process = stack.enter_context(process)
        assert process.stdin is not None
        assert process.stdout is not None
        self._orders, self._results = process.stdin, process.stdout
        stack.callback(self._orders.close)

    def measure(self, order: Order) -> Measured:
        """Execute an order. Raises RuntimeError if a response was not as expected."""
        self._orders.write(order.to_json() + "\n")
        self._orders.flush()
        result = json.loads(self._results.readline())
        if "failure" in result:
            raise RuntimeError(f"{order.host}:{order.port}: {result['failure']}")
        measured = Measured.from_json(result)
        if measured.failures:
            raise RuntimeError(f"{order.host}:{order.port}: {measured.failed} {measured.examples}")
        return measured


def order(url: str, rate: float = 0.0, seed: int = 0) -> Order:
    """Return the order for an open loop at `rate`; for a closed loop if `rate` is 0."""
    host, port = url.removeprefix("http://").split(":")
    answer = Answer(200, 5, None)
    kind, seconds = ("open", SECONDS) if rate else ("closed", 1.0)
    request = Request("/")
    if kind == "open":
        return Order("open", host, int(port), request, answer, CONNECTIONS, seconds, RAMP, rate=rate, seed=seed)
    return Order("closed", host, int(port), request, answer, CONNECTIONS, seconds, RAMP)


def measured(
    group: dict[Contender, str], client: LoadClient, rates: dict[Contender, float]
) -> dict[Contender, list[Histogram]]:
    """Return the latencies of each contender of a group, one histogram per round. The contenders take turns."""
    rounds: dict[Contender, list[Histogram]] = {contender: [] for contender in group}
    for turn in range(ROUNDS):
        for contender, url in group.items():
            rounds[contender].append(client.measure(order(url, rates[contender], turn)).latency)
    return rounds


def servers(contenders: tuple[Contender, ...], stack: ExitStack) -> dict[Contender, str]:
    """Start the servers of a group. Return their URLs."""
    urls = {}
    for contender in contenders:
        os.environ["WITHOUT"] = contender.without
        urls[contender] = stack.enter_context(served(contender.command))
    os.environ["WITHOUT"] = ""
    return urls


def typical(rounds: list[Histogram], share: float, choose: Callable[[list[float]], float] = median) -> float | None:
    """Return the median (or `choose`) of the rounds' percentiles, in nanoseconds; None with too few responses."""
    values = [value for each in rounds if (value := each.supported(share)) is not None]
    return choose(values) if values and len(values) == len(rounds) else None


def milliseconds(nanoseconds: float | None) -> str:
    """Return a cell of the table; "–" if there are too few responses for the percentile."""
    return "–" if nanoseconds is None else f"{nanoseconds / 1e6:.2f}"


def row(contender: Contender, rate: float, rounds: list[Histogram]) -> str:
    """Return a contender's row of the first table."""
    cells = [milliseconds(typical(rounds, share)) for share in PERCENTILES]
    cells.append(milliseconds(typical(rounds, PERCENTILES[-1], max)))
    return f"| {contender.server} | {contender.name} | {rate:,.0f} | {' | '.join(cells)} |"


def variant(contender: Contender, rounds: list[Histogram], ours: list[Histogram]) -> str:
    """Return a variant's row of the second table."""
    cells = []
    for share in PERCENTILES:
        value, beside = typical(rounds, share), typical(ours, share)
        relative = f"{value / beside:.2f}" if value is not None and beside else "–"
        cells.append(f"{milliseconds(value)} | {relative}")
    return f"| {contender.name} | {' | '.join(cells)} |"


def chart(latencies: dict[Contender, list[Histogram]]) -> Chart:
    """Return the chart: the latencies of the first table's contenders, by percentile."""
    lines = {}
    for contender, rounds in latencies.items():
        values = ((share, typical(rounds, share)) for share in SHARES if share >= PERCENTILES[0])
        lines[f"{contender.server}, {contender.name}".replace("gunicorn ", "")] = [
            (share, value / 1e6) for share, value in values if value is not None
        ]
    most = max(points[-1][0] for points in lines.values())
    heights = [value for points in lines.values() for _, value in points]
    text: Callable[[float], str] = lambda value: f"{value:g}"  # noqa: E731 - the format of a label
    return Chart(
        "Latency at half of capacity, by percentile",
        "share of requests that are at least this fast",
        "ms",
        nines(most),
        logarithmic(heights, text, 1.1),
        lines,
    )


def main(file: Path) -> None:
    """Measure, write the chart, and print the page."""
    packages = machine("a2wsgi", "uvicorn", "uvloop", "waitress", "gunicorn")
    print(
        HEADING.format(
            date=datetime.now(UTC).date(),
            connections=CONNECTIONS,
            rounds=ROUNDS,
            seconds=SECONDS,
            stall=round(ROUNDS * SECONDS),
            machine=packages,
        )
    )
    with ExitStack() as stack:
        client, urls = LoadClient(stack), servers(CONTENDERS, stack)
        rates = {each: client.measure(order(url)).rate * HALF for each, url in urls.items()}
        found = measured(urls, client, rates)
    print("| server | | requests/s | p50, ms | p99, ms | p99.9, ms | highest, ms |")
    print("|---|---|--:|--:|--:|--:|--:|")
    for contender, rounds in found.items():
        print(row(contender, rates[contender], rounds))
    file.write_text(drawn(chart(found)), encoding="utf-8")
    print(f"\n![Latency by percentile](images/{file.name})\n")
    ours = CONTENDERS[1]
    with ExitStack() as stack:
        client, urls = LoadClient(stack), servers((ours, *VARIANTS), stack)
        causes = measured(urls, client, dict.fromkeys(urls, rates[ours]))
    print(CAUSES.format(threads=32))
    print("| | p50, ms | relative | p99, ms | relative | p99.9, ms | relative |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for contender, rounds in causes.items():
        print(variant(contender, rounds, causes[ours]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
