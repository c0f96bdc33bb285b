"""Reported differences, for literal numbers and for random numbers with known parameters."""

import math
import random

import pytest

from gateways.compare.judge.inference import Ratio, letters, noise, ratio, unpaired


def test_the_ratio_is_the_median_of_the_ratios_of_the_rounds() -> None:
    found = ratio([[(200, 100), (210, 100)], [(190, 100), (9000, 100), (200, 100)]], seed=1)
    assert found is not None
    assert found.value == pytest.approx(2)  # the disturbed round does not change the ratio
    assert found.low <= 2 <= found.high


def test_one_measurement_has_no_interval() -> None:
    found = ratio([[(50, 100)]], seed=1)
    assert found is not None
    assert found.low == found.value == found.high == pytest.approx(0.5)
    assert ratio([[(0, 100)], []], seed=1) is None
    assert ratio([], seed=1) is None


def test_the_same_seed_gives_the_same_interval() -> None:
    pairs = [[(2.0, 1.0), (2.2, 1.0), (1.7, 1.0)], [(2.1, 1.0), (2.3, 1.0), (1.9, 1.0)]]
    assert ratio(pairs, seed=5) == ratio(pairs, seed=5)


def between_servers(truth: float, chance: random.Random) -> list[list[tuple[float, float]]]:
    """Five starts of eight rounds: starts differ by 4 %, rounds by 5 %, and a noisy neighbour sometimes halves both."""
    starts = []
    for _ in range(5):
        start, rounds = chance.lognormvariate(0, 0.04), []
        for _ in range(8):
            neighbour = chance.choice((1, 1, 0.5))
            one, other = (neighbour * chance.lognormvariate(0, 0.05) for _ in range(2))
            rounds.append((truth * start * one, other))
        starts.append(rounds)
    return starts


def test_the_interval_usually_contains_the_true_value() -> None:
    chance = random.Random(1)
    found = [ratio(between_servers(1.2, chance), seed) for seed in range(40)]
    held = sum(each is not None and each.low <= 1.2 <= each.high for each in found)
    assert held >= 32  # 95 % would be 38. With five starts, the bootstrap covers slightly less.


def test_a_difference_of_twenty_percent_is_found_and_equal_servers_tie() -> None:
    chance = random.Random(2)
    slower = [ratio(between_servers(0.8, chance), seed) for seed in range(12)]
    same = [ratio(between_servers(1.0, chance), seed) for seed in range(12)]
    assert all(each is not None and not each.tie(0.03) for each in slower)
    assert sum(each is not None and each.tie(0.03) for each in same) >= 10


@pytest.mark.parametrize(
    ("found", "floor", "tie"),
    [
        (Ratio(1.2, 1.1, 1.3), 0.05, False),
        (Ratio(1.2, 0.99, 1.4), 0.05, True),  # the interval contains 1
        (Ratio(1.04, 1.01, 1.07), 0.05, True),  # two identical servers differ by as much
        (Ratio(0.97, 0.95, 0.99), 0.05, True),
        (Ratio(0.9, 0.85, 0.95), 0.05, False),
    ],
)
def test_ties_depend_on_the_interval_and_the_floor(found: Ratio, floor: float, tie: bool) -> None:
    assert found.tie(floor) is tie


def test_the_noise_floor_is_the_possible_difference_between_identical_servers() -> None:
    assert noise(Ratio(1.00, 0.97, 1.06)) == pytest.approx(0.06)
    assert noise(Ratio(0.98, 0.95, 1.01)) == pytest.approx(1 / 0.95 - 1)
    assert noise(Ratio(0.9, 0.8, 0.95)) == pytest.approx(1 / 0.8 - 1)


def starts(chance: random.Random, speed: float) -> list[list[float]]:
    """Four starts of three rounds, as measured in practice: a tenth of the slices is disturbed, and each start
    differs.
    """
    return [
        [
            own * math.exp(chance.gauss(0, 0.02)) * (chance.uniform(0.4, 0.9) if chance.random() < 0.05 else 1)
            for _ in range(3)
        ]
        for own in (speed * math.exp(chance.gauss(0, 0.03)) for _ in range(4))
    ]


def test_identical_servers_rarely_differ_and_a_server_that_is_a_fifth_slower_usually_does() -> None:
    chance = random.Random(1)
    false, found, times = 0, 0, 100
    for _ in range(times):
        base, *others = (starts(chance, speed) for speed in (1, 1, 1, 1 / 1.2))
        ratios = [
            ratio([list(zip(*rounds, strict=True)) for rounds in zip(each, base, strict=True)], seed=1, resamples=200)
            for each in others
        ]
        twins, same, slower = (each for each in ratios if each is not None)
        false += not same.tie(noise(twins))
        found += not slower.tie(noise(twins))
    assert false <= 3
    assert found >= 80


def test_medians_that_were_not_measured_side_by_side_are_compared() -> None:
    found = unpaired([[100, 104, 96], [101, 99]], [[200, 210, 190], [202]], seed=1)
    assert found is not None
    assert found.value == pytest.approx(100 / 201, rel=0.01)
    assert 0.45 < found.low < found.value < found.high < 0.56
    assert unpaired([[1.0]], [[]], seed=1) is None


def test_contenders_that_are_indistinguishable_share_letters() -> None:
    pairs = [(a, b) for a in "wxyz" for b in "wxyz" if a < b]
    chain = {pair: pair in {("w", "x"), ("x", "y")} for pair in pairs}
    assert letters("wxyz", chain) == {"w": "a", "x": "ab", "y": "b", "z": "c"}
    assert letters("wxyz", dict.fromkeys(pairs, True)) == dict.fromkeys("wxyz", "a")
    assert letters("wxyz", dict.fromkeys(pairs, False)) == {"w": "a", "x": "b", "y": "c", "z": "d"}
    assert letters("", {}) == {}
