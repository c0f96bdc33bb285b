"""The JSON file: round trip, and invalid files."""

import json

import pytest

from gateways.compare.record import SCHEMA, Exclusion, Record
from tests.gateways.compare.making import UVICORN, WAITRESS, cell, measured, record


def test_a_record_survives_json() -> None:
    cells = [cell(UVICORN, measured(100)), cell(WAITRESS, measured(50, missing=3), start=1, offered=20.0)]
    made = record(cells, exclusions=[Exclusion(WAITRESS, "hello", "because")], interrupted=True)
    data = json.loads(json.dumps(made.to_json(), allow_nan=False))
    assert data["schema"] == SCHEMA
    assert Record.from_json(data) == made


def test_keys_of_a_later_minor_version_are_ignored() -> None:
    made = record([cell(UVICORN, measured(100))])
    data = json.loads(json.dumps(made.to_json()))
    data["schema"] = "gateways-compare/1.7"
    data["moon"] = data["machine"]["moon"] = data["cells"][0]["moon"] = data["entrants"][0]["moon"] = "full"
    data["cells"][0]["measured"]["moon"] = data["questions"][0]["moon"] = data["cells"][0]["peak"]["moon"] = "full"
    assert Record.from_json(data) == made


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([], "not a file of gateways compare: its schema is None"),
        ({"schema": "k6"}, "not a file of gateways compare: its schema is 'k6'"),
        (
            {"schema": "gateways-compare/2.0"},
            "its schema is 'gateways-compare/2.0'; this version of gateways reads",
        ),
        ({"schema": SCHEMA}, "damaged: KeyError"),
        ({**record([]).to_json(), "cells": [{"measured": {}}]}, "damaged: KeyError"),
    ],
)
def test_a_different_file_is_refused_with_the_reason(data: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Record.from_json(data)
