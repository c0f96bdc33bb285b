"""Durations and order of the measurements. Pure."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Effort:
    """How often servers are started, and how many rounds of slices there are in each start.

    `shares` are those of the slowest server's capacity at which latency is measured; `warm` is the longest warm-up, in
    seconds; `runs` how often long scenarios are run. A `thorough` one asks with more numbers of clients. `rates` are
    requests a second at which latency is measured, instead of the shares.
    """

    name: str
    starts: int
    rounds: int
    shares: tuple[float, ...] = (0.5,)
    runs: int = 1
    warm: float = 0.5
    thorough: bool = False
    rates: tuple[float, ...] = ()

    @property
    def of_latency(self) -> int:
        """At how many rates latency is measured."""
        return len(self.rates or self.shares)

    def lasting(self, seconds: float) -> "Effort":
        """The effort with so many rounds that each contender is under load for `seconds`, at each number of clients and
        at each rate.
        """
        return replace(self, rounds=max(1, math.ceil(seconds / WINDOW / self.starts)))


EFFORTS = {
    effort.name: effort
    for effort in (
        Effort("quick", 2, 3),
        Effort("usual", 4, 3),
        Effort("thorough", 5, 8, shares=(0.25, 0.5, 0.8), runs=3, warm=3.0, thorough=True),
    )
}

WINDOW, RAMP = 0.25, 0.08
"""Seconds of a slice that are measured, and those before that are not: connections are opened, caches warm up."""
BETWEEN = 0.06
"""Seconds that a slice takes besides: the last answers, looking at the server's processes."""


def turns(who: Sequence[T], seed: str) -> list[T]:
    """The order in which contenders take their turns in a round: by chance, so that none always comes after another."""
    order = list(who)
    random.Random(seed).shuffle(order)  # noqa: S311 - nothing to be kept secret
    return order


def steady(rates: Sequence[float]) -> bool:
    """Return True if the warm-up is complete: the last three slices differ by less than 5 %."""
    last = rates[-3:]
    return len(last) == 3 and min(last) > 0 and max(last) / min(last) < 1.05


def common_rates(capacities: Sequence[float], shares: Sequence[float]) -> list[float]:
    """The rates at which the latency of all is measured: shares of what the slowest can do."""
    return [_round(min(capacities) * share) for share in shares] if capacities else []


def _round(rate: float) -> float:
    """Two digits are enough, and easier to read: 1,234 is 1,200."""
    return float(f"{rate:.2g}")
