"""Formatted numbers."""

import math

import pytest

from gateways.compare.judge import words
from gateways.compare.judge.inference import Ratio


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.0321, "0.03"), (0.82, "0.82"), (7.25, "7.25"), (76.31, "76.3"), (318, "318"), (37_082, "37,100")],
)
def test_numbers_have_three_digits(value: float, text: str) -> None:
    assert words.number(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.04, "0.0"), (2.66, "2.7"), (76.3, "76"), (319.7, "320"), (12_345, "12,300")]
)
def test_rates_have_three_digits_and_integers_from_ten_on(value: float, text: str) -> None:
    assert words.rate(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (math.inf, "never"),
        (0.00035, "0.35 ms"),
        (0.0011, "1.1 ms"),
        (0.0512, "51 ms"),
        (0.00924, "9.2 ms"),
        (0.95, "950 ms"),
        (6.81, "6.8 s"),
    ],
)
def test_durations_have_a_suitable_unit(seconds: float | None, text: str) -> None:
    assert words.duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.5, "50 %"),
        (0.0104, "1.0 %"),
        (0.00996, "1.0 %"),
        (0.0098, "0.98 %"),
        (0.0004, "0.04 %"),
        (1.0, "100 %"),
        (0, "0 %"),
    ],
)
def test_shares_have_a_suitable_number_of_digits(value: float, text: str) -> None:
    assert words.share(value) == text


def test_ratios_have_an_interval_after_more_than_one_measurement() -> None:
    assert words.interval(Ratio(1.73, 1.7, 1.764)) == "1.70–1.76"
    assert words.interval(Ratio(0.5, 0.5, 0.5)) == ""
    found = [words.times(value) for value in (0.0031, 0.332, 9.87, 12.34, 867.98)]
    assert found == ["0.0031", "0.33", "9.87", "12.3", "868"]


def test_names_are_joined_by_commas_and_the_last_by_and() -> None:
    assert [words.together(names) for names in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]


def test_cpu_times_and_memory_have_units() -> None:
    found = [words.micros(seconds) for seconds in (0.000032, 0.0009994, 0.0009999, 0.0246, None)]
    assert found == ["32 µs", "999 µs", "1.00 ms", "24.6 ms", ""]
    assert words.megabytes(20_156_416) == "20 MB"


def test_a_small_ratio_is_written_in_both_directions() -> None:
    assert words.as_many(0.4) == "0.40 times as many"
    assert words.as_many(0.000493) == "0.00049 times as many (1/2,000)"


def test_numbers_of_clients_are_written_with_their_noun() -> None:
    assert [words.of_clients(1), words.of_clients(1000)] == ["1 client", "1,000 clients"]
    assert words.of_clients(64, 2, 16) == "2, 16 or 64 clients"
