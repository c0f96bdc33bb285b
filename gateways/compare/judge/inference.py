"""Compute statistics of measurements that vary: ratios, intervals and ties. Pure.

Contenders take turns in rounds, within several starts of their servers. The slices of a round follow each other
closely, so a disturbance of the machine affects them equally. The comparison uses the median of the logarithms of the
ratios, because a disturbed slice hardly changes a median. Figures differ more between two starts of a server than
within one start. So the interval is computed by a cluster bootstrap, which resamples the starts, and then the rounds
within each start.
"""

import math
import random
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

RESAMPLES = 2000
CONFIDENCE = 0.95
DEVIATIONS = 1.96
"""Number of standard deviations of a 95 % interval."""

T = TypeVar("T")
Starts = Sequence[Sequence[T]]
"""For each start of a server, the measurements of its rounds."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio and its 95 % interval. The interval is empty after a single measurement."""

    value: float
    low: float
    high: float

    def tie(self, floor: float) -> bool:
        """Return True if no difference is reported. `floor`: share by which identical servers may differ, e.g. 0.03."""
        return self.low <= 1 <= self.high or abs(math.log(self.value)) <= math.log1p(floor)


def bootstrap(
    starts: Starts[T], statistic: Callable[[list[T]], float], seed: int, resamples: int = RESAMPLES
) -> tuple[float, float]:
    """Return the 95 % interval of `statistic`, by resampling starts and then rounds, with replacement."""
    chance = random.Random(seed)  # noqa: S311 - not used for security
    groups = [list(rounds) for rounds in starts if rounds]
    found = sorted(
        statistic(
            [each for group in chance.choices(groups, k=len(groups)) for each in chance.choices(group, k=len(group))]
        )
        for _ in range(resamples)
    )
    tail = int((1 - CONFIDENCE) / 2 * resamples)
    return found[tail], found[-1 - tail]


def ratio(pairs: Starts[tuple[float, float]], seed: int, resamples: int = RESAMPLES) -> Ratio | None:
    """Return the ratio of the first value to the second, from all pairs; None without pairs. Pairs with a zero are
    ignored.
    """
    logs = [[math.log(a / b) for a, b in rounds if a > 0 and b > 0] for rounds in pairs]
    every = [log for rounds in logs for log in rounds]
    if not every:
        return None
    low, high = bootstrap(logs, statistics.median, seed, resamples) if len(every) > 1 else (every[0], every[0])
    return Ratio(math.exp(statistics.median(every)), math.exp(low), math.exp(high))


def of_few(found: Ratio, value: float, counts: Sequence[Sequence[int]]) -> Ratio:
    """Return the ratio `value` with the interval of `found`, widened for slices with few responses.

    value: the ratio of sums. counts: for both contenders, the numbers of responses in their slices.

    By chance, a response arrives just before or just after the end of a slice. The interval of `found` misses this
    variation if all slices contain the same number of responses.
    """
    edges = sum(len(each) / max(1, sum(each)) ** 2 for each in counts)
    reach = math.exp(DEVIATIONS * math.sqrt(edges))
    return Ratio(value, min(found.low, value / reach), max(found.high, value * reach))


def unpaired(new: Starts[float], old: Starts[float], seed: int) -> Ratio | None:
    """Return the median of `new` divided by the median of `old`, which were not measured side by side.

    Return None if either has no value above 0.
    """
    logs = [[[math.log(value) for value in rounds if value > 0] for rounds in each] for each in (new, old)]
    medians = [[value for rounds in each for value in rounds] for each in logs]
    if not all(medians):
        return None
    drawn = [_drawn_medians(each, seed + number) for number, each in enumerate(logs)]
    differences = sorted(a - b for a, b in zip(*drawn, strict=True))
    tail = int((1 - CONFIDENCE) / 2 * RESAMPLES)
    value = statistics.median(medians[0]) - statistics.median(medians[1])
    return Ratio(math.exp(value), math.exp(differences[tail]), math.exp(differences[-1 - tail]))


def _drawn_medians(starts: Starts[float], seed: int) -> list[float]:
    found: list[float] = []

    def keep(values: list[float]) -> float:
        found.append(statistics.median(values))
        return 0.0

    bootstrap(starts, keep, seed)
    return found


def noise(twins: Ratio) -> float:
    """Return the smallest reported difference, as a share: the largest difference that two identical servers may show.

    twins: the ratio between two runs of one server. The result is the distance from 1 to the farther end of the
    interval, because the ratio itself can be near 1 by chance. With four starts and typical variation, one comparison
    in eighty reports a difference that does not exist. With the ratio itself, it would be one in eight.
    """
    return math.expm1(max(abs(math.log(bound)) for bound in (twins.low, twins.high)))


def letters(order: Sequence[str], tie: Mapping[tuple[str, str], bool]) -> dict[str, str]:
    """Return the letters of each contender: one for each group of statistically indistinguishable neighbours in
    `order`.

    order: the contenders; the first group has the letter "a". tie: for each pair (a, b), with a before b, True if the
    two are indistinguishable. A contender that ties with only a part of a group belongs to two groups, e.g. "ab".
    """
    groups: list[range] = []
    for first in range(len(order)):
        last = first
        while last + 1 < len(order) and all(tie[order[each], order[last + 1]] for each in range(first, last + 1)):
            last += 1
        if not groups or last >= groups[-1].stop:
            groups.append(range(first, last + 1))
    names = {id(group): chr(ord("a") + number) for number, group in enumerate(groups)}
    return {
        name: "".join(names[id(group)] for group in groups if position in group) for position, name in enumerate(order)
    }
