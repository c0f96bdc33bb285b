"""Compute the scales of charts: the positions of values on an axis, and its ticks. Pure."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

Tick = tuple[float, str]


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis from `low` to `high`. `forward` transforms a value to a linear position."""

    low: float
    high: float
    forward: Callable[[float], float]
    ticks: tuple[Tick, ...] = ()

    def place(self, value: float) -> float:
        """Return the position of a value: 0 for the lowest and everything below it, 1 for the highest."""
        if math.isinf(value):
            return float(value > 0)
        low, high = self.forward(self.low), self.forward(self.high)
        share = (self.forward(value) - low) / (high - low) if value > self.low else 0.0
        return min(1.0, share)


def _itself(value: float) -> float:
    return value


def linear(low: float, high: float, ticks: Iterable[Tick] = ()) -> Scale:
    """Return a linear scale."""
    return Scale(low, high, _itself, tuple(ticks))


def from_zero(most: float, text: Callable[[float], str], about: int = 4) -> Scale:
    """Return a linear axis from 0 to `most`, with about `about` round ticks."""
    rough = (most or 1.0) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    ticks = [step * number for number in range(math.ceil(most / step * 0.999) + 1)]
    return linear(0, max(ticks[-1], step), [(tick, text(tick)) for tick in ticks])


def logarithmic(values: Iterable[float], text: Callable[[float], str], room: float = 1.0) -> Scale:
    """Return a logarithmic axis that covers all positive values, with a factor of `room` on both sides."""
    known = [value for value in values if value > 0 and not math.isinf(value)] or [1.0]
    low, high = min(known) / room, max(known) * room
    if high / low < 3:
        low, high = low / 1.5, high * 1.5
    return Scale(low, high, math.log, tuple((tick, text(tick)) for tick in _round_between(low, high)))


def _round_between(low: float, high: float, least: int = 3) -> list[float]:
    """Return the powers of ten as ticks. If there are few, add values between them. `high` must be at least
    twice `low`.
    """
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks: list[float] = []
    for factors in ((1,), (1, 3), (1, 2, 5), tuple(range(1, 10)), tuple(each / 2 for each in range(2, 20))):
        ticks = [factor * 10.0**power for power in powers for factor in factors]
        ticks = [tick for tick in ticks if low * 0.999 <= tick <= high * 1.001]
        if len(ticks) >= least:
            break
    return ticks


SHARES = (
    *(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.97, 0.98, 0.99),
    *(0.995, 0.997, 0.998, 0.999, 0.9995, 0.9999, 0.99999),
)
"""The percentiles of a chart. They are denser towards the slowest requests."""
_WRITTEN = (0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999)


def nines(most: float) -> Scale:
    """Return an axis of shares on which 90 %, 99 % and 99.9 % are equally far apart, so that the slowest requests
    are visible.
    """
    ticks = [(share, percent(share)) for share in _WRITTEN if share <= most]
    return Scale(0.0, most or SHARES[0], lambda share: -math.log10(1 - share), tuple(ticks))


def percent(share: float) -> str:
    """Format a share: `50 %`, `99.9 %`."""
    return f"{share * 100:.6g} %"
