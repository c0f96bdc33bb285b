"""The table of contenders' figures."""

import pytest

from benchmarks.rounds import digits, ratio, table


@pytest.mark.parametrize(
    ("figure", "shown"),
    [(0.2471, "0.247"), (1.806, "1.81"), (17.72, "17.7"), (162.8, "163"), (10087.6, "10,088")],
)
def test_a_figure_has_three_significant_digits(figure: float, shown: str) -> None:
    assert digits(figure) == shown


def test_a_ratio_is_the_median_of_the_ratios_of_the_rounds() -> None:
    assert ratio({"a": [2, 20, 9], "b": [1, 5, 3]}, "a", "b") == 3


@pytest.mark.parametrize(("more_is_better", "times"), [(True, "0.50 ×"), (False, "2.00 ×")])
def test_the_relative_speed_is_below_one_if_ours_is_slower(more_is_better: bool, times: str) -> None:
    shown = table("Title", "s", {"ours": [0.1, 0.2], "other": [0.2, 0.4]}, "ours", more_is_better=more_is_better)
    assert "| | median s | minimum | maximum | relative speed |" in shown
    assert "| ours | 0.150 | 0.100 | 0.200 |  |" in shown
    assert f"| other | 0.300 | 0.200 | 0.400 | {times} |" in shown
