"""The data of a line chart. Pure.

A column is a number of clients, a percentile or a round. Each line has a value, or None, in each column.
"""

import math
from dataclasses import dataclass

from gateways.compare.show.charts.scales import Scale


@dataclass(frozen=True, slots=True)
class Point:
    """A value and its text; inf means never."""

    value: float
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line. `contender`: the contender's id, or "". `dashed`: True if the values were measured under other
    conditions.
    """

    contender: str
    label: str
    points: tuple[Point | None, ...]
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Guide:
    """A guide line from `start` to `end`. Without `end`, it is only a label at `start`."""

    text: str
    start: tuple[float, float]
    end: tuple[float, float] | None = None
    contender: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart. `columns` are pairs of a position on the x-axis and a name. Lines have a gap before the columns in
    `breaks`. `never`: True if infinite values are drawn at the top.
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
