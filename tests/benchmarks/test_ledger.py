"""Limits for the cost of a request in Python calls and system calls, which do not depend on the load of the machine."""

import sys
from functools import cache

import pytest

from benchmarks.ledger import CONTENDERS, FEW, MANY, counted, slope
from benchmarks.ledger import system_calls as count_system_calls
from tests.programs import require_program

pytestmark = [pytest.mark.timeout(120), pytest.mark.skipif(sys.platform != "linux", reason="strace is Linux's")]

OURS = {each.direction: number for number, each in enumerate(CONTENDERS) if each.name == "ours"}
system_calls = cache(count_system_calls)  # several tests look at the same counts
MOST = {"WSGI on ASGI": (80, 10), "ASGI on WSGI": (96, 14)}
"""Per request, one at a time: Python calls, and system calls. Threads that wait for the GIL add a few system calls."""


@pytest.mark.parametrize("direction", OURS)
def test_a_request_makes_no_more_python_calls(direction: str) -> None:
    few, many = (counted(OURS[direction], 1, requests, profiled=True)[0]["calls"] for requests in (FEW, MANY))
    assert slope(few, many, 1) <= MOST[direction][0]


@pytest.mark.parametrize("direction", OURS)
def test_a_request_makes_no_more_system_calls(direction: str) -> None:
    require_program("strace")
    by_name = system_calls(OURS[direction], 1)
    assert sum(by_name.values()) <= MOST[direction][1], by_name


@pytest.mark.parametrize("direction", OURS)
def test_a_request_is_cheaper_than_through_a_peer(direction: str) -> None:
    require_program("strace")
    (peer,) = [n for n, each in enumerate(CONTENDERS) if each.direction == direction and each.name == "a2wsgi"]
    assert 2 * sum(system_calls(OURS[direction], 1).values()) < sum(system_calls(peer, 1).values())
