"""The shares of a request, computed from the counts of three servers."""

import pytest

from benchmarks.over_sockets import UVICORN
from benchmarks.shares import SYSTEM_CALLS, counted, shares, total
from tests.programs import require_program


def test_each_share_is_the_difference_of_two_servers() -> None:
    assert shares((100, 250, 270)) == (100, 150, 20, 270)


def test_an_adapter_that_switches_threads_for_less_has_a_negative_share() -> None:
    assert shares((100, 250, 200)) == (100, 150, -50, 200)


def test_instructions_of_all_processes_are_counted() -> None:
    """A server of gunicorn has two processes, and callgrind reports both."""
    assert total("==7== Collected : 100\n==7==\n==8== Collected : 23\n") == 123


def test_system_calls_are_the_total_of_strace() -> None:
    assert total("   syscall    calls\n-----\n     read       25\n  getpid        7\n-----\n    total       32\n") == 32


def test_a_report_without_a_total_is_an_error_and_not_zero() -> None:
    with pytest.raises(ValueError, match="no total"):
        total("valgrind: cannot execute")


@pytest.mark.timeout(60)
def test_a_real_server_needs_more_system_calls_for_more_requests() -> None:
    require_program("strace")
    few, many = (counted(f"{UVICORN}asgi", SYSTEM_CALLS, requests) for requests in (10, 60))
    assert 2 <= (many - few) / 50 < 20
