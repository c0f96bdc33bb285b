"""`gateways timeline`: each of the five generations really runs."""

import json
import subprocess
import sys
from typing import Any

import pytest

from gateways.timeline.generations import GENERATIONS

NAMES = [generation.name for generation in GENERATIONS]


@pytest.fixture(scope="module")
def timeline() -> Any:
    command = [sys.executable, "-m", "gateways", "timeline", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=55, check=True, stdin=subprocess.DEVNULL)
    return {each["name"]: each for each in json.loads(done.stdout)["generations"]}


def test_all_five_generations_are_in_order(timeline: Any) -> None:
    assert list(timeline) == ["CGI", "PEP 333", "PEP 3333", "ASGI 2", "ASGI 3"]
    assert [each["year"] for each in timeline.values()] == [1993, 2003, 2010, 2017, 2019]


@pytest.mark.parametrize("name", NAMES)
def test_each_generation_responds_to_both_requests(timeline: Any, name: str) -> None:
    for trace in timeline[name]["traces"].values():
        assert trace["problem"] is None
        assert (trace["response"]["status"], trace["response"]["complete"]) == (200, True)
    assert timeline[name]["traces"]["stream"]["response"]["length"] == len("chunk 1 of 5\n") * 5


def test_each_generation_is_called_in_its_own_way(timeline: Any) -> None:
    assert [each["signature"].rpartition("/")[2] for each in timeline.values()] == [
        "app.py",
        "app(environ, start_response)",
        "app(environ, start_response)",
        "await App(scope)(receive, send)",
        "await app(scope, receive, send)",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_each_generation_sent_five_blocks_in_time_and_none_was_delayed_until_the_next(timeline: Any, name: str) -> None:
    made, sent = timeline[name]["blocks"]["made_ms"], timeline[name]["blocks"]["sent_ms"]
    assert len(made) == 5
    assert made == sorted(made)
    assert made[-1] - made[0] > 300
    # On a busy machine a block may arrive late, but always before the second block after it has been sent.
    limits = [*made[2:], 1e9, 1e9]
    assert all(any(at <= crossed < limit for crossed in sent) for at, limit in zip(made, limits, strict=True))


def test_pep_333_pushes_its_blocks_and_pep_3333_returns_them(timeline: Any) -> None:
    def kinds(name: str) -> set[str]:
        return {step["what"] for step in timeline[name]["traces"]["stream"]["steps"]}

    assert "write" in kinds("PEP 333")
    assert "write" not in kinds("PEP 3333")
    assert "block" in kinds("PEP 3333")


def test_only_cgi_starts_a_new_process_for_each_request(timeline: Any) -> None:
    def processes(name: str) -> list[int]:
        traces = timeline[name]["traces"].values()
        return [
            step["process"]
            for trace in traces
            for step in trace["steps"]
            if step["what"] in ("stdout", "environ", "scope")
        ]

    assert len(set(processes("CGI"))) == 2
    assert all(len(set(processes(name))) == 1 for name in NAMES[1:])
