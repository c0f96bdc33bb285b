"""Durations and order of the measurements. Pure."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Effort:
    """The amount of work: how often the servers are started, the number of rounds in each start, and the number of
    runs.

    shares: latency is measured at these shares of the slowest server's capacity. rates: fixed rates to use
    instead, in requests per second. warm: the longest warm-up, in seconds. runs: the number of runs of a long scenario.
    thorough: True to measure more numbers of clients.
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
        """Return the effort with enough rounds to load each contender for `seconds`, at each number of clients and at
        each rate.
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
"""Measured seconds of a slice, and the unmeasured seconds before them, which open connections and fill caches."""
BETWEEN = 0.06
"""Further seconds of a slice, for the last responses and for sampling the server's processes."""


def turns(contenders: Sequence[T], seed: str) -> list[T]:
    """Return a random order of the contenders for a round.

    In a fixed order, each contender would always follow the same other contender, which may affect its figures.
    """
    order = list(contenders)
    random.Random(seed).shuffle(order)  # noqa: S311 - not used for security
    return order


def steady(rates: Sequence[float]) -> bool:
    """Return True if the warm-up is complete: the last three slices differ by less than 5 %."""
    last = rates[-3:]
    return len(last) == 3 and min(last) > 0 and max(last) / min(last) < 1.05


def common_rates(capacities: Sequence[float], shares: Sequence[float]) -> list[float]:
    """Return the rates at which the latency of all contenders is measured: shares of the lowest capacity."""
    return [_round(min(capacities) * share) for share in shares] if capacities else []


def _round(rate: float) -> float:
    """Return the rate rounded to two digits, which is easier to read: 1,200 for 1,234."""
    return float(f"{rate:.2g}")
