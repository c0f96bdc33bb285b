"""Limits for the cost of a request in Python calls and system calls, which do not depend on the load of the machine."""

import functools
import os
import sys
from pathlib import Path

import pytest

from benchmarks import ledger
from benchmarks.ledger import CONTENDERS, FEW, MANY, counted, instructions, slope, system_calls
from tests.programs import require_program

pytestmark = [pytest.mark.timeout(300), pytest.mark.skipif(sys.platform != "linux", reason="strace is Linux's")]

OURS = {each.direction: number for number, each in enumerate(CONTENDERS) if each.name == "ours"}
MAX_COUNTS = {"WSGI on ASGI": (70, 7), "ASGI on WSGI": (76, 13)}
"""Per request, one at a time: Python calls, and system calls.

WSGI on ASGI makes 36 calls if the thread has run before the loop would wait for it, and 63 if the loop waits.
"""


@functools.cache
def lowest(direction: str) -> dict[str, float]:
    """Return our system calls per request by name, of at most three counts.

    Waits for the GIL add calls. So the lowest of three counts is the cost.
    """
    counts = []
    for _ in range(3):
        counts.append(system_calls(OURS[direction], 1))
        if sum(counts[-1].values()) <= MAX_COUNTS[direction][1]:
            break
    return min(counts, key=lambda count: sum(count.values()))


@pytest.mark.parametrize("direction", OURS)
def test_a_request_makes_no_more_python_calls_than_recorded(direction: str) -> None:
    few, many = (counted(OURS[direction], 1, requests, profiled=True)[0]["calls"] for requests in (FEW, MANY))
    assert slope(few, many, 1) <= MAX_COUNTS[direction][0]


@pytest.mark.parametrize("direction", OURS)
def test_a_request_makes_no_more_system_calls_than_recorded(direction: str) -> None:
    require_program("strace")
    by_name = lowest(direction)
    assert sum(by_name.values()) <= MAX_COUNTS[direction][1], by_name


@pytest.mark.parametrize("direction", OURS)
def test_a_request_through_ours_is_cheaper_than_through_other_adapters(
    direction: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other adapters make several times as many system calls. A fifth of the requests is enough to show this."""
    require_program("strace")
    (peer,) = [n for n, each in enumerate(CONTENDERS) if each.direction == direction and each.name == "a2wsgi"]
    ours = lowest(direction)
    monkeypatch.setattr(ledger, "FEW", FEW // 5)
    monkeypatch.setattr(ledger, "MANY", MANY // 5)
    assert 2 * sum(ours.values()) < sum(system_calls(peer, 1).values())


def test_instructions_are_counted_by_callgrind_where_the_processor_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, report in (("perf", "<not supported>,,instructions:u,0,100.00,,"), ("valgrind", "==1== Collected : $N")):
        program = tmp_path / name
        program.write_text(
            f'#!/bin/sh\nfor N; do [ "$N" = {FEW} ] || [ "$N" = {MANY} ] && break; done\n'
            f'echo "{report}" >&2\necho "{{}}"\n'
        )
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert instructions(OURS["ASGI on WSGI"], 1) == 1
    (tmp_path / "valgrind").unlink()
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin/none")
    assert instructions(OURS["ASGI on WSGI"], 1) is None
