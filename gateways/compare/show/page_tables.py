"""The tables of a comparison's page, which on a phone are cards, and what their columns mean. Pure."""

from collections.abc import Sequence
from html import escape

from gateways.compare.judge.analysis import Section
from gateways.compare.show.charts.parts import Numbers, colour, swatch
from gateways.compare.show.columns import COLUMNS
from gateways.compare.show.table import Line, table
from gateways.trace.html import element, section

SHORT = 11
"""Characters of a cell that has room beside another."""


def tables(sections: Sequence[Section], numbers: Numbers) -> str:
    """One for each scenario."""
    drawn = [_table(each, numbers) for each in sections if each.rows]
    note = "The best first. Those that are not ranked are last, and pale."
    return section("Results", note, *drawn, _key(sections), name="results")


def _table(of: Section, numbers: Numbers) -> str:
    shown = table(of)
    heads = [element("th", escape(name), scope="col") for name in shown.columns]
    rows = [
        _line(shown.columns, line, numbers[row.figures.entrant.id])
        for line, row in zip(shown.lines, of.rows, strict=True)
    ]
    grid = element("table", element("thead", element("tr", *heads)), element("tbody", *rows), class_="results")
    return element("h3", escape(shown.title)) + element("p", escape(shown.note), class_="note") + grid


def _line(columns: Sequence[str], line: Line, number: int) -> str:
    bar = f'<i class="bar {colour(number)}" style="width:{line.bar:.2%}"></i>'
    name = element("th", swatch(number), element("span", escape(line.cells[0])), bar, scope="row")
    cells = [
        element("td", escape(cell), data_name=column, class_=_width(cell))
        for column, cell in zip(columns[1:], line.cells[1:], strict=True)
    ]
    return element("tr", name, *cells, class_="faint" if line.dim else None, data_series=number)


def _width(cell: str) -> str | None:
    """On a phone two fit beside each other, if they are short."""
    return "empty" if not cell else "wide" if len(cell) > SHORT else None


def _key(sections: Sequence[Section]) -> str:
    """What the columns mean."""
    there = {column.partition(" @")[0] for each in sections for column in table(each).columns}
    said = [
        element("div", element("dt", escape(name)), element("dd", escape(what)))
        for name, what in COLUMNS.items()
        if name in there
    ]
    return element("details", element("summary", "What the columns mean"), element("dl", *said), class_="key")
