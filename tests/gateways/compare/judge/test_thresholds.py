"""Thresholds: their notation, and their breaches."""

import pytest

from gateways.compare.judge.analysis import sections
from gateways.compare.judge.thresholds import breaches, threshold
from tests.gateways.compare.making import STEADY, UVICORN, WAITRESS, cell, measured, record, scaled, slices


@pytest.mark.parametrize(
    ("text", "figure", "limit"),
    [
        ("p99>200ms", "p99", 0.2),
        ("p50 > 1.5 s", "p50", 1.5),
        ("cpu>250us", "cpu", 250e-6),
        ("lost>0.1%", "lost", 0.001),
        ("retried>1%", "retried", 0.01),
        ("rate<500", "rate", 500.0),
    ],
)
def test_a_threshold_is_a_figure_a_sign_and_a_limit(text: str, figure: str, limit: float) -> None:
    made = threshold(text)
    assert made.figure == figure
    assert made.limit == pytest.approx(limit)


@pytest.mark.parametrize("text", ["p99", "p98>1ms", "p99>200", "lost>1ms", "rate>5%", "p99>=1ms", ""])
def test_an_invalid_threshold_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="p99>200ms"):
        threshold(text)


def said(*texts: str) -> list[str]:
    at_a_rate = [cell(UVICORN, measured(4000, 0.5), offered=4000.0), cell(WAITRESS, measured(4000, 30), offered=4000.0)]
    losing = slices(WAITRESS, scaled(0.4), failed={"status 500": 10}, retried=20)
    made = record([*slices(UVICORN, STEADY), *losing, *at_a_rate])
    return breaches(sections(made), [threshold(text) for text in texts])


def test_contenders_that_breach_a_threshold_are_named_with_their_figure() -> None:
    (slow,) = said("p50>20ms")
    assert "wsgi waitress" in slow
    assert "30 ms" in slow
    (losing,) = said("lost>0.1%")
    assert "wsgi waitress" in losing
    (retrying,) = said("retried>1%")
    assert "retried is 1.7 %" in retrying
    (few,) = said("rate<5000")
    assert "4,040" in few
    assert said("p50>100ms", "lost>5%", "rate<1") == []


def test_an_unknown_figure_is_a_breach() -> None:
    assert all("unknown" in each for each in said("p999>1s"))
    assert len(said("p999>1s")) == 2
