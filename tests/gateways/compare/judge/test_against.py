"""Two handmade comparisons: regressions are found, and nothing else is reported."""

from dataclasses import replace

from gateways.compare.judge.against import changes, differences
from gateways.compare.record import NULL, Record
from tests.gateways.compare.judge.test_verdicts import facts
from tests.gateways.compare.making import (
    SECOND,
    STEADY,
    UVICORN,
    WAIT,
    WAITRESS,
    cell,
    measured,
    record,
    scaled,
    slices,
)

WHO = "hello, 64 clients: asgi uvicorn"
OLD = record([*slices(UVICORN, STEADY), *slices(WAITRESS, scaled(0.4)), *slices(NULL, scaled(5))])


def regressions(new: Record, old: Record = OLD) -> list[str]:
    return [change.what for change in changes(new, old) if change.regression]


def test_equal_comparisons_have_no_change() -> None:
    assert regressions(OLD) == []
    assert all("no difference" in change.what for change in changes(OLD, OLD))


def test_twenty_percent_slower_is_a_regression() -> None:
    new = record([*slices(UVICORN, scaled(0.8)), *slices(WAITRESS, scaled(0.4)), *slices(NULL, scaled(5))])
    slower, dearer = regressions(new)
    facts(slower, WHO, "8,080", "0.80", "10,100", "(0.79–0.81)", "worse")
    facts(dearer, WHO, "62 µs", "1.25", "50 µs", "(1.23–1.27)", "worse")


def test_more_cpu_time_per_response_is_a_regression_at_any_rate() -> None:
    new = record([*slices(UVICORN, STEADY, server_cpu=150_000_000), *slices(NULL, scaled(5))])
    (dearer,) = regressions(new)
    facts(dearer, WHO, "59 µs", "1.20", "50 µs", "(1.18–1.22)", "worse")


def test_a_faster_contender_is_not_a_regression() -> None:
    new = record([*slices(UVICORN, scaled(1.3)), *slices(WAITRESS, scaled(0.4)), *slices(NULL, scaled(5))])
    assert regressions(new) == []
    assert any(change.what.endswith(": better") for change in changes(new, OLD))


def test_a_slower_machine_is_not_a_regression_of_the_app() -> None:
    new = record([*slices(UVICORN, scaled(0.8)), *slices(WAITRESS, scaled(0.32)), *slices(NULL, scaled(3.9))])
    assert regressions(new) == []


def test_a_difference_within_the_noise_of_twins_is_not_a_regression() -> None:
    twin = f"{UVICORN}#2"
    new = record([*slices(UVICORN, scaled(0.9)), *slices(WAITRESS, scaled(0.4)), *slices(twin, scaled(0.75))])
    assert regressions(new) == []


def test_newly_lost_responses_are_a_regression() -> None:
    new = record([*slices(UVICORN, STEADY, failed={"status 500": 100}), *slices(WAITRESS, scaled(0.4))])
    (losing,) = regressions(new)
    facts(losing, WHO, "3.8 %", "0 %")


def test_single_runs_are_not_compared() -> None:
    old, new = (record([cell(UVICORN, measured(rate), WAIT)], [WAIT]) for rate in (100, 50))
    (change,) = changes(new, old)
    facts(change.what, "wait, 64 clients: asgi uvicorn", "too few runs")
    assert not change.regression


def test_slices_with_few_responses_are_compared_by_their_sums() -> None:
    """A median of 2 instead of 3 may be chance, but half of the total is not."""
    cold = "cgi:uvicorn:cold"
    old, same, worse = (
        record(slices(cold, rates, window=SECOND, server_cpu=None))
        for rates in ([[3, 3, 2, 3]] * 2, [[2, 2, 3, 3]] * 2, [[9, 8, 8, 9]] * 2)
    )
    assert regressions(same, old) == []
    assert len(regressions(old, worse)) == 1


def test_other_differences_between_the_comparisons_are_listed() -> None:
    new = replace(OLD, machine=replace(OLD.machine, python="CPython 3.13.0", packages={"uvicorn": "2", "h11": "1"}))
    assert differences(new, OLD) == [
        "Python: CPython 3.11.7 before, CPython 3.13.0 now",
        "h11: absent before, 1 now",
        "uvicorn: 1 before, 2 now",
    ]
