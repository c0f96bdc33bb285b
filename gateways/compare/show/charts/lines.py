"""Draw line charts: a grid, guides, a line for each contender, and the values as a table. Pure."""

import math
from collections.abc import Sequence
from html import escape

import svg

from gateways.compare.show.charts.chart import Chart, Guide, Line, Point
from gateways.compare.show.charts.parts import Numbers, across, caption, group, mark, picture, spread, text
from gateways.trace.html import element

FEW = 15
"""Maximum number of columns for which each point gets a mark."""
NEVER = 14
"""Distance between infinite and finite values, in pixels."""


def chart(shown: Chart, numbers: Numbers) -> str:
    """Return a line chart, with its values in a table that the script of the page reads."""
    name = f"{shown.title}. {shown.note}".strip()
    drawn = [*_grid(shown), *(_guide(shown, each, numbers) for each in shown.guides)]
    drawn += [_line(shown, line, numbers) for line in shown.lines]
    labels = [element("p", escape(shown.up), class_="up")] if shown.up else []
    labels += [element("div", picture(drawn, shown.height, name=name), class_="area")]
    labels += [element("p", escape(shown.across), class_="across")] if shown.across else []
    return element(
        "figure",
        caption(shown.title, shown.note),
        element("div", *labels, class_="plot" if shown.y.ticks else "plot lanes"),
        _values(shown, numbers),
        class_="chart",
        role="group",
        tabindex=0,
        aria_label=f"{shown.title}: arrow keys show the values",
    )


def _grid(shown: Chart) -> list[svg.Element]:
    ticks = [(_up(shown, value), words) for value, words in shown.y.ticks]
    if shown.never:
        ticks = [(up, words) for up, words in ticks if up > 2 * NEVER] + [(0.0, "never")]
    drawn: list[svg.Element] = []
    for up, words in ticks:
        drawn.append(svg.Line(x1=0, x2=across(1), y1=up, y2=up, class_=["grid"]))
        drawn.append(text(words, -8, up + 4, "end"))
    written = spread(shown.x)
    for value, words in shown.x.ticks:
        at = shown.x.place(value)
        drawn.append(svg.Line(x1=across(at), x2=across(at), y1=0, y2=shown.height, class_=["grid"]))
        if value in written:
            anchor = "end" if at > 0.96 else "start" if at < 0.04 and not shown.y.ticks else "middle"
            drawn.append(text(words, across(at), shown.height + 17, anchor))
    return drawn


def _up(shown: Chart, value: float) -> float:
    """Return the distance from the top in pixels. The top is reserved for infinite values."""
    top = NEVER if shown.never and not math.isinf(value) else 0
    return round(shown.height - shown.y.place(value) * (shown.height - top), 1)


def _guide(shown: Chart, guide: Guide, numbers: Numbers) -> svg.Element:
    """Draw a guide. Its label is above the line, because a rising guide leaves space there."""
    (x, y), end = guide.start, guide.end
    first, up = shown.x.place(x), _up(shown, y)
    if end is None:
        return group(guide.contender, numbers, "guide", [text(guide.text, across(first), up - 18, "start")])
    last, top = shown.x.place(end[0]), _up(shown, end[1])
    line = svg.Line(x1=across(first), y1=up, x2=across(last), y2=top, class_=["law"])
    where, height = first + 0.9 * (last - first), up + 0.9 * (top - up)
    words = text(guide.text, across(last if up == top else where), height - 6, "end")
    return group(guide.contender, numbers, "guide", [line, words])


def _line(shown: Chart, line: Line, numbers: Numbers) -> svg.Element:
    places = [(shown.x.place(at), point) for (at, _), point in zip(shown.columns, line.points, strict=True)]
    known = [(at, point) for at, point in places if point is not None]
    stretched = svg.SVG(
        elements=[svg.Path(d=_path(shown, places), class_=["line", *(["dashed"] if line.dashed else [])])],
        viewBox=svg.ViewBoxSpec(0, 0, 100, shown.height),
        preserveAspectRatio="none",  # type: ignore[arg-type]  # one of the literals
        width=across(1),
        height=shown.height,
        xmlns=None,
    )
    ticks = {value for value, _ in shown.x.ticks}
    every = len(shown.columns) <= FEW or len(known) == 1
    marks = [
        mark(numbers.get(line.contender), across(at), _up(shown, point.value))
        for (at, point), (value, _) in zip(places, shown.columns, strict=True)
        if point is not None and (every or value in ticks)
    ]
    return group(line.contender, numbers, "series", [stretched, *marks])


def _path(shown: Chart, places: Sequence[tuple[float, Point | None]]) -> list[svg.PathData]:
    path: list[svg.PathData] = []
    joined = False
    for n, (at, point) in enumerate(places):
        if point is not None:
            joined = joined and n not in shown.breaks
            path.append((svg.LineTo if joined else svg.MoveTo)(round(at * 100, 2), _up(shown, point.value)))
        joined = point is not None
    return path


def _values(shown: Chart, numbers: Numbers) -> str:
    """Return a row for each column of the chart. The row has the column's position in percent and the height of each
    value in pixels.
    """
    heads = [
        element("th", escape(line.label), data_series=numbers.get(line.contender), scope="col") for line in shown.lines
    ]
    rows = []
    for n, (at, name) in enumerate(shown.columns):
        cells = []
        for line in shown.lines:
            point = line.points[n]
            up = None if point is None else f"{_up(shown, point.value):g}"
            cells.append(
                element("td", escape(point.text) if point else "", data_series=numbers.get(line.contender), data_up=up)
            )
        place = f"{shown.x.place(at) * 100:.2f}"
        rows.append(element("tr", element("th", escape(name), scope="row"), *cells, data_across=place))
    table = element("table", element("thead", element("tr", element("td"), *heads)), element("tbody", *rows))
    scroll = element("div", table, class_="scroll", tabindex=0, role="region", aria_label=f"Values: {shown.title}")
    summary = element("summary", "Values", aria_label=f"Values: {shown.title}")
    return element("details", summary, scroll, class_="values")
