"""Draw charts with tracks below each other. All tracks have the same axis, and each has a text. Pure."""

from html import escape

import svg

from gateways.compare.show.charts.parts import Numbers, across, caption, colour, mark, picture, spread, swatch, text
from gateways.compare.show.charts.spans import Span, Spans, widest
from gateways.trace.html import element

TRACK = 26
"""Height of a track, in pixels."""


def spans(shown: Spans, numbers: Numbers) -> str:
    """Return a track for each contender, on one axis."""
    rows = [_row(shown, row, numbers) for row in shown.rows]
    ticks: list[svg.Element] = []
    written = spread(shown.x, 0.12)
    for value, words in shown.x.ticks:
        if value in written:
            at = shown.x.place(value)
            anchor = "end" if at > 0.94 else "start" if at < 0.06 else "middle"
            ticks.append(text(words, across(at), 13, anchor))
    axis = element("div", "<span></span>", picture(ticks, 18, hidden=True), "<span></span>", class_="row axis")
    return element(
        "figure", caption(shown.title, shown.note), element("div", *rows, axis, class_="rows"), class_="spans"
    )


def _row(shown: Spans, row: Span, numbers: Numbers) -> str:
    number = numbers.get(row.contender)
    middle = TRACK / 2
    ends = [across(shown.x.place(each)) for each in widest(row)]
    own: list[svg.Element] = [svg.Line(x1=ends[0], x2=ends[1], y1=middle, y2=middle, class_=["line"])]
    own += [_mark(kind, across(shown.x.place(value)), middle, number) for kind, value in row.marks]
    drawn = [*_behind(shown), svg.G(elements=own, class_=["own"])]
    name = element("span", swatch(number), escape(row.label), class_="name")
    shown_text = element("span", escape(row.text), class_="said")
    faint = " faint" if row.faint else ""
    return element(
        "div",
        name,
        picture(drawn, TRACK, name=f"{row.label}: {row.text}"),
        shown_text,
        class_=f"row {colour(number)}{faint}",
        data_series=number,
    )


def _behind(shown: Spans) -> list[svg.Element]:
    drawn: list[svg.Element] = []
    if shown.band:
        low, high = (shown.x.place(each) for each in shown.band)
        drawn.append(svg.Rect(x=across(low), y=0, width=across(high - low), height=TRACK, class_=["band"]))
    for value, _ in shown.x.ticks:
        at = across(shown.x.place(value))
        drawn.append(svg.Line(x1=at, x2=at, y1=0, y2=TRACK, class_=["grid"]))
    if shown.at is not None:
        at = across(shown.x.place(shown.at))
        drawn.append(svg.Line(x1=at, x2=at, y1=0, y2=TRACK, class_=["law"]))
    return drawn


def _mark(kind: str, at: svg.Length, middle: float, number: int | None) -> svg.Element:
    if kind == "value":
        return mark(number, at, middle)
    if kind in {"low", "high", "peak"}:
        half = 8 if kind == "peak" else 4
        return svg.Line(x1=at, x2=at, y1=middle - half, y2=middle + half, class_=["line"])
    return svg.Circle(cx=at, cy=middle, r=4, class_=[kind])
