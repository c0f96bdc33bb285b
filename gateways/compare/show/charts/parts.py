"""The parts that charts are drawn of: shapes, colours, text, pictures. Knows SVG; charts are not known here. Pure.

Everything is as wide as there is room: what lies across is in percent, what lies up in pixels, so that text stays as
large as it is on a phone. Colours are the page's; a contender's number chooses its colour and the shape of its marks.
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
"""Of the page. It has no factor in common with the number of shapes, so that many contenders all differ."""
Numbers = Mapping[str, int]
"""By contender, its number."""


def shapes() -> str:
    """The marks, to be used by all charts of a page."""
    marks = "".join(f'<path id="mark{number}" d="{path}"/>' for number, path in enumerate(SHAPES))
    return f'<svg class="shapes" width="0" height="0" aria-hidden="true"><defs>{marks}</defs></svg>'


def swatch(number: int | None) -> str:
    """A contender's mark in its colour, as it stands before its name."""
    drawn = mark(number, 7, 7)
    return f'<span class="swatch {colour(number)}">{picture([drawn], 14, width=14, hidden=True)}</span>'


def mark(number: int | None, x: svg.Length | float, y: float) -> svg.Element:
    """A contender's mark, at a place."""
    return svg.Use(href=f"#mark{(number or 0) % len(SHAPES)}", x=x, y=y)


def caption(title: str, note: str) -> str:
    """What stands above a chart."""
    return element("figcaption", element("h3", escape(title)), element("p", escape(note)) if note else "")


def spread(scale: Scale, room: float = 0.085) -> list[float]:
    """The ticks that there is room to write at, on a phone too: the last one, and those before it that are apart."""
    kept: list[float] = []
    for value, _ in reversed(scale.ticks):
        if not kept or scale.place(kept[-1]) - scale.place(value) > room:
            kept.append(value)
    return kept


def group(contender: str, numbers: Numbers, kind: str, parts: list[svg.Element]) -> svg.Element:
    """What belongs to a contender, in its colour, to be switched off with it."""
    number = numbers.get(contender)
    return svg.G(elements=parts, class_=[kind, colour(number)], data=None if number is None else {"series": number})


def colour(number: int | None) -> str:
    """The name of the class that has it."""
    return "other" if number is None else f"c{number % COLOURS}"


def across(share: float) -> svg.Length:
    """A share of the width."""
    return svg.Length(round(share * 100, 2), "%")


def text(words: str, x: svg.Length | float, y: float, anchor: str) -> svg.Element:
    """Words, of which the `anchor` (start, middle, end) is at that place."""
    return svg.Text(text=escape(words), x=x, y=y, class_=[anchor])


def picture(
    parts: list[svg.Element], height: int, name: str = "", width: int | None = None, *, hidden: bool = False
) -> str:
    """`name` is read out instead of the picture; one that is `hidden` says nothing that is not beside it."""
    said = {"aria-hidden": "true"} if hidden else {"role": "img", "aria-label": escape(name)}
    return str(svg.SVG(elements=parts, width=width or across(1), height=height, extra=said, xmlns=None))
