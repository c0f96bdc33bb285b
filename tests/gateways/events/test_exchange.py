"""Summaries of exchanges, from literal events."""

import pytest

from gateways.events.events import Body, Event
from gateways.events.exchange import access_line, begin

SCOPE = {"type": "http", "method": "GET", "path": "/a b", "query_string": b"n=\xc3\xa9", "http_version": "1.1"}


def event(when: float, kind: str, data: object) -> Event:
    return (when, 1, 1, kind, data)


@pytest.mark.parametrize(
    ("kind", "data", "heading"),
    [
        ("scope", SCOPE, "GET /a%20b?n=%C3%A9 HTTP/1.1"),
        ("scope", {**SCOPE, "raw_path": b"/a%20b", "http_version": "2"}, "GET /a%20b?n=%C3%A9 HTTP/2"),
        ("scope", {"type": "websocket", "path": "/ws"}, "WebSocket /ws"),
        ("scope", {"type": "lifespan"}, "lifespan"),
        (
            "environ",
            {"REQUEST_METHOD": "POST", "SCRIPT_NAME": "/app", "PATH_INFO": "/\xe9", "SERVER_PROTOCOL": "HTTP/1.0"},
            "POST /app/%E9 HTTP/1.0",
        ),
        ("request", ("PUT\x1b", b"/x", b"", "1.1"), "PUT\\x1b /x HTTP/1.1"),
    ],
)
def test_the_heading_contains_the_request_and_cannot_move_the_cursor(kind: str, data: object, heading: str) -> None:
    assert begin(1, event(0.0, kind, data)).heading == heading


def test_status_and_bytes_of_asgi_come_from_sent_messages() -> None:
    exchange = begin(1, event(10.0, "scope", SCOPE))
    exchange.add(event(10.1, "receive", {"type": "http.request", "body": b"not counted"}))
    exchange.add(event(10.2, "send", {"type": "http.response.start", "status": 201}))
    exchange.add(event(10.3, "send", {"type": "http.response.body", "body": b"abc", "more_body": True}))
    exchange.add(event(10.4, "send", {"type": "http.response.body", "body": Body(5000, b"x")}))
    exchange.add(event(10.5, "end", None))
    assert exchange.summary() == "201 · 5,003 bytes · 500.00 ms"


def test_the_status_of_wsgi_is_that_of_the_last_start_response_and_bytes_are_blocks_and_writes() -> None:
    exchange = begin(1, event(0.0, "environ", {"REQUEST_METHOD": "GET"}))
    exchange.add(event(0.0, "start_response", ("200 OK", [], False)))
    exchange.add(event(0.0, "start_response", ("500 Oops", [], True)))
    exchange.add(event(0.0, "write", b"12"))
    exchange.add(event(0.0, "block", b"345"))
    exchange.add(event(0.001, "end", None))
    assert exchange.summary() == "500 · 5 bytes · 1.00 ms"
    assert not exchange.good


def test_the_size_of_a_file_sent_by_the_server_comes_from_its_headers() -> None:
    exchange = begin(1, event(0.0, "environ", {"REQUEST_METHOD": "GET"}))
    exchange.add(event(0.0, "start_response", ("200 OK", [("A", "b"), ("Content-length", "9000")], False)))
    exchange.add(event(0.0, "file", "FileWrapper"))
    exchange.add(event(0.0, "end", None))
    assert exchange.summary() == "200 · 9,000 bytes · 0.00 ms"


def test_an_app_that_raised_before_its_response_headers_has_no_status() -> None:
    exchange = begin(1, event(0.0, "scope", SCOPE))
    exchange.add(event(0.0, "raised", "ValueError('x')"))
    exchange.add(event(0.002, "end", None))
    assert exchange.summary() == "no status · 0 bytes · 2.00 ms · ValueError('x')"


def test_an_app_that_raised_after_its_response_headers_has_failed() -> None:
    exchange = begin(1, event(0.0, "scope", SCOPE))
    exchange.add(event(0.0, "send", {"type": "http.response.start", "status": 200}))
    assert exchange.good
    exchange.add(event(0.0, "raised", "ValueError('x')"))
    exchange.add(event(0.002, "end", None))
    assert exchange.summary() == "200 · 0 bytes · 2.00 ms · ValueError('x')"
    assert not exchange.good


def test_a_lifespan_has_no_status() -> None:
    exchange = begin(1, event(0.0, "scope", {"type": "lifespan"}))
    exchange.add(event(0.002, "end", None))
    assert exchange.summary() == "over · 2.00 ms"
    assert exchange.good


def test_an_exchange_is_over_when_its_response_and_its_program_have_ended() -> None:
    exchange = begin(1, event(0.0, "request", ("GET", "/background", b"", "1.1")))
    exchange.add(event(0.0, "process", (1, "app.py")))
    exchange.add(event(0.0, "answer", (202, [])))
    exchange.add(event(0.0, "body", b"{}"))
    exchange.add(event(0.5, "end", None))
    assert not exchange.over
    exchange.add(event(1.0, "exit", 0))
    assert exchange.over
    assert exchange.summary() == "202 · 2 bytes · 500.00 ms"


def test_the_access_line_is_always_one_line() -> None:
    line = access_line("asgi", ("GET\n", "/x\r\n", b"\x1b[31m", 200, 1234, 0.00045, ""))
    assert line == "ASGI  200  GET\\n /x%0D%0A?%1B[31m  1,234 bytes  0.45 ms"
    line = access_line("cgi", ("GET", "/", b"", 0, 0, 0.001, "raised\n"))
    assert line == "CGI   ---  GET /  0 bytes  1.00 ms  raised\\n"
