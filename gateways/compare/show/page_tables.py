"""Write the tables of a comparison's page (cards on a phone), and the meanings of their columns. Pure."""

from collections.abc import Sequence
from html import escape

from gateways.compare.judge.analysis import Section
from gateways.compare.judge.parts import PartRow
from gateways.compare.judge.words import duration, rate, share
from gateways.compare.show.charts.parts import Numbers, colour, swatch
from gateways.compare.show.columns import COLUMNS
from gateways.compare.show.table import Line, table
from gateways.trace.html import element, section

SHORT = 11
"""Longest text of a cell, in characters, that fits beside another cell on a phone."""


def tables(sections: Sequence[Section], numbers: Numbers) -> str:
    """Return one table for each scenario."""
    drawn = [_table(each, numbers) for each in sections if each.rows]
    note = "The best contender is first. Contenders without a rank are last, in grey."
    return section("Results", note, *drawn, _key(sections), name="results")


def _table(of: Section, numbers: Numbers) -> str:
    shown = table(of)
    heads = [element("th", escape(name), scope="col") for name in shown.columns]
    rows = [
        _line(shown.columns, line, numbers[row.figures.entrant.id])
        for line, row in zip(shown.lines, of.rows, strict=True)
    ]
    grid = element("table", element("thead", element("tr", *heads)), element("tbody", *rows), class_="results")
    return element("h3", escape(shown.title)) + element("p", escape(shown.note), class_="note") + grid + _parts(of)


def _parts(of: Section) -> str:
    """Return the table of a mix. It has a row for each request and a column for each contender."""
    if not of.parts:
        return ""
    labels = [row.entrant.label for row in of.parts[0].rows]
    total = sum(part.asked.weight for part in of.parts)
    heads = [element("th", escape(name), scope="col") for name in ("request", "share", *labels)]
    lines = [
        element(
            "tr",
            element("th", escape(f"{part.asked.label} → {part.asked.answer.status}"), scope="row"),
            element("td", escape(share(part.asked.weight / total)), data_name="share"),
            *(
                element("td", escape(_cell(row)), data_name=label, class_="wide")
                for label, row in zip(labels, part.rows, strict=True)
            ),
        )
        for part in sorted(of.parts, key=lambda each: -each.asked.weight)
    ]
    offered = max(row.offered for part in of.parts for row in part.rows)
    at = f" at {rate(offered)} requests/s in total" if offered else ""
    note = f"Responses per second; median and 99th percentile of the latency{at}; share of lost responses, if any."
    grid = element("table", element("thead", element("tr", *heads)), element("tbody", *lines), class_="results")
    title = element("h3", escape(f"{of.question.name}: each request"))
    return title + element("p", note, class_="note") + grid


def _cell(row: PartRow) -> str:
    p99 = f", p99 {duration(row.answer.p99)}" if row.answer.p99 is not None else ""
    lost = f", {share(row.lost_share)} lost" if row.failed else ""
    p50 = f"; {duration(row.answer.p50)}" if row.answer.p50 is not None else ""
    return f"{rate(row.rate)}/s{p50}{p99}{lost}"


def _line(columns: Sequence[str], line: Line, number: int) -> str:
    bar = f'<i class="bar {colour(number)}" style="width:{line.bar:.2%}"></i>'
    name = element("th", swatch(number), element("span", escape(line.cells[0])), bar, scope="row")
    cells = [
        element("td", escape(cell), data_name=column, class_=_width(cell))
        for column, cell in zip(columns[1:], line.cells[1:], strict=True)
    ]
    return element("tr", name, *cells, class_="faint" if line.dim else None, data_series=number)


def _width(cell: str) -> str | None:
    """Return the CSS class of a wide or empty cell, else None: on a phone, two short cells fit side by side."""
    return "empty" if not cell else "wide" if len(cell) > SHORT else None


def _key(sections: Sequence[Section]) -> str:
    """Return the meanings of the columns."""
    there = {column.partition(" @")[0] for each in sections for column in table(each).columns}
    meanings = [
        element("div", element("dt", escape(name)), element("dd", escape(what)))
        for name, what in COLUMNS.items()
        if name in there
    ]
    return element("details", element("summary", "Meaning of the columns"), element("dl", *meanings), class_="key")
