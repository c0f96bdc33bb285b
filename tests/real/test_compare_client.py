"""Compare the load client's throughput with wrk's and h2load's, on the same servers, in turns, each on its own core.

If the server has a core to itself, responses per second are compared. On a busy machine, responses per second of the
server's CPU time are compared instead, because other programs affect these less.
"""

import re
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from gateways.compare.load import meters
from gateways.compare.load.order import Answer, Order, Request
from gateways.compare.measure.client import Client
from gateways.compare.measure.placement import here, on
from tests.real.serving import Running, serve

CONNECTIONS, SECONDS, ROUNDS = 32, 1, 3
NEAR, NEAR_IF_BUSY = 0.1, 0.25
ITS_OWN = 0.85
"""The share of a core that a saturated server uses if it is not disturbed."""
PLACEMENT = here()


@dataclass(frozen=True)
class Seen:
    """The result of a tool, and the server's CPU time."""

    answers: int
    rate: float
    cpu: float = 0.0
    seconds: float = 0.0

    @property
    def for_cpu(self) -> float:
        return self.answers / self.cpu


def ours(client: Client, server: Running) -> Seen:
    request = Request("/hello")
    probe = client.see(Order("probe", server.host, server.port, request))
    answer = Answer(200, probe.length, probe.sha256)
    measured = client.measure(Order("closed", server.host, server.port, request, answer, CONNECTIONS, SECONDS))
    assert measured.failed == {}
    return Seen(measured.answered + measured.outside, measured.rate)


def wrk(server: Running) -> Seen:
    said = run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}", f"{server.url}/hello"])
    return read(said, r"(\d+) requests in", r"Requests/sec: +([\d.]+)")


def h2load(server: Running) -> Seen:
    said = run(["h2load", "--h1", f"-c{CONNECTIONS}", f"-D{SECONDS}", f"{server.url}/hello"])
    return read(said, r"(\d+) succeeded", r"finished in .*, ([\d.]+) req/s")


def run(command: list[str]) -> str:
    with on(PLACEMENT.client):
        return subprocess.run(command, capture_output=True, text=True, timeout=90, check=True).stdout


def read(said: str, answers: str, rate: str) -> Seen:
    found = [re.search(pattern, said) for pattern in (answers, rate)]
    assert all(found), said
    return Seen(int(found[0][1]), float(found[1][1]))  # type: ignore[index]


def watched(server: Running, ask: Callable[[], Seen]) -> Seen:
    """Return the result with the server's CPU time."""
    before, began = meters.cpu((server.process.pid,)), time.monotonic()
    seen = ask()
    after = meters.cpu((server.process.pid,))
    if before is None or after is None:
        pytest.skip("this system does not say what CPU time others take")
    return Seen(seen.answers, seen.rate, (after - before) / 1e9, time.monotonic() - began)


@pytest.mark.parametrize(
    ("app", "name", "theirs"),
    [
        ("gateways.asgi.app:app", "uvicorn", wrk),
        ("gateways.wsgi.app:app", "waitress", wrk),
        ("gateways.asgi.app:app", "uvicorn", h2load),
    ],
)
def test_throughput_equals_the_measurements_of_other_tools(
    app: str, name: str, theirs: Callable[[Running], Seen]
) -> None:
    if not shutil.which(theirs.__name__):
        pytest.skip(f"{theirs.__name__} is not installed")
    with on(PLACEMENT.server), serve(app, name) as server, Client(PLACEMENT.client) as client:
        pairs = [
            (watched(server, lambda: ours(client, server)), watched(server, lambda: theirs(server)))
            for _ in range(ROUNDS)
        ]
    for_cpu = statistics.median(us.for_cpu / them.for_cpu for us, them in pairs)
    rates = statistics.median(us.rate / them.rate for us, them in pairs)
    print(f"{name}: for each second of CPU {for_cpu:.3f} times, for each second {rates:.3f} times {theirs.__name__}'s")
    if all(seen.cpu > ITS_OWN * seen.seconds for pair in pairs for seen in pair):
        assert rates == pytest.approx(1, abs=NEAR), pairs
        return
    is_near = for_cpu == pytest.approx(1, abs=NEAR_IF_BUSY)
    if not is_near and any(max(each) > (1 + NEAR) * min(each) for each in spreads(pairs)):
        pytest.skip(f"too busy to judge: the figures of one tool vary from round to round: {spreads(pairs)}")
    assert is_near, pairs


def spreads(pairs: Sequence[tuple[Seen, Seen]]) -> list[list[float]]:
    """Return each tool's responses per second of the server's CPU time, in each round."""
    return [[pair[side].for_cpu for pair in pairs] for side in (0, 1)]
