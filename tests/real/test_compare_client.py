"""The load client's figures beside wrk's and h2load's, on the same servers, in turns.

The bounds are wide: this is a test that it measures the same thing. How close they are is for a benchmark.
"""

import re
import shutil
import statistics
import subprocess
from collections.abc import Callable

import pytest

from gateways.compare.load.order import Answer, Order, Request
from gateways.compare.load.work import Probe, Work
from tests.real.serving import Running, serve

SECONDS, CONNECTIONS = 1, 32


def ours(server: Running, path: str) -> float:
    seen = Probe(Order("probe", server.host, server.port, Request(path))).run()
    answer = Answer(200, seen.length, seen.sha256)
    order = Order("closed", server.host, server.port, Request(path), answer, CONNECTIONS, SECONDS / 2, 0.05)
    measured = Work(order).run()
    assert measured.failed == {}
    return measured.rate


def wrk(server: Running, path: str) -> float:
    said = run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}", server.url + path])
    return float(re.search(r"Requests/sec: +([\d.]+)", said)[1])  # type: ignore[index]


def h2load(server: Running, path: str) -> float:
    said = run(["h2load", "--h1", f"-c{CONNECTIONS}", f"-D{SECONDS}", server.url + path])
    return float(re.search(r"finished in .*, ([\d.]+) req/s", said)[1])  # type: ignore[index]


def run(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout


@pytest.mark.parametrize(
    ("app", "name", "theirs"),
    [("gateways.asgi.app:app", "uvicorn", wrk), ("gateways.wsgi.app:app", "waitress", h2load)],
)
def test_throughput_is_what_others_measure(app: str, name: str, theirs: Callable[[Running, str], float]) -> None:
    if not shutil.which(theirs.__name__):
        pytest.skip(f"{theirs.__name__} is not installed")
    with serve(app, name) as server:
        pairs = [(ours(server, "/hello"), theirs(server, "/hello")) for _ in range(3)]
    ratio = statistics.median(us / them for us, them in pairs)
    assert 0.6 < ratio < 1.7, pairs
