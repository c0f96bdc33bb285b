"""The due times of the requests of an open loop."""

import itertools
import statistics

from gateways.compare.load.arrivals import poisson


def test_the_same_seed_gives_the_same_times() -> None:
    assert poisson(100, 1, 7) == poisson(100, 1, 7) != poisson(100, 1, 8)


def test_gaps_are_exponential() -> None:
    instants = poisson(1000, 20, 1)
    assert instants == sorted(instants)
    assert 0 <= instants[0] < instants[-1] < 20e9
    gaps = [(after - before) / 1e9 for before, after in itertools.pairwise(instants)]
    assert 19_500 < len(instants) < 20_500
    assert abs(statistics.fmean(gaps) * 1000 - 1) < 0.03
    assert abs(statistics.stdev(gaps) * 1000 - 1) < 0.05  # as large as the mean, because there are bursts and pauses
    assert abs(sum(gap > 0.001 for gap in gaps) / len(gaps) - 0.3679) < 0.02
