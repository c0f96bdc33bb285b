"""Building blocks of charts: shapes, colours, text, pictures. Pure. Knows SVG. It must not know charts.

Widths are in percent and heights in pixels, because text must have the same size on a phone. The page defines the
colours; the number of a contender selects its colour and shape.
"""

from collections.abc import Mapping
from html import escape

import svg

from gateways.compare.show.charts.scales import Scale
from gateways.trace.html import element

SHAPES = (
    "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
    "M-3.6-3.6h7.2v7.2h-7.2z",
    "M0-4.8 4.6 3.6h-9.2z",
    "M0-5 5 0 0 5-5 0z",
    "M0 4.8-4.6-3.6h9.2z",
    "M-1.4-4.6h2.8v3.2h3.2v2.8h-3.2v3.2h-2.8v-3.2h-3.2v-2.8h3.2z",
    "M-2.6-4.4h5.2l2.6 4.4-2.6 4.4h-5.2l-2.6-4.4z",
)
COLOURS = 8
"""Number of colours on the page. Marks rarely repeat, because this number has no common divisor with the number of
shapes.
"""
Numbers = Mapping[str, int]
"""The number of each contender, by id."""


def shapes() -> str:
    """Return the definitions of the marks, for all charts of a page."""
    marks = "".join(f'<path id="mark{number}" d="{path}"/>' for number, path in enumerate(SHAPES))
    return f'<svg class="shapes" width="0" height="0" aria-hidden="true"><defs>{marks}</defs></svg>'


def swatch(number: int | None) -> str:
    """Return a contender's mark in the contender's colour, for the place before its name."""
    drawn = mark(number, 7, 7)
    return f'<span class="swatch {colour(number)}">{picture([drawn], 14, width=14, hidden=True)}</span>'


def mark(number: int | None, x: svg.Length | float, y: float) -> svg.Element:
    """Return a contender's mark at a position."""
    return svg.Use(href=f"#mark{(number or 0) % len(SHAPES)}", x=x, y=y)


def caption(title: str, note: str) -> str:
    """Return the caption of a chart."""
    return element("figcaption", element("h3", escape(title)), element("p", escape(note)) if note else "")


def spread(scale: Scale, room: float = 0.085) -> list[float]:
    """Return the ticks whose labels fit, even on a phone: the last tick, and all ticks with enough space after them."""
    kept: list[float] = []
    for value, _ in reversed(scale.ticks):
        if not kept or scale.place(kept[-1]) - scale.place(value) > room:
            kept.append(value)
    return kept


def group(contender: str, numbers: Numbers, kind: str, parts: list[svg.Element]) -> svg.Element:
    """Return a group in a contender's colour. The page shows or hides the group with the contender."""
    number = numbers.get(contender)
    return svg.G(elements=parts, class_=[kind, colour(number)], data=None if number is None else {"series": number})


def colour(number: int | None) -> str:
    """Return the CSS class for a contender's colour."""
    return "other" if number is None else f"c{number % COLOURS}"


def across(share: float) -> svg.Length:
    """Return a share of the width, in percent."""
    return svg.Length(round(share * 100, 2), "%")


def text(words: str, x: svg.Length | float, y: float, anchor: str) -> svg.Element:
    """Return text whose `anchor` (start, middle, end) is at the position."""
    return svg.Text(text=escape(words), x=x, y=y, class_=[anchor])


def picture(
    parts: list[svg.Element], height: int, name: str = "", width: int | None = None, *, hidden: bool = False
) -> str:
    """Return an SVG. name: its text for screen readers. hidden: hide the picture from screen readers, because
    the text beside it says the same.
    """
    aria = {"aria-hidden": "true"} if hidden else {"role": "img", "aria-label": escape(name)}
    return str(svg.SVG(elements=parts, width=width or across(1), height=height, extra=aria, xmlns=None))
