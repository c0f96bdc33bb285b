"""Bars, sparklines, columns that fit, and files written atomically."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from gateways.compare.judge.analysis import sections
from gateways.compare.record import NULL, SCHEMA
from gateways.compare.show.screen import Screen, bar, found_so_far, show, sparkline
from gateways.compare.show.table import table
from tests.gateways.compare.making import STEADY, UVICORN, WAIT, WAITRESS, cell, measured, record, scaled, slices

MADE = record([*slices(UVICORN, STEADY), *slices(WAITRESS, scaled(0.4)), *slices(NULL, scaled(5))])


def shown(width: int) -> str:
    out = io.StringIO()
    show(Console(file=out, width=width, markup=False, highlight=False), MADE, sections(MADE))
    return out.getvalue()


def test_the_length_of_a_bar_is_its_share() -> None:
    assert [bar(share, 4) for share in (0, 0.001, 0.25, 0.53, 1)] == ["", "▏", "█", "██▏", "████"]


def test_the_height_of_a_sparkline_block_is_its_share() -> None:
    assert sparkline([0, 50, 100]) == "▁▅█"
    assert sparkline([0, 0]) == "▁▁"


def test_the_report_has_tables_and_verdicts_and_the_machine() -> None:
    text = shown(200)
    assert "hello: GET /hello by 64 clients" in text
    assert "████████  asgi uvicorn" in text
    assert "• hello: no contender is faster than asgi uvicorn" in text
    assert "A CPU, 2 cores (server on 1, client on 0), Linux 6, CPython 3.11.7, uvicorn 1; seed 1." in text
    assert NULL not in text.partition("•")[0]


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
def test_on_a_narrow_terminal_every_column_is_in_one_of_several_tables(width: int) -> None:
    text = shown(width).partition("•")[0]
    assert all(len(line) <= width for line in text.splitlines())
    assert "…" not in text
    assert all(name in text for name in table(sections(MADE)[0]).columns)
    rows = [line for line in text.splitlines() if "wsgi waitress·4" in line]
    assert "4,040" in rows[0]
    assert any("20 MB" in row for row in rows)
    assert (len(rows) > 1) == (width < 100)


def test_a_report_without_measurements_names_the_reasons() -> None:
    out = io.StringIO()
    empty = record([], interrupted=True)
    show(Console(file=out, width=100), empty, sections(empty))
    assert out.getvalue().startswith("Nothing was measured.\n")


def test_during_the_run_medians_are_shown_as_bars() -> None:
    made = record([*MADE.cells, cell(UVICORN, measured(3000), WAIT, connections=200)], [*MADE.questions, WAIT])
    out = io.StringIO()
    Console(file=out, width=100).print(found_so_far(made))
    lines = [line.split() for line in out.getvalue().splitlines()]
    assert lines[0] == ["hello"]
    assert lines[1][:2] == ["asgi", "uvicorn"]
    assert lines[2][-2] == "4,040"
    assert lines[3] == ["wait,", "200", "clients"]


def test_without_a_terminal_each_step_is_a_line() -> None:
    out = io.StringIO()
    with Screen(Console(file=out, width=100), 60.0, None) as screen:
        screen.now("starting the servers")
        for number in range(3):
            screen.now(f"64 clients that ask without a pause: round {number}", "hello")
            screen.measured(MADE, 20.0)
        screen.longer(60.0)
        screen.now("64 clients that ask", "json")
    assert out.getvalue().splitlines() == [
        "starting the servers (1m00s left)",
        "hello: 64 clients that ask without a pause (1m00s left)",
        "json: 64 clients that ask (0m30s left)",  # from the speed so far
    ]


def test_the_record_is_saved_during_the_run(tmp_path: Path) -> None:
    file = tmp_path / "out.json"
    Screen(Console(file=io.StringIO()), 1.0, file).keep(MADE)
    assert file.read_text().startswith(f'{{"schema": "{SCHEMA}"')
