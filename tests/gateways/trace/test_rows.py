"""Rows from literal events."""

import pytest

from gateways.events.events import Body, Event, Opaque
from gateways.trace.rows import MAX_ROWS, Row, row, rows, show


@pytest.mark.parametrize(
    ("kind", "data", "expected"),
    [
        (
            "scope",
            {"type": "http", "headers": [(b"a", b"1"), (b"b", b"2"), (b"c", b"3")], "state": {}},
            Row(
                0.5,
                "in",
                "scope",
                fields=(
                    ("type", ("'http'",)),
                    ("headers", ("[(b'a', b'1'),", " (b'b', b'2'),", " (b'c', b'3')]")),
                    ("state", ("{}",)),
                ),
            ),
        ),
        ("receive", {"type": "http.disconnect"}, Row(0.5, "in", "receive", "{'type': 'http.disconnect'}")),
        ("send", {"body": Body(9000, b"xy")}, Row(0.5, "out", "send", "{'body': b'xy'… 9,000 bytes}")),
        ("environ", {"wsgi.input": Opaque("<in>")}, Row(0.5, "in", "environ", fields=(("wsgi.input", ("<in>",)),))),
        ("read", ("read", (3,), b"abc"), Row(0.5, "in", "wsgi.input", "read(3) → b'abc'")),
        (
            "start_response",
            ("200 OK", [("A", "b")], False),
            Row(0.5, "out", "start_response", "'200 OK', [('A', 'b')]"),
        ),
        ("start_response", ("500 No", [], True), Row(0.5, "out", "start_response", "'500 No', [], exc_info")),
        ("returned", ("list", 1), Row(0.5, "out", "returned", "list of 1")),
        ("returned", ("generator", None), Row(0.5, "out", "returned", "generator")),
        ("returned", None, Row(0.5, "out", "returned")),
        (
            "file",
            "W",
            Row(0.5, "out", "file", "the app returned the server's own W, so the server sends the file itself"),
        ),
        ("close", None, Row(0.5, "in", "close")),
        ("raised", "OSError('\x1b')", Row(0.5, "out", "raised", "OSError('\\x1b')")),
        ("process", (12, "/a/app.py"), Row(0.5, "in", "process", "12 runs /a/app.py")),
        ("stdin", b"x=1", Row(0.5, "in", "stdin", "b'x=1'")),
        ("stdout", b"", Row(0.5, "out", "stdout", "closed")),
        ("exit", 1, Row(0.5, "out", "exit", "1")),
        ("exit", -15, Row(0.5, "out", "exit", "by signal 15")),
        ("answer", (200, [(b"a", b"b")]), Row(0.5, "out", "response headers", "200, [(b'a', b'b')]")),
    ],
)
def test_each_kind_of_event_has_its_row(kind: str, data: object, expected: Row) -> None:
    assert row((10.5, 1, 1, kind, data), began=10.0) == expected


@pytest.mark.parametrize("kind", ["end", "request", "body"])
def test_some_events_are_only_counted(kind: str) -> None:
    assert row((0.0, 1, 1, kind, None), 0.0) is None


def test_the_first_and_last_pieces_of_a_long_body_are_shown() -> None:
    def events(pieces: int) -> list[Event]:
        blocks = [
            (float(n), 1, 1, "read" if n % 2 else "block", ("read", (), b"") if n % 2 else b"") for n in range(pieces)
        ]
        return [(0.0, 1, 1, "start_response", ("200 OK", [], False)), *blocks, (float(pieces), 1, 1, "close", None)]

    assert [row.at for row in rows(events(MAX_ROWS), 0.0)] == [0.0, *map(float, range(MAX_ROWS)), MAX_ROWS]
    shown = rows(events(100), 0.0)
    assert [row.at for row in shown] == [0.0, *map(float, range(MAX_ROWS - 1)), 98.0, 99.0, 100.0]
    assert shown[-3] == Row(98.0, "", "…", "88 more steps like these")


def test_values_are_shown_in_python_notation() -> None:
    value = {"a": [1, None, (b"x",)], b"k": ("y", 2.5), "": []}
    assert show(value) == repr(value)


def test_unprintable_names_are_quoted() -> None:
    made = row((0.0, 1, 1, "environment", {"X\n": "1"}), 0.0)
    assert made is not None
    assert made.fields == (("'X\\n'", ("'1'",)),)
