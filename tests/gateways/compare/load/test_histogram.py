"""Buckets, merging and percentiles, by literal values."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateways.compare.load.histogram import Histogram, bucket, middle


@pytest.mark.parametrize(
    ("value", "number", "stands_for"),
    [(0, 0, 0), (1, 1, 1), (127, 127, 127), (128, 128, 128.5), (129, 128, 128.5), (255, 191, 254.5), (256, 192, 257.5)],
)
def test_each_small_value_has_a_bucket_and_larger_values_share_buckets(
    value: int, number: int, stands_for: float
) -> None:
    assert (bucket(value), middle(number)) == (number, stands_for)


@given(st.integers(0, 10**13))
def test_the_value_of_a_bucket_differs_from_its_samples_by_at_most_0_8_percent(value: int) -> None:
    assert abs(middle(bucket(value)) - value) <= 0.008 * value


@given(st.lists(st.integers(0, 10**10), min_size=1), st.lists(st.integers(0, 10**10)))
def test_a_merged_histogram_equals_the_histogram_of_all_values(some: list[int], others: list[int]) -> None:
    assert Histogram.merged([Histogram(some, 1), Histogram(others, 2)]) == Histogram(some + others, 3)


@given(st.lists(st.integers(0, 10**10)), st.integers(0, 5))
def test_a_histogram_survives_json(values: list[int], missing: int) -> None:
    histogram = Histogram(values, missing)
    assert Histogram.from_json(histogram.to_json()) == histogram


def test_percentiles_are_ranks() -> None:
    histogram = Histogram(range(1, 101))
    assert [histogram.percentile(share) for share in (0, 0.01, 0.5, 0.505, 0.99, 1)] == [1, 1, 50, 51, 99, 100]
    assert histogram.mean() == 50.5


def test_percentiles_agree_with_sorting_within_0_8_percent() -> None:
    chance = random.Random(5)
    values = [int(chance.lognormvariate(13, 1)) for _ in range(20_000)]
    ordered, histogram = sorted(values), Histogram(values)
    for share in (0.01, 0.25, 0.5, 0.9, 0.99, 0.999):
        exact = ordered[math.ceil(share * len(values)) - 1]
        assert histogram.percentile(share) == pytest.approx(exact, rel=0.008)


def test_missing_values_count_as_larger_than_every_value() -> None:
    histogram = Histogram([10] * 98, missing=2)
    assert (len(histogram), histogram.seen) == (100, 98)
    assert (histogram.percentile(0.98), histogram.percentile(0.99)) == (10, math.inf)
    assert histogram.mean() == 10
    assert histogram.curve() == [(10, 0.98)]


def test_a_percentile_needs_ten_samples_above_it() -> None:
    assert Histogram([5] * 999).supported(0.99) is None
    assert Histogram([5] * 1000).supported(0.99) == 5
    assert Histogram([5] * 19).supported(0.5) is None
    assert Histogram([5] * 20).supported(0.5) == 5


def test_an_empty_histogram_has_no_percentile() -> None:
    assert Histogram().percentile(0.5) is None
    assert Histogram().mean() is None
    assert Histogram(missing=3).percentile(0.5) == math.inf
