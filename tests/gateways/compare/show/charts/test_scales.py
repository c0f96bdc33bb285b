"""Positions of values on an axis, and its ticks."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateways.compare.show.charts.scales import SHARES, from_zero, logarithmic, nines, percent


def test_equal_ratios_have_equal_distances() -> None:
    scale = logarithmic([1, 10_000], str)
    assert [round(scale.place(value), 6) for value in (1, 10, 100, 1000, 10_000)] == [0, 0.25, 0.5, 0.75, 1]
    assert [tick for tick, _ in scale.ticks] == [1, 10, 100, 1000, 10_000]


@given(st.lists(st.floats(1e-6, 1e9), min_size=1, max_size=20))
def test_all_values_have_a_position_and_some_have_a_label(values: list[float]) -> None:
    scale = logarithmic(values, str)
    assert all(0 <= scale.place(value) <= 1 for value in values)
    assert len(scale.ticks) >= 2
    assert all(0 <= scale.place(tick) <= 1 for tick, _ in scale.ticks)


def test_infinite_values_are_at_the_top_and_do_not_stretch_the_axis() -> None:
    scale = logarithmic([0.001, math.inf], str)
    assert scale.high < 1
    assert scale.place(math.inf) == 1
    assert scale.place(0) == 0


@pytest.mark.parametrize(("most", "ticks"), [(7, [0, 2, 4, 6, 8]), (20_000_000, [0, 5e6, 1e7, 1.5e7, 2e7]), (0, [0])])
def test_an_axis_from_zero_ends_at_a_round_value(most: float, ticks: list[float]) -> None:
    assert [tick for tick, _ in from_zero(most, str).ticks] == ticks
    assert from_zero(most, str).high > 0


def test_each_additional_nine_of_a_percentile_has_the_same_width() -> None:
    scale = nines(0.999)
    assert [round(scale.place(share), 6) for share in (0, 0.9, 0.99, 0.999)] == [0, round(1 / 3, 6), round(2 / 3, 6), 1]
    assert [name for _, name in scale.ticks] == ["50 %", "90 %", "99 %", "99.9 %"]


def test_percentiles_are_written_without_rounding_errors() -> None:
    assert [percent(share) for share in (0.1, 0.925, 0.9999)] == ["10 %", "92.5 %", "99.99 %"]
    assert len({percent(share) for share in SHARES}) == len(SHARES)
