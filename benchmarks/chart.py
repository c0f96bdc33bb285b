"""A line chart as an SVG file for the pages of docs/, for light and dark pages. Pure.

Knows lines and scales. It must not know what is measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from typing import Literal

import svg

from gateways.compare.show.charts.scales import Scale

WIDTH, HEIGHT = 720, 360
LEFT, RIGHT, TOP, BOTTOM = 78, 190, 44, 48  # margins, in pixels; the right margin has the names of the lines
LINE_GAP = 16  # minimum distance between two names, in pixels
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600 }
.grid { stroke: #d1d9e0; stroke-width: 1 }
.line { fill: none; stroke-width: 2 }
.l0 { stroke: #0969da } .l1 { stroke: #bc4c00 } .l2 { stroke: #1a7f37 } .l3 { stroke: #8250df } .l4 { stroke: #bf3989 }
.l5 { stroke: #9a6700 } .l6 { stroke: #1b7c83 } .l7 { stroke: #57606a }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .grid { stroke: #3d444d }
  .l0 { stroke: #4493f8 } .l1 { stroke: #f0883e } .l2 { stroke: #3fb950 } .l3 { stroke: #ab7df8 }
  .l4 { stroke: #db61a2 } .l5 { stroke: #d29922 } .l6 { stroke: #39c5cf } .l7 { stroke: #9198a1 }
}
"""
COLOURS = 8
# For readers who cannot distinguish the colours.
DASHES: tuple[list[Decimal | float | int] | Literal["none"], ...] = (
    "none",
    [6, 3],
    [2, 3],
)

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Chart:
    """A chart. `lines` maps the name of each line to its (x, y) points."""

    title: str
    across: str
    up: str
    x: Scale
    y: Scale
    lines: Mapping[str, Points]


def drawn(chart: Chart) -> str:
    """Return the SVG file."""
    names = _spread([(name, _y(chart, points[-1][1])) for name, points in chart.lines.items() if points])
    parts: list[svg.Element] = [svg.Style(text=STYLE), *_grid(chart)]
    for number, (name, points) in enumerate(chart.lines.items()):
        if points:
            parts += _line(chart, number, name, points, names[name])
    picture = svg.SVG(
        viewBox=svg.ViewBoxSpec(0, 0, WIDTH, HEIGHT),
        elements=parts,
        extra={"role": "img", "aria-label": escape(chart.title)},
    )
    return f"{picture}\n"


def _x(chart: Chart, value: float) -> float:
    return round(LEFT + chart.x.place(value) * (WIDTH - LEFT - RIGHT), 1)


def _y(chart: Chart, value: float) -> float:
    return round(HEIGHT - BOTTOM - chart.y.place(value) * (HEIGHT - TOP - BOTTOM), 1)


def _grid(chart: Chart) -> list[svg.Element]:
    floor, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    parts: list[svg.Element] = [
        svg.Text(text=escape(chart.title), x=4, y=18, class_=["title"]),
        svg.Text(text=escape(chart.up), x=4, y=36),
        svg.Text(text=escape(chart.across), x=right, y=HEIGHT - 8, text_anchor="end"),
    ]
    for value, words in chart.y.ticks:
        up = _y(chart, value)
        parts.append(svg.Line(x1=LEFT, x2=right, y1=up, y2=up, class_=["grid"]))
        parts.append(svg.Text(text=escape(words), x=LEFT - 8, y=up + 4, text_anchor="end"))
    for value, words in chart.x.ticks:
        across = _x(chart, value)
        parts.append(svg.Line(x1=across, x2=across, y1=TOP, y2=floor, class_=["grid"]))
        parts.append(svg.Text(text=escape(words), x=across, y=floor + 18, text_anchor="middle"))
    return parts


def _line(chart: Chart, number: int, name: str, points: Points, label: float) -> list[svg.Element]:
    classes, dash = ["line", f"l{number % COLOURS}"], DASHES[number % len(DASHES)]
    places = [(_x(chart, x), _y(chart, y)) for x, y in points]
    path: list[svg.PathData] = [(svg.LineTo if n else svg.MoveTo)(x, y) for n, (x, y) in enumerate(places)]
    right = WIDTH - RIGHT
    return [
        svg.Path(d=path, class_=classes, stroke_dasharray=dash),
        svg.Line(x1=right + 6, x2=right + 26, y1=label, y2=label, class_=classes, stroke_dasharray=dash),
        svg.Text(text=escape(name), x=right + 32, y=label + 4),
    ]


def _spread(names: Sequence[tuple[str, float]]) -> dict[str, float]:
    """Return the vertical position of each line's name: the end of the line, moved if names would overlap."""
    heights: dict[str, float] = {}
    last = float(TOP) - LINE_GAP
    for name, height in sorted(names, key=lambda each: each[1]):
        last = heights[name] = max(height, last + LINE_GAP)
    surplus = max(0.0, last - (HEIGHT - BOTTOM))
    return {name: height - surplus for name, height in heights.items()}
