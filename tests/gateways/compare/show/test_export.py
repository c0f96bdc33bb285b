"""Markdown and CSV."""

import csv
import io

from gateways.compare.judge.analysis import sections
from gateways.compare.show.export import FIELDS, command_lines, markdown, table_of_values
from tests.gateways.compare.making import STEADY, UVICORN, WAITRESS, cell, entrant, measured, record, scaled, slices


def test_markdown_has_verdicts_and_tables_and_doubts_and_commands() -> None:
    made = record([*slices(UVICORN, STEADY), *slices(WAITRESS, scaled(0.4))], interrupted=True)
    text = markdown(made, sections(made))
    assert text.startswith("# the reference app, compared\n\n- hello: no contender is faster than asgi uvicorn")
    assert "| contender | requests/s | ratio |" in text
    assert "| wsgi waitress·4 | 4,040 | 0.40 [0.40–0.40] | b |" in text
    assert "- **interrupted**: " in text
    assert "A CPU, 2 cores; Linux 6; CPython 3.11.7; uvicorn 1." in text


def test_csv_has_plain_numbers() -> None:
    latency = [cell(UVICORN, measured(4000, 0.5), offered=4000.0), cell(UVICORN, measured(8000, 2), offered=8000.0)]
    made = record([*slices(UVICORN, STEADY), *slices(WAITRESS, scaled(0.4), failed={"closed": 1}), *latency])
    rows = list(csv.DictReader(io.StringIO(table_of_values(sections(made)))))
    assert tuple(rows[0]) == FIELDS
    assert [(row["contender"], row["rate"], row["offered"], row["p50"], row["tie"]) for row in rows] == [
        ("asgi:uvicorn", "10100", "4000", "0.00050176", "yes"),
        ("asgi:uvicorn", "10100", "8000", "0.00200704", "yes"),
        ("wsgi:waitress", "4040", "", "", "no"),
    ]
    assert (rows[2]["failures"], rows[2]["ratio"], rows[2]["threads"]) == ("8", "0.4", "4")


def test_commands_can_be_pasted_into_a_shell() -> None:
    made = record(slices(UVICORN, STEADY))
    one = entrant(UVICORN)
    command = ("python", "-m", "uvicorn", "--port", "{port}", "a:app")
    made.entrants = [type(one)(**{**vars(one), "command": command, "environment": {"A": '{"b": 1}'}})]
    assert command_lines(made) == ["A='{\"b\": 1}' python -m uvicorn --port {port} a:app"]
