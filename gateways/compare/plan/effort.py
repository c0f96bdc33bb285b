"""Durations and order of the measurements. Pure."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Effort:
    """The number of starts of the servers, and of rounds of slices in each start.

    `shares`: latency is measured at these shares of the slowest server's capacity. `warm` is the longest warm-up, in
    seconds; `runs` the number of runs of long scenarios. `thorough` adds more numbers of clients. `rates` are requests
    per second at which latency is measured, instead of `shares`.
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
        """The number of rates at which latency is measured."""
        return len(self.rates or self.shares)

    def lasting(self, seconds: float) -> "Effort":
        """Return the effort with enough rounds to put each contender under load for `seconds`, at each number of
        clients and each rate.
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
"""Measured seconds of a slice, and the unmeasured seconds before, in which connections are opened and caches filled."""
BETWEEN = 0.06
"""Further duration of a slice in seconds: for the last responses, and for sampling the server's processes."""


def turns(contenders: Sequence[T], seed: str) -> list[T]:
    """Return the order of the contenders in a round: random, so that no contender always follows the same other one."""
    order = list(contenders)
    random.Random(seed).shuffle(order)  # noqa: S311 - nothing to be kept secret
    return order


def steady(rates: Sequence[float]) -> bool:
    """Return True if the warm-up is complete: the last three slices differ by less than 5 %."""
    last = rates[-3:]
    return len(last) == 3 and min(last) > 0 and max(last) / min(last) < 1.05


def common_rates(capacities: Sequence[float], shares: Sequence[float]) -> list[float]:
    """Return the rates at which latency is measured for all: shares of the lowest capacity."""
    return [_round(min(capacities) * share) for share in shares] if capacities else []


def _round(rate: float) -> float:
    """Return the rate rounded to two digits, which are easier to read: 1,200 for 1,234."""
    return float(f"{rate:.2g}")
