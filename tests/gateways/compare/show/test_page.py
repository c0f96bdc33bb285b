"""The page of a comparison: its contents and their order. No text of an app or machine becomes markup."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from gateways.compare.judge.analysis import sections
from gateways.compare.load.histogram import Histogram
from gateways.compare.record import Exclusion, Record
from gateways.compare.show.page import data_of, render
from tests.gateways.compare.making import (
    IDLE,
    MS,
    SECOND,
    STREAM,
    UVICORN,
    WAIT,
    WAITRESS,
    cell,
    measured,
    record,
    slices,
)

EVIL = "</script><script>alert(1)</script><!-- \"'&\x1b[31m"
VOID = {"meta", "link", "input"}


def everything() -> Record:
    """A record with each kind of content."""
    gaps = Histogram([50 * MS] * 900)
    hello = [
        *slices(UVICORN, [[400, 410], [390, 400]]),
        *slices(WAITRESS, [[200, 205], [199, 201]]),
        *slices(f"{UVICORN}#2", [[401, 409], [392, 398]]),
        *(cell(name, measured(4000, ms), offered=1000.0) for name, ms in ((UVICORN, 1), (WAITRESS, 3))),
    ]
    long = [
        cell(UVICORN, measured(3900, 50, window=SECOND), WAIT, connections=200),
        cell(WAITRESS, measured(79, 2500, window=SECOND, failed={EVIL: 50}, examples=[EVIL]), WAIT, connections=200),
        cell(UVICORN, measured(50, 950, window=SECOND, gap=gaps), STREAM, connections=50),
        cell(WAITRESS, measured(4, 950, window=SECOND, gap=gaps), STREAM, connections=50),
        cell(UVICORN, measured(100, 2, window=3 * SECOND, begun=300), IDLE, connections=16, offered=100.0),
    ]
    out = [Exclusion("asgi:daphne", "", f"it responds with {EVIL}")]
    return record([*hello, *long], [*record([]).questions, WAIT, STREAM, IDLE], exclusions=out)


@pytest.fixture(scope="module")
def page() -> str:
    made = everything()
    return render(made, sections(made))


class Outline(HTMLParser):
    """Parses the elements of a page, and checks their nesting."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.setdefault(self._open[-1] if self._open else "", []).append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def test_verdicts_come_first_and_the_data_last(page: str) -> None:
    headings = Outline(page).text["h2"]
    assert headings == [
        *("Doubts", "Results", "Ratios", "Throughput by number of clients", "Latency at a fixed rate"),
        *("Streams: first byte and gaps", "Memory", "Round by round", "Failures", "Setup", "The data"),
    ]
    assert page.index('class="verdicts"') < page.index("<h2>Doubts") < page.index('class="legend"')


def test_text_of_apps_and_machines_is_escaped() -> None:
    made = everything()
    machine = replace(made.machine, cpu=f"{EVIL}\ud800", system=EVIL, python=EVIL, packages={EVIL: EVIL})
    entrants = [replace(each, label=f"{each.label} {EVIL}", command=(EVIL,)) for each in made.entrants]
    questions = [replace(each, request=EVIL, reveals=EVIL) for each in made.questions]
    more: dict[str, Any] = {
        "target": EVIL,
        "machine": machine,
        "entrants": entrants,
        "questions": questions,
        "options": {EVIL: EVIL},
    }
    evil = replace(made, **more)
    found = render(evil, sections(evil))
    scripts = Outline(found).all("script")
    assert scripts == [{"type": "application/json", "id": "record"}, {}]
    assert "alert(1)" in found
    assert "<script>alert" not in found
    assert "\x1b" not in found
    assert found.encode("utf-8")
    assert Record.from_json(json.loads(data_of(found))) == evil


def test_the_page_contains_the_data(page: str) -> None:
    assert Record.from_json(json.loads(data_of(page))) == everything()
    text = json.dumps(everything().to_json())
    assert data_of(text) == text


def test_the_page_loads_nothing_from_a_network(page: str) -> None:
    outline = Outline(page)
    assert {each["href"] for each in outline.all("link")} == {"data:,"}
    assert not [attributes for _, attributes in outline.found if "src" in attributes or "srcset" in attributes]
    # References are to the page itself; the name of a namespace is not an address.
    assert all((attributes.get("href") or "#").startswith(("#", "data:,")) for _, attributes in outline.found)
    assert not re.search(r"@import|url\(", page)
    assert "default-src 'none'" in page


def test_ids_are_unique_and_pictures_are_named(page: str) -> None:
    outline = Outline(page)
    ids = [attributes["id"] for _, attributes in outline.found if "id" in attributes]
    assert len(ids) == len(set(ids))
    pictures = [each for each in outline.all("svg") if "preserveaspectratio" not in each]
    assert pictures
    assert all(each.get("aria-hidden") == "true" or each.get("aria-label") for each in pictures)
    assert all(each.get("aria-label") for each in outline.all("figure") if each.get("role") == "group")


def test_each_contender_has_one_switch_and_the_same_number_in_all_charts(page: str) -> None:
    outline = Outline(page)
    assert [each["data-switch"] for each in outline.all("button") if "data-switch" in each] == ["0", "1"]
    series = {attributes["data-series"] for _, attributes in outline.found if attributes.get("data-series")}
    assert series == {"0", "1"}
    assert all(each["aria-pressed"] == "true" for each in outline.all("button") if "data-switch" in each)


def test_every_column_of_the_tables_is_explained(page: str) -> None:
    heads = re.findall(r"<thead><tr>(.*?)</tr></thead>", page)
    names = {name.partition(" @")[0] for head in heads for name in re.findall(r'<th scope="col">(.*?)</th>', head)}
    explained = set(re.findall(r"<dt>(.*?)</dt>", page[page.index('class="key"') : page.index("<h2>Ratios")]))
    assert {"requests/s", "ratio", "first byte", "held"} <= explained
    assert explained <= names


def test_marks_are_at_the_positions_of_their_values(page: str) -> None:
    """The script reads the values from the table, and needs the position of each value."""
    rows = re.findall(r'<tr data-across="([\d.]+)">(.*?)</tr>', page)
    assert rows
    assert all(0 <= float(across) <= 100 for across, _ in rows)
    cells = [cell for _, row in rows for cell in re.findall(r"<td([^>]*)>([^<]*)</td>", row)]
    assert all(("data-up=" in attributes) is bool(text) for attributes, text in cells)


def test_the_method_is_described_in_words() -> None:
    made = everything()
    there = [replace(each, server="https://blue.example.org/", command=()) for each in made.entrants[:1]]
    machines = [{"host": "red", "cores": 2}, {"host": "green", "cores": 4}]
    options = {"engine": "locust", "apart": True, "machines": machines}
    remote = replace(made, entrants=[*there, *made.entrants[1:]], options=options)
    found = render(remote, sections(remote))
    assert '<pre tabindex="0">https://blue.example.org/</pre>' in found
    assert "<dt>machines</dt><dd>host red, cores 2; host green, cores 4</dd>" in found
    assert "<dt>apart</dt><dd>yes</dd>" in found
    assert "Loopback" not in found
    assert "Loopback" in render(made, sections(made))


def test_a_record_without_measurements_has_a_page() -> None:
    made = record([], [], entrants=[], interrupted=True)
    outline = Outline(render(made, sections(made)))
    assert "Nothing was measured." in outline.text["li"]
    assert "interrupted" in outline.text["b"]
    assert "Ratios" not in outline.text["h2"]
