"""The table of the peers: how outcomes are counted, and whether docs/peers.md is of this suite."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.peers.clauses import Chapter, Clause, chapters
from tests.peers.page import Column, cell, render

PAGE = Path(__file__).parents[2] / "docs" / "peers.md"


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


def test_what_could_not_be_tried_does_not_count() -> None:
    clauses = [Clause(f"test_a.py::test_{name}", "PEP 3333") for name in ("one", "two", "three")]
    outcomes = {clauses[0].test: {"": "passed"}, clauses[1].test: {"": "skipped"}, clauses[2].test: {"": "failed"}}
    page = render([Chapter("A file", clauses)], [Column("peer", "`peer`", "1.0", outcomes)], "2026-01-01", "a machine")
    assert "| **met** | **1 of 2** |" in page


def test_what_only_we_promise_is_counted_apart() -> None:
    asked, ours = (
        Clause("test_a.py::test_this_is_asked_for", "PEP 3333"),
        Clause("test_a.py::test_this_is_ours", "Ours"),
    )
    column = Column("peer", "`peer`", "1.0", {asked.test: {"": "passed"}, ours.test: {"": "failed"}})
    page = render([Chapter("A file", [asked, ours])], [column], "2026-01-01", "a machine")
    assert "| **met** | **1 of 1** |" in page
    assert "| ours | 0 of 1 |" in page
    assert "| This is asked for | PEP 3333 | yes |" in page


def test_every_clause_names_its_source() -> None:
    known = ("PEP ", "RFC ", "ASGI", "Safety", "Ours")
    assert [clause for chapter in chapters() for clause in chapter.clauses if not clause.source.startswith(known)] == []


def test_the_page_is_of_this_suite() -> None:
    """Where this fails, `make peers` is due."""
    rows = {line.split(" | ")[0].removeprefix("| ") for line in PAGE.read_text().splitlines() if line.startswith("| ")}
    assert [clause for chapter in chapters() for clause in chapter.clauses if clause.sentence not in rows] == []
