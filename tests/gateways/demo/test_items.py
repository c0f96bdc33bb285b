"""Events as items: grouped by request, numbered as on the terminal, long bodies shortened, bytes kept as bytes."""

import json
from typing import Any

from gateways.demo.items import Converter, Item
from gateways.events.events import Batch, Body, Event, Opaque
from gateways.serving.server import Mode


def batch(*events: Event, mode: Mode = "wsgi", process: int = 7) -> Batch:
    return Batch(process, mode, {1: "waitress-0"}, events)


def convert(*events: Event, converter: Converter | None = None, mode: Mode = "wsgi") -> list[Item]:
    items = (converter or Converter()).convert(mode, batch(*events, mode=mode))
    json.dumps(items)  # any value can be converted
    return items


def environ(when: float, exchange: int, **more: Any) -> Event:
    values = {"REQUEST_METHOD": "GET", "PATH_INFO": "/hello", "QUERY_STRING": "", "SERVER_PROTOCOL": "HTTP/1.1"}
    return (when, 1, exchange, "environ", {**values, **more})


def test_a_request_has_a_beginning_and_steps_and_an_end() -> None:
    items = convert(
        environ(2.0, 1, REMOTE_PORT="4711", **{"wsgi.input": Opaque("<stream>")}),
        (2.001, 1, 1, "start_response", ("200 OK", [("X", "y")], False)),
        (2.002, 1, 1, "block", b"\xffhi"),
        (2.003, 1, 1, "end", None),
    )
    begin, first, second, third, end = items
    assert begin == {
        "lane": "wsgi", "request": 1, "when": 2.0, "kind": "begin", "heading": "GET /hello HTTP/1.1", "process": 7,
    }  # fmt: skip
    assert (first["step"], first["port"], first["thread"]) == ("environ", 4711, [7, "waitress-0"])
    assert first["data"]["wsgi.input"] == {"object": "<stream>"}
    assert (second["at"], second["way"], second["what"], second["text"]) == (1.0, "out", "start_response", "'200 OK'")
    assert second["data"] == ["200 OK", [["X", "y"]], False]
    assert third["data"] == {"bytes": "\xffhi"}
    assert (end["kind"], end["summary"], end["good"]) == ("end", "200 · 3 bytes · 3.00 ms", True)


def test_concurrent_requests_are_separated_and_numbered_by_mode() -> None:
    converter = Converter()
    first = convert(environ(1.0, 1), environ(1.1, 2), (1.2, 1, 1, "block", b"a"), converter=converter)
    assert [(item["request"], item["kind"]) for item in first] == [
        (1, "begin"), (1, "step"), (1, "step"), (2, "begin"), (2, "step"),
    ]  # fmt: skip
    again = convert((1.3, 1, 2, "block", b"b"), (1.4, 1, 2, "end", None), converter=converter)
    assert [item["request"] for item in again] == [2, 2]
    scope = {"type": "lifespan", "asgi": {}}
    assert convert((1.0, 1, 1, "scope", scope), converter=converter, mode="asgi")[0]["request"] == 1


def test_events_after_the_end_of_a_request_are_dropped() -> None:
    converter = Converter()
    convert(environ(1.0, 1), (1.1, 1, 1, "end", None), converter=converter)
    assert convert((1.2, 1, 1, "block", b"late"), converter=converter) == []


def test_the_first_and_last_pieces_of_a_long_body_are_shown_and_all_are_counted() -> None:
    blocks: list[Event] = [(1.0 + number / 1000, 1, 1, "block", Body(65536, b"x" * 200)) for number in range(100)]
    head: Event = (1.0, 1, 1, "start_response", ("200 OK", [], False))
    items = convert(environ(1.0, 1), head, *blocks, (1.2, 1, 1, "end", None))
    steps = [item for item in items if item.get("step") == "block"]
    (more,) = [item for item in items if item["kind"] == "more"]
    assert len(steps) + more["skipped"] == 100
    assert (len(steps), steps[-1]["at"]) == (12, 99.0)
    assert steps[0]["data"] == {"bytes": "x" * 200, "length": 65536}
    assert items[-1]["summary"].startswith("200 · 6,553,600 bytes · ")


def test_a_program_has_the_name_of_its_own_process_until_it_ends() -> None:
    converter = Converter()
    items = convert(
        (1.0, 1, 1, "request", ("GET", "/hello", b"", "1.1")),
        (1.1, 1, 1, "environment", {"REMOTE_PORT": "4711"}),
        (1.2, 1, 1, "process", (99, "/app.py")),
        (1.3, 1, 1, "stdout", b"Status: 200 OK\r\n\r\n"),
        (1.4, 1, 1, "end", None),
        converter=converter, mode="cgi",
    )  # fmt: skip
    steps = {item["step"]: item for item in items if item["kind"] == "step"}
    assert steps["environment"]["port"] == 4711
    assert steps["process"]["thread"] == [7, "waitress-0"]
    assert steps["stdout"]["thread"] == [99, "the program"]
    (late,) = convert((1.5, 1, 1, "exit", 0), converter=converter, mode="cgi")
    assert (late["step"], late["thread"]) == ("exit", [99, "the program"])
    assert convert((1.6, 1, 1, "stderr", "x"), converter=converter, mode="cgi") == []


def test_requests_without_steps_have_one_line() -> None:
    client = ("127.0.0.1", 4711)
    data = ("GET", b"/hello", b"name=you", 404, 1234, 0.0005, "", client, "1.1")
    begin, end = convert((1.0, 1, 1, "access", data))
    assert begin["heading"] == "GET /hello?name=you"
    assert (end["summary"], end["good"]) == ("404 · 1,234 bytes · 0.50 ms", False)


def test_data_of_a_client_cannot_break_the_feed_and_is_not_lost() -> None:
    (begin, step) = convert(environ(1.0, 1, PATH_INFO="/\x1b[31m\ud800", HTTP_X="</script>\u2028"))
    assert begin["heading"].isprintable()
    assert step["data"]["HTTP_X"] == "</script>\u2028"
