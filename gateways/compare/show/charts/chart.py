"""What a chart of lines shows. Pure.

Its columns are what can be read out: a number of clients, a percentile, a round. Its lines have a value, or None, in
each of them.
"""

import math
from dataclasses import dataclass

from gateways.compare.show.charts.scales import Scale


@dataclass(frozen=True, slots=True)
class Point:
    """`text` is what is read out; inf is what never came."""

    value: float
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """`contender` is whose it is, by id, or "". `dashed`: it was measured on terms of its own."""

    contender: str
    label: str
    points: tuple[Point | None, ...]
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Guide:
    """A line, from one place to another, that values can be compared with; or only words, at `start`."""

    text: str
    start: tuple[float, float]
    end: tuple[float, float] | None = None
    contender: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """`columns` are (where on the x-axis, name); lines end before those with the numbers in `breaks`, and begin again.

    `never`: there are values that never came, at the top.
    """

    title: str
    note: str
    across: str
    up: str
    x: Scale
    y: Scale
    columns: tuple[tuple[float, str], ...]
    lines: tuple[Line, ...]
    guides: tuple[Guide, ...] = ()
    height: int = 260
    breaks: frozenset[int] = frozenset()

    @property
    def never(self) -> bool:
        return any(point is not None and math.isinf(point.value) for line in self.lines for point in line.points)
