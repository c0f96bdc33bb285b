"""The figures of free threading: rows of both builds, and the gain of a second client."""

from __future__ import annotations

import sys

import pytest

from benchmarks.free_threading import BUILDS, CLIENTS, VIEWS, about, gains, table

FIGURES = {
    f"{view}, {clients}, {build}": [rate * (clients if build == "GIL off" else 1)] * 3
    for view, rate in zip(VIEWS, (100.0, 2000.0), strict=True)
    for clients in CLIENTS
    for build in BUILDS
}


def test_each_row_compares_both_builds_for_a_view_and_a_number_of_clients() -> None:
    rows = table(FIGURES).splitlines()[2:]
    assert len(rows) == len(VIEWS) * len(CLIENTS)
    assert rows[1] == "| computes for some ms | 2 | 100 | 200 | 2.00 |"


def test_the_gain_of_a_second_client_is_stated_for_each_build() -> None:
    assert "1.00 times as many responses as one client. Without the GIL, they get 2.00 times as many" in gains(FIGURES)


def test_an_interpreter_is_described_without_its_paths() -> None:
    assert about(sys.executable).startswith("CPython 3.")
    assert "/" not in about(sys.executable)


def test_an_interpreter_that_cannot_serve_is_reported() -> None:
    with pytest.raises(RuntimeError, match="false cannot run the benchmark"):
        about("/bin/false")
