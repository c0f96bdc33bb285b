"""The load client's rate and 99th percentile beside those of independent tools, for one request of a server that waits.

The tools take turns on the same server. If the figures of one tool differ from turn to turn, the machine is too busy
for a judgement.
"""

import re
import shutil
import statistics
import subprocess
from collections.abc import Callable

import pytest

from gateways.compare.load.order import Answer, Order, Request
from gateways.compare.measure.client import Client
from gateways.compare.measure.placement import here, on
from tests.real.serving import Running, serve

CONNECTIONS, SECONDS, TURNS = 16, 2, 3
NEAR = 0.15
QUIET = 0.08
"""How far the figures of one tool may be apart on a machine that allows a judgement."""
PATH = "/sleep?seconds=0.04"
PLACEMENT = here()

Figures = tuple[float, float]
"""Requests per second, and the 99th percentile of the latency in milliseconds."""


def ours(client: Client, server: Running) -> Figures:
    request = Request(PATH)
    probe = client.see(Order("probe", server.host, server.port, request))
    answer = Answer(200, probe.length, probe.sha256)
    measured = client.measure(Order("closed", server.host, server.port, request, answer, CONNECTIONS, SECONDS))
    assert measured.failed == {}
    highest = measured.latency.percentile(0.99)
    assert highest is not None
    return measured.rate, highest / 1e6


def wrk(server: Running) -> Figures:
    said = run("wrk", "--latency", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}", server.url + PATH)
    return figure(r"Requests/sec: +([\d.]+)", said), figure(r"99% +([\d.]+)ms", said)


def hey(server: Running) -> Figures:
    said = run("hey", "-cpus", "1", "-c", str(CONNECTIONS), "-z", f"{SECONDS}s", server.url + PATH)
    return figure(r"Requests/sec:\s+([\d.]+)", said), 1000 * figure(r"99%+ in ([\d.]+) secs", said)


def ab(server: Running) -> Figures:
    said = run("ab", "-q", "-k", "-c", str(CONNECTIONS), "-t", str(SECONDS), server.url + PATH)
    return figure(r"Requests per second: +([\d.]+)", said), figure(r"99% +(\d+)", said)


def k6(server: Running) -> Figures:
    script = f"""import http from "k6/http"; import {{ check }} from "k6";
    export const options = {{ vus: {CONNECTIONS}, duration: "{SECONDS}s", summaryTrendStats: ["p(99)"] }};
    export default () => {{ check(http.get("{server.url}{PATH}"), {{ "status 200": seen => seen.status == 200 }}) }}"""
    said = run("k6", "run", "--quiet", "--no-usage-report", "-", script=script)
    assert figure(r"checks_succeeded\.*: +([\d.]+)%", said) == 100
    return figure(r"http_reqs\.*: +\d+ +([\d.]+)/s", said), figure(r"http_req_duration\.*: p\(99\)=([\d.]+)ms", said)


def run(*command: str, script: str = "") -> str:
    with on(PLACEMENT.client):
        return subprocess.run(command, input=script, capture_output=True, text=True, timeout=90, check=True).stdout


def figure(pattern: str, said: str) -> float:
    found = re.search(pattern, said)
    assert found, said
    return float(found[1])


@pytest.mark.timeout(120)
@pytest.mark.parametrize("theirs", [wrk, hey, ab, k6])
def test_rate_and_99th_percentile_equal_the_measurements_of_other_tools(theirs: Callable[[Running], Figures]) -> None:
    if not shutil.which(theirs.__name__):
        pytest.skip(f"{theirs.__name__} is not installed")
    with on(PLACEMENT.server), serve("gateways.asgi.app:app", "uvicorn") as server, Client(PLACEMENT.client) as client:
        turns = [(ours(client, server), theirs(server)) for _ in range(TURNS)]
    figures = {
        what: [[turn[side][number] for turn in turns] for side in (0, 1)]
        for number, what in enumerate(("rate", "99th percentile"))
    }
    varies = [what for what, sides in figures.items() if any(max(side) > (1 + QUIET) * min(side) for side in sides)]
    for what, (us, them) in figures.items():
        ratio = statistics.median(us) / statistics.median(them)
        print(
            f"{theirs.__name__}: {what} {statistics.median(us):.2f}, theirs {statistics.median(them):.2f}: {ratio:.3f}"
        )
        if varies and ratio != pytest.approx(1, abs=NEAR):
            pytest.skip(
                f"the machine is too busy to judge: the {' and the '.join(varies)} of one tool varies: {figures}"
            )
        assert ratio == pytest.approx(1, abs=NEAR), turns
