"""A literal trace as JSON, and its documented schema."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from gateways.events.events import Body, Opaque
from gateways.trace.document import plain, to_json
from gateways.trace.steps import of_connection
from gateways.trace.wire import Piece
from tests.gateways.trace.literal import trace

DOCUMENT = (Path(__file__).parents[3] / "docs" / "trace-schema.md").read_text()
TRACE = DOCUMENT.partition("## gateways.timeline/1")[0]


def documented(table: str) -> set[str]:
    """Return the keys in the first column of the table after that text."""
    rows = TRACE[TRACE.index(table) :].partition("|---|---|\n")[2].partition("\n\n")[0]
    return {key for row in rows.splitlines() for key in re.findall(r"`(\w+)`", row.split("|")[1])}


def test_the_json_has_the_documented_keys() -> None:
    made = json.loads(json.dumps(to_json(trace("WSGIToASGI"))))
    assert set(made) == documented("## gateways.trace/1")
    assert all(set(step) == documented("A **step** has") for step in made["steps"])
    assert set(made["response"]) == {
        "start_line",
        "headers",
        "framing",
        "length",
        "complete",
        "status",
        "first_byte_ms",
        "total_ms",
    }


def test_the_json_has_the_expected_values() -> None:
    made = to_json(trace("WSGIToASGI"))
    assert made["schema"] == "gateways.trace/1"
    assert made["adapter"] == {"name": "WSGIToASGI", "hop_ms": 2.0}
    assert made["response"]["status"] == 200
    assert (made["response"]["first_byte_ms"], made["response"]["total_ms"]) == (200.0, 201.0)
    assert [line["layer"] for line in made["lifelines"]] == ["transport", "protocol", "adapter", "application"]
    (raised,) = (step for step in made["steps"] if step["wrong"])
    assert raised["at_ms"] == 5.0
    assert (raised["from"], raised["to"], raised["process"], raised["thread"]) == (3, 2, 7, "worker-1")


def test_without_an_adapter_the_value_of_its_key_is_null() -> None:
    assert to_json(trace())["adapter"] is None


OPENED = of_connection(
    [
        Piece(1.0, "in", b"GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"),
        Piece(1.1, "out", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"),
    ]
)


@pytest.mark.parametrize(
    ("interface", "mode", "server", "adapter", "said"),
    [
        ("asgi", "asgi", "uvicorn", "", ""),
        ("asgi", "wsgi", "waitress", "ASGIToWSGI", "ASGIToWSGI took the connection over from waitress"),
        ("wsgi", "wsgi", "gunicorn", "", "the frames on the client's connection."),
        ("wsgi", "asgi", "uvicorn", "WSGIToASGI", "connection and the ASGI messages of WSGIToASGI."),
    ],
)
def test_the_unobservable_part_of_a_websocket_is_described(
    interface: str, mode: str, server: str, adapter: str, said: str
) -> None:
    served = replace(trace().served, interface=interface, mode=mode, server=server, adapter=adapter)
    note = replace(trace(), served=served, connection=OPENED).note
    assert said in note if said and note else note is None and not said
    assert replace(trace(), served=served).note is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"\xffa", {"bytes": "\xffa"}),
        (Body(900, b"\xff"), {"bytes": "\xff", "length": 900}),
        (Body(900, "text"), {"text": "text", "length": 900}),
        (Opaque("<x>"), {"object": "<x>"}),
        ({"a": [(b"b", 1)], b"k": None}, {"a": [[{"bytes": "b"}, 1]], "k": None}),
        (("x", 1.5, True), ["x", 1.5, True]),
    ],
)
def test_values_without_a_json_type_are_converted(value: object, expected: object) -> None:
    assert plain(value) == expected
    json.dumps(plain(value))
