"""Cost curves and their fitted lines; the cost of open streams."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks import idle
from benchmarks.curves import fitted
from benchmarks.idle import cost
from benchmarks.scale import SERVERS, body_axis, short, straight, table


def test_a_straight_curve_fits_its_line() -> None:
    line = fitted([(0, 10), (1, 12), (10, 30), (100, 210)])
    assert line.fixed == pytest.approx(10)
    assert line.slope == pytest.approx(2)
    assert line.deviation == pytest.approx(0, abs=1e-9)


def test_a_curve_that_bends_deviates() -> None:
    assert fitted([(0, 10), (10, 20), (100, 1000)]).deviation > 0.2


def test_a_table_has_a_row_for_each_x_and_a_dash_without_a_value() -> None:
    lines = table({"a": [(1, 2.0), (1000, 3.0)], "b": [(1, 4.0)]}, "clients").splitlines()
    assert lines[2:] == ["| 1 | 2.00 | 4.00 |", "| 1,000 | 3.00 | – |"]


def test_the_slope_is_given_per_unit() -> None:
    assert "| a | 5 µs | 2.00 µs | 0% |" in straight({"a": [(0, 5), (1e6, 7), (2e6, 9)]}, 1e6, "per MB")


@pytest.mark.parametrize(("size", "words"), [(0, "0"), (1_000, "1 KB"), (100_000_000, "100 MB")])
def test_sizes_are_written_in_a_short_form(size: float, words: str) -> None:
    assert short(size) == words


def test_an_empty_body_has_a_place_on_the_axis() -> None:
    axis = body_axis({"a": [(0, 1), (1_000, 2), (1_000_000, 3)]})
    assert axis.ticks[0] == (axis.low, "0")
    assert axis.place(axis.low) == 0


@pytest.mark.timeout(120)
@pytest.mark.skipif(sys.platform != "linux" or not Path("/proc/self/schedstat").exists(), reason="needs schedstat")
def test_open_streams_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idle, "WATCH_SECONDS", 1.0)
    monkeypatch.setenv("THREADS", "")
    found = cost(SERVERS["WSGIToASGI on uvicorn"], 20, 0.2)
    assert found.streams == 20
    assert found.threads >= 20  # a WSGI application waits in its thread
    assert found.events > 1
    assert found.cpu > 0
