"""The tables of other adapters: outcomes are counted correctly, and docs/peers.md matches the suites."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.peers.clauses import Chapter, Clause
from tests.peers.page import Column, cell, render, section, sections
from tests.peers.suites import SUITES, Suite

PAGE = Path(__file__).parents[2] / "docs" / "peers.md"
SUITE = Suite("there_and_back", "There and back", "on any loop", {})

each_suite = pytest.mark.parametrize("suite", SUITES.values(), ids=SUITES)


def section_of(clauses: list[Clause], *columns: Column) -> str:
    return section(SUITE, [Chapter("A file", clauses)], list(columns), "2026-01-01", "a machine")


@pytest.mark.parametrize(
    ("outcomes", "word"),
    [
        ({}, "–"),
        ({"": "skipped"}, "–"),
        ({"": "passed"}, "yes"),
        ({"": "failed"}, "no"),
        ({"a": "passed", "b": "skipped"}, "yes"),
        ({"a": "passed", "b": "failed", "c": "hung"}, "1 of 3"),
        ({"a": "hung", "b": "failed"}, "hung"),
        ({"a": "crashed"}, "crashed"),
    ],
)
def test_a_clause_is_met_if_all_its_cases_pass(outcomes: dict[str, str], word: str) -> None:
    assert cell(outcomes) == word


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("test_the_apps_close_code_reaches_the_client", "The app's close code reaches the client"),
        ("test_close_ends_the_servers_threads", "Close ends the server's threads"),
        ("test_apps_and_clients_differ", "Apps and clients differ"),
        ("test_utf_8_is_not_ascii", "UTF-8 is not ASCII"),
    ],
)
def test_a_row_is_written_as_prose(name: str, sentence: str) -> None:
    assert Clause(f"test_a.py::{name}", "PEP 3333").sentence == sentence


def test_untestable_clauses_do_not_count() -> None:
    clauses = [Clause(f"test_a.py::test_{name}", "PEP 3333") for name in ("one", "two", "three")]
    outcomes = {clauses[0].test: {"": "passed"}, clauses[1].test: {"": "skipped"}, clauses[2].test: {"": "failed"}}
    assert "| **met** | **1 of 2** |" in section_of(clauses, Column("peer", "peer", "1.0", outcomes))


def test_promises_of_this_project_only_are_counted_separately() -> None:
    asked, ours = (
        Clause("test_a.py::test_this_is_asked_for", "PEP 3333"),
        Clause("test_a.py::test_this_is_ours", "Ours"),
    )
    column = Column("peer", "peer", "1.0", {asked.test: {"": "passed"}, ours.test: {"": "failed"}})
    page = section_of([asked, ours], column)
    assert "| **met** | **1 of 1** |" in page
    assert "| ours | 0 of 1 |" in page
    assert "| This is asked for | PEP 3333 | yes |" in page


def test_a_section_can_be_regenerated_separately() -> None:
    peer = Column("peer", "peer", "1.0", {})
    old, new = (section_of([Clause(f"test_a.py::test_{name}", "PEP 3333")], peer) for name in ("old", "new"))
    page = render({"first": old.replace("there_and_back", "first"), "second": old.replace("there_and_back", "second")})
    parts = sections(page)
    assert list(parts) == ["first", "second"]
    assert render(parts) == page
    again = render({**parts, "second": new})
    assert parts["first"] in again
    assert new in again
    assert parts["second"] not in again


def test_the_page_begins_with_a_summary_of_all_adapters() -> None:
    clauses = [Clause("test_a.py::test_one", "PEP 3333")]
    columns = [Column(name, name, "1.0", {clauses[0].test: {"": "passed"}}) for name in ("a", "b", "c")]
    first, second = section_of(clauses, columns[0], columns[1]), section_of(clauses, columns[0], columns[2])
    page = render({"first": first, "second": second.replace("There and back", "Back")})
    beginning = page[: page.index("<!-- suite")]
    assert "\n|  | a | b | c |\n" in beginning
    assert "\n| There and back | **1 of 1** | **1 of 1** |  |\n" in beginning
    assert "\n| Back | **1 of 1** |  | **1 of 1** |\n" in beginning


@each_suite
def test_every_clause_names_its_source(suite: Suite) -> None:
    known = ("PEP ", "RFC ", "ASGI", "Safety", "Ours")
    clauses = [clause for chapter in suite.chapters() for clause in chapter.clauses]
    assert clauses
    assert [clause for clause in clauses if not clause.source.startswith(known)] == []


@each_suite
def test_the_page_contains_this_suite(suite: Suite) -> None:
    """If this fails, run `make peers`."""
    assert render(sections(PAGE.read_text())) == PAGE.read_text()
    lines = sections(PAGE.read_text())[suite.name].splitlines()
    rows = {tuple(line.removeprefix("| ").split(" | ")[:2]) for line in lines if line.startswith("| ")}
    clauses = [clause for chapter in suite.chapters() for clause in chapter.clauses]
    assert [clause for clause in clauses if (clause.sentence, clause.source) not in rows] == []
    assert suite.remark in "\n".join(lines)
