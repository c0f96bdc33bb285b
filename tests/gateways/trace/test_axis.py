"""Formatted times, and the ticks of an axis."""

import pytest

from gateways.trace.axis import ms, ticks


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.0, "0.00 ms"),
        (0.000_614, "0.61 ms"),
        (0.009_994, "9.99 ms"),
        (0.009_996, "10.0 ms"),
        (0.099_94, "99.9 ms"),
        (0.099_97, "100 ms"),
        (-0.5, "-500 ms"),
        (12.3456, "12,346 ms"),
    ],
)
def test_times_have_three_or_four_digits(seconds: float, expected: str) -> None:
    assert ms(seconds) == expected


@pytest.mark.parametrize(
    ("end", "expected"),
    [(1.0, [0, 0.2, 0.4, 0.6, 0.8, 1.0]), (0.00458, [0, 0.001, 0.002, 0.003, 0.004]), (0.52, [0, 0.2, 0.4])],
)
def test_an_axis_has_round_tick_values(end: float, expected: list[float]) -> None:
    assert ticks(end) == pytest.approx(expected)
