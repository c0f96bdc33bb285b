"""Write a comparison as an HTML page, with verdicts, tables, charts, the machine, and all data. Pure."""

import json
import re
from collections.abc import Callable, Sequence
from html import escape

from gateways.compare.judge.analysis import Section
from gateways.compare.judge.doubts import Doubt, doubts
from gateways.compare.judge.verdicts import verdicts
from gateways.compare.record import Record
from gateways.compare.show.charts import clients, percentiles, rounds, spans
from gateways.compare.show.charts.chart import Chart
from gateways.compare.show.charts.lines import chart
from gateways.compare.show.charts.parts import Numbers, shapes, swatch
from gateways.compare.show.charts.spans import Spans
from gateways.compare.show.charts.tracks import spans as tracks
from gateways.compare.show.page_details import failures, made_with
from gateways.compare.show.page_tables import tables
from gateways.events.printable import printable
from gateways.trace.html import element, page, section

DATA = re.compile(r'<script type="application/json" id="record">(.*?)</script>', re.DOTALL)


def render(record: Record, sections: Sequence[Section]) -> str:
    """Return the page."""
    numbers = {each.id: number for number, each in enumerate(each for each in record.entrants if not each.twin_of)}
    body = [
        shapes(),
        _header(record, sections),
        _doubts(doubts(record, sections)),
        _legend(record, numbers),
        tables(sections, numbers),
        *_charts(record, sections, numbers),
        failures(sections, numbers),
        made_with(record, numbers),
        _data(record),
    ]
    # Text from clients and programs may contain characters that are invalid in HTML or UTF-8.
    lines = "\n".join(filter(None, body)).split("\n")
    whole = "\n".join(map(printable, lines))
    return page(printable(f"{record.target}, compared"), whole, printable(record.version), "gateways.compare.show")


def data_of(text: str) -> str:
    """Return the JSON that a page contains; any other text is returned unchanged."""
    found = DATA.search(text)
    return found[1] if found else text


def _header(record: Record, sections: Sequence[Section]) -> str:
    sentences = [element("li", escape(verdict)) for verdict in verdicts(sections)] or ["<li>Nothing was measured.</li>"]
    machine = record.machine
    when = f"{record.created[:10]} · {machine.cpu or 'unknown CPU'}, {machine.cores} cores · {machine.system}"
    parts = [
        element("p", "<b>gateways</b> compare", class_="brand"),
        element("h1", escape(f"{record.target}, compared")),
        element("p", escape(when), class_="lead"),
        element("ul", *sentences, class_="verdicts"),
    ]
    return element("header", *parts)


def _doubts(found: Sequence[Doubt]) -> str:
    if not found:
        return ""
    items = [
        element(
            "li",
            element("b", escape(each.name)),
            element("p", escape(each.what)),
            element("p", "Try: ", escape(each.remedy), class_="try"),
        )
        for each in found
    ]
    return section(
        "Doubts",
        "Reasons to doubt some figures, and remedies.",
        element("ul", *items, class_="doubts"),
        name="doubts",
    )


def _legend(record: Record, numbers: Numbers) -> str:
    """Return a switch for each contender. Without JavaScript, the switches serve as the legend."""
    buttons = [
        element(
            "button",
            swatch(numbers[each.id]),
            escape(each.label),
            type="button",
            aria_pressed="true",
            data_switch=numbers[each.id],
        )
        for each in record.entrants
        if each.id in numbers
    ]
    every = element("button", "Show all", type="button", id="all", hidden="")
    inside = element("div", *buttons, every, class_="switches", role="group", aria_label="Show or hide contenders")
    summary = element("summary", f"{len(buttons)} contenders", id="shown")
    return element("details", summary, inside, class_="legend", open="")


Drawn = Callable[[Record, Sequence[Section]], Sequence[Spans | Chart]]
CHARTS: tuple[tuple[str, str, str, Drawn], ...] = (
    (
        "Ratios",
        "ratios",
        "Throughput and CPU time per response, each divided by the reference's value in the same round.",
        spans.ratios,
    ),
    (
        "Throughput by number of clients",
        "throughput",
        ("Each client sends its next request after the response. Where the curve is flat, a resource is exhausted."),
        lambda _, sections: clients.throughput(sections),
    ),
    (
        "Latency at a fixed rate",
        "latency",
        (
            "Requests are due at a fixed average rate, like those of independent users. Latency starts at the due "
            "time, even if the request is sent later."
        ),
        percentiles.latency,
    ),
    (
        "Streams: first byte and gaps",
        "streams",
        "These charts show bodies in pieces: the delay until the first piece, and the pauses between pieces.",
        percentiles.streams,
    ),
    (
        "Memory",
        "memory",
        "Private memory of all processes of a server: ○ at the start, | maximum, ● at the end.",
        lambda record, sections: [*spans.memory(sections), *rounds.memory(record, sections)],
    ),
    (
        "Round by round",
        "rounds",
        (
            "All contenders take turns in each round. If all lanes move together, the cause is the machine. If only "
            "one lane moves, the cause is its server."
        ),
        rounds.strips,
    ),
)
"""The title, id, description and chart of each section, in the order of the page."""


def _charts(record: Record, sections: Sequence[Section], numbers: Numbers) -> list[str]:
    """Return the charts that have data."""
    found = []
    for title, name, note, drawn in CHARTS:
        figures = [
            tracks(each, numbers) if isinstance(each, Spans) else chart(each, numbers)
            for each in drawn(record, sections)
        ]
        if figures:
            found.append(section(title, note, element("div", *figures, class_="charts"), name=name))
    return found


def _data(record: Record) -> str:
    """Return the data in a script element. `<` is escaped, because it could start an end tag or a comment."""
    text = json.dumps(record.to_json(), allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    name = f"gateways-compare-{record.created[:10]}.json"
    link = element("a", "Save data", href="#data", download=name, id="save", class_="button", hidden="")
    size = f"{len(text) / 1e6:.1f} MB of JSON"
    return section(
        "The data",
        f"This page contains all measurements ({size}). Read them with gateways compare --from.",
        element("p", link),
        name="data",
    ) + element("script", text, type="application/json", id="record")
