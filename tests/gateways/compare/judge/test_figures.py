"""Figures that are computed from slices with literal values."""

import math

import pytest

from gateways.compare.judge.figures import Percentiles, figures, knee
from gateways.compare.load.histogram import Histogram
from gateways.compare.machine import Resources
from gateways.compare.record import Cell
from tests.gateways.compare.making import MS, SECOND, STREAM, UVICORN, cell, entrant, measured, slices


def test_the_rate_is_the_median_of_the_slices() -> None:
    main = slices(UVICORN, [[4000, 4400], [100, 4200, 4300]])
    found = figures(entrant(UVICORN), main, main)
    assert found.rate == pytest.approx(4200)
    assert found.answered == 4250
    assert (found.failures, found.lost_share) == (0, 0)


def test_cpu_time_per_response_is_measured_within_the_window() -> None:
    main = slices(UVICORN, [[4000, 4000]], server_cpu=SECOND // 8)
    found = figures(entrant(UVICORN), main, main)
    assert found.cpu == pytest.approx(2 * 0.125 / 2000)
    assert found.cores == pytest.approx(0.5)
    assert found.client == pytest.approx(0.1)
    unknown = slices(UVICORN, [[4000, 4000]], server_cpu=None)
    assert figures(entrant(UVICORN), unknown, unknown).cpu is None


def test_the_load_of_other_programs_is_the_rest_of_the_machines_cpu_time() -> None:
    main = slices(UVICORN, [[4000]], server_cpu=SECOND // 8, client_cpu=SECOND // 16, machine_cpu=SECOND // 4)
    assert figures(entrant(UVICORN), main, main).others == pytest.approx((0.25 - 0.125 - 0.0625) / 0.25)


def test_percentiles_come_from_all_slices_together() -> None:
    quick = slices(UVICORN, [[4000] * 9], ms=1)
    slow = slices(UVICORN, [[4000]], ms=100)
    latency = [cell(UVICORN, each.measured, offered=4000.0) for each in (*quick, *slow)]
    (found,) = figures(entrant(UVICORN), quick, [*quick, *latency]).latencies
    assert (found.offered, found.samples, found.missing) == (4000, 10_000, 0)
    assert found.answer.p50 == pytest.approx(0.001, rel=0.01)
    assert found.answer.p90 == pytest.approx(0.001, rel=0.01)  # the average of all ten would be 11 ms
    assert found.answer.p99 == pytest.approx(0.1, rel=0.01)
    assert found.answer.p999 == pytest.approx(0.1, rel=0.01)


def test_unanswered_requests_are_in_the_percentiles() -> None:
    latency = [cell(UVICORN, measured(4000, missing=20, failed={"timeout": 20}), offered=4000.0)]
    main = slices(UVICORN, [[4000]])
    found = figures(entrant(UVICORN), main, [*main, *latency])
    assert found.latencies[0].answer.p50 == pytest.approx(0.001, rel=0.01)
    assert found.latencies[0].answer.p99 == math.inf
    assert (found.failed, found.failures) == ({"timeout": 20}, 20)
    assert found.lost_share == pytest.approx(20 / 2020)


def test_requests_that_were_never_sent_are_failures() -> None:
    main = slices(UVICORN, [[100]], unsent=5, failed={"closed": 2})
    assert figures(entrant(UVICORN), main, main).failed == {"closed": 2, "not sent": 5}


def test_too_few_samples_give_no_percentile() -> None:
    found = Percentiles.of(Histogram([MS] * 150))
    assert found.p50 == found.p75 == found.p90 == pytest.approx(0.001, rel=0.01)
    assert (found.p99, found.p999) == (None, None)


def test_the_deviation_from_littles_law_is_computed_from_the_number_of_clients() -> None:
    main = slices(UVICORN, [[8000, 8000]], busy=int(0.25 * SECOND * 57.6))
    assert figures(entrant(UVICORN), main, main).little == pytest.approx(-0.1)
    few = slices(
        UVICORN, [[400, 400]], busy=0
    )  # with few responses, a response near an end of the window has more effect
    assert figures(entrant(UVICORN), few, few).little is None


def test_memory_is_from_before_and_after_the_last_start_and_the_maximum_of_all_starts() -> None:
    def with_memory(start: int, *values: int) -> Cell:
        before, peak, after = (Resources(memory=value, threads=3, processes=2) for value in values)
        return cell(UVICORN, measured(10), start=start, before=before, after=after, peak=peak)

    cells = [with_memory(0, 10, 99, 30), with_memory(1, 12, 40, 20), with_memory(1, 20, 40, 25)]
    found = figures(entrant(UVICORN), cells, cells)
    assert (found.memory, found.threads, found.processes) == ((12, 99, 25), 3, 2)


def test_the_knee_is_the_smallest_number_of_clients_with_almost_the_highest_rate() -> None:
    ladder = [(1, 900.0), (4, 3000.0), (16, 3900.0), (64, 4000.0), (256, 3500.0)]
    assert knee(ladder) == 16
    assert knee([(8, 0.0)]) == 8
    cells = [cell(UVICORN, measured(rate), connections=clients) for clients, rate in ladder]
    assert figures(entrant(UVICORN), cells[2:3], cells).ladder == tuple(ladder)


def test_first_bytes_and_gaps_of_a_stream_are_measured() -> None:
    times = {"first_byte": Histogram([5 * MS] * 50), "gap": Histogram([50 * MS] * 950)}
    main = [cell(UVICORN, measured(50, 1000, window=SECOND, **times), STREAM, connections=50)]
    found = figures(entrant(UVICORN), main, main)
    assert found.first_byte.p50 == pytest.approx(0.005, rel=0.01)
    assert found.gap.p90 == pytest.approx(0.05, rel=0.01)
    assert found.answer.p50 == pytest.approx(1, rel=0.01)
