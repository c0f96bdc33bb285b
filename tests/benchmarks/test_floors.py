"""The floors: the report of wrk, the row of the table, and the smallest programs on real servers."""

import urllib.request

import pytest

from benchmarks.floors import CASES, requests_of, row
from benchmarks.over_sockets import served
from tests.programs import require_program


def test_the_requests_are_counted_by_wrk() -> None:
    assert requests_of("  2 threads\n  4,1\n  5121 requests in 1.10s, 0.7MB read\nRequests/sec: 4655\n") == 5121


@pytest.mark.parametrize("report", ["unable to connect", "  0 requests in 1.00s, 0B read\n"])
def test_a_report_without_requests_is_an_error(report: str) -> None:
    with pytest.raises(ValueError, match="no requests"):
        requests_of(report)


def test_a_row_has_the_medians_and_the_medians_of_the_ratios() -> None:
    found = {"native": [30.0, 40.0, 90.0], "floor": [60.0, 50.0, 100.0], "ours": [120.0, 50.0, 100.0]}
    assert row("on a server", 32, found) == "| on a server | 32 | 40.0 | 60.0 | 100 | 0.80 | 0.80 |"


@pytest.mark.timeout(60)
@pytest.mark.parametrize("case", [CASES[0], CASES[2]], ids=["gthread", "uvicorn"])
def test_the_smallest_program_sends_the_response_of_the_native_app(
    case: tuple[str, str, tuple[str, ...], int],
) -> None:
    require_program("taskset")
    _, command, (_, floor, _), _ = case
    with served(command.replace("benchmarks.apps:", "benchmarks.floors_apps:") + floor) as url:
        for _ in range(3):
            with urllib.request.urlopen(url, timeout=20) as response:
                assert (response.status, response.headers["Content-Length"], response.read()) == (200, "5", b"hello")
