"""Valid response headers, and their ASGI form: PEP 3333, "The start_response() Callable", "Unicode Issues"."""

from __future__ import annotations

import sys
import time
from email.utils import formatdate
from types import ModuleType
from typing import Any

import pytest

from tests.adapters.wsgi_to_asgi.apps import Returning, Starting
from tests.adapters.wsgi_to_asgi.serving import Serve


def refused(serve: Serve, status: Any, headers: Any) -> None:
    """Assert that start_response() itself raises, and that nothing is sent."""
    app = Starting(lambda start: start(status, headers))
    exchange = serve(app)
    exchange.wait_end()
    assert isinstance(app.error, Exception), "start_response() accepted it"
    assert exchange.sent == []


def runs_under(monkeypatch: pytest.MonkeyPatch, server: str) -> None:
    """Let a module be loaded that this server imports when it runs. tests/adapters/conftest.py hides the others."""
    name = {"uvicorn": "uvicorn.protocols.http", "hypercorn": "hypercorn.protocol", "daphne": "daphne"}[server]
    monkeypatch.setitem(sys.modules, name, ModuleType(name))


def test_the_status_becomes_a_number(serve: Serve) -> None:
    """ASGI: the status argument becomes status, with the reason phrase dropped."""
    assert serve(Returning([b""], "418 I'm a teapot")).response().status == 418


@pytest.mark.parametrize("status", ["200 ", "299 Any Reason (at all)", "599 \xfc"])
def test_any_reason_phrase_is_accepted(serve: Serve, status: str) -> None:
    """RFC 9112, 4: the reason phrase may be empty, and has no meaning."""
    assert serve(Returning([b"x"], status)).response().status == int(status[:3])


def test_header_names_become_lower_case_bytes(serve: Serve) -> None:
    """ASGI: header names must be lowercased; names and values are byte strings."""
    response = serve(Returning([b"x"], headers=[("X-Custom", "Value"), ("ETAG", '"a"')])).response()
    assert (response.values(b"x-custom"), response.values(b"etag")) == ([b"Value"], [b'"a"'])


def test_repeated_headers_are_kept_in_order(serve: Serve) -> None:
    """ASGI: order must be preserved in the HTTP response; RFC 6265, 3: Set-Cookie must not be folded."""
    headers = [("Set-Cookie", "a=1"), ("X-Between", "0"), ("Set-Cookie", "b=2")]
    response = serve(Returning([b"x"], headers=headers)).response()
    assert response.values(b"set-cookie") == [b"a=1", b"b=2"]


def test_header_values_are_latin_1(serve: Serve) -> None:
    """PEP 3333: strings are bytes as latin-1."""
    response = serve(Returning([b"x"], headers=[("X-Name", "\xc3\xbc\xff")])).response()
    assert response.values(b"x-name") == [b"\xc3\xbc\xff"]


def test_an_empty_header_value_is_sent(serve: Serve) -> None:
    """RFC 9110, 5.5: a field value may be empty."""
    assert serve(Returning([b"x"], headers=[("X-Empty", "")])).response().values(b"x-empty") == [b""]


@pytest.mark.parametrize("status", [200, b"200 OK", None, ("200", "OK")])
def test_a_status_that_is_not_a_str_is_refused(serve: Serve, status: Any) -> None:
    """PEP 3333: strings passed to start_response() must be of type str."""
    refused(serve, status, [])


@pytest.mark.parametrize("status", ["", "OK", "20 OK", "2000 OK", "200OK", " 200 OK", "2x0 OK", "-20 OK", "２００ OK"])
def test_a_status_without_three_digits_is_refused(serve: Serve, status: str) -> None:
    """PEP 3333: status is a Status-Code and a Reason-Phrase, separated by a single space, with nothing around them."""
    refused(serve, status, [])


@pytest.mark.parametrize("status", ["200 OK\r\n", "200 OK\r\nX-Injected: yes", "200 O\nK", "200 O\0K", "200 O\x1bK"])
def test_control_characters_in_the_status_are_refused(serve: Serve, status: str) -> None:
    """PEP 3333: the status must not contain control characters, and must not be terminated with CR or LF."""
    refused(serve, status, [])


@pytest.mark.parametrize("character", ["\r", "\n", "\0", "\r\n", "\x01", "\x1b", "\x7f"])
@pytest.mark.parametrize("place", ["value", "name", "end of the value"])
def test_control_characters_in_headers_are_refused(serve: Serve, character: str, place: str) -> None:
    """PEP 3333: each header value must not include any control characters, either embedded or at the end."""
    header = {
        "value": ("X-A", f"1{character}X-Injected: yes"),
        "name": (f"X-A: 1{character}X-Injected", "yes"),
        "end of the value": ("X-A", f"1{character}"),
    }[place]
    refused(serve, "200 OK", [header])


@pytest.mark.parametrize("header", [("X-Count", 5), (b"X-Name", "a"), ("X-Name", b"a"), ("X-None", None), (1, "a")])
def test_names_and_values_that_are_not_str_are_refused(serve: Serve, header: Any) -> None:
    """PEP 3333: all strings must be of type str."""
    refused(serve, "200 OK", [header])


@pytest.mark.parametrize("header", [("X-Name", "☃"), ("☃", "a")])
def test_characters_outside_latin_1_are_refused(serve: Serve, header: tuple[str, str]) -> None:
    """PEP 3333: it is a fatal error to supply strings containing a character outside ISO-8859-1."""
    refused(serve, "200 OK", [header])


@pytest.mark.parametrize("name", ["", "X Y", "X-Name:", "X(Y)", "X\tY", "X-Ü"])
def test_names_that_are_not_tokens_are_refused(serve: Serve, name: str) -> None:
    """PEP 3333: each header name must be a valid HTTP field-name, without a trailing colon or other punctuation."""
    refused(serve, "200 OK", [(name, "a")])


HOP_BY_HOP = ["Connection", "Keep-Alive", "Transfer-Encoding", "TE", "Trailer", "Upgrade", "CONNECTION"]


@pytest.mark.parametrize("name", [*HOP_BY_HOP, "Proxy-Connection", "Proxy-Authenticate", "transfer-encoding"])
def test_hop_by_hop_headers_are_dropped(serve: Serve, name: str, caplog: pytest.LogCaptureFixture) -> None:
    """RFC 9110, 7.6.1: they describe one connection, which is the server's. PEP 3333 forbids them, and real apps set
    them.
    """
    headers = [("X-Before", "1"), (name, "keep-alive"), ("X-After", "2")]
    response = serve(Returning([b"x"], headers=headers)).response()
    assert [pair for pair in response.headers if pair[0] != b"content-length"] == [
        (b"x-before", b"1"),
        (b"x-after", b"2"),
    ]
    assert name in caplog.text
    assert "PEP 3333" in caplog.text


@pytest.mark.parametrize(
    ("age", "sent"),
    [(0, False), (2, False), (60, True), (-60, True), (None, True)],
    ids=["now", "just now", "a minute old", "in the future", "invalid"],
)
@pytest.mark.parametrize("body", [[b"x"], [b"x", b"y"]], ids=["one block", "two blocks"])
@pytest.mark.parametrize("server", ["uvicorn", "hypercorn"])
def test_an_apps_current_date_header_is_dropped_on_servers_that_add_their_own(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, server: str, age: int | None, sent: bool, body: list[bytes]
) -> None:
    """RFC 9110, 5.3 and 6.6.1: a response has one Date. Source: werkzeug's `send_file()` sets one."""
    runs_under(monkeypatch, server)
    date = "yesterday" if age is None else formatdate(time.time() - age, usegmt=True)
    response = serve(Returning(body, headers=[("X-Before", "1"), ("Date", date), ("X-After", "2")])).response()
    dates = [pair for pair in response.headers if pair[0] == b"date"]
    assert dates == ([(b"date", date.encode())] if sent else [])
    assert (b"x-before", b"1") in response.headers
    assert (b"x-after", b"2") in response.headers


def test_a_date_header_is_sent_under_other_servers(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 9110, 6.6.1: daphne adds none, and granian only if there is none."""
    runs_under(monkeypatch, "daphne")
    date = formatdate(usegmt=True)
    response = serve(Returning([b"x"], headers=[("Date", date)])).response()
    assert (b"date", date.encode()) in response.headers


def test_the_log_has_one_warning_for_the_hop_by_hop_headers_of_an_app(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    """Ours: a harmless header must not fill the log; another app gets its own warning."""
    apps = [Returning([b"x"], headers=[("Connection", "close"), ("Upgrade", "h2c")]) for _ in range(2)]
    for _ in range(3):
        for app in apps:
            assert serve(app).response().status == 200
    assert caplog.text.count("hop-by-hop") == len(apps)


@pytest.mark.parametrize("headers", [[("X-One",)], [("X-One", "1", "2")], ["abc"], [None], None, 5])
def test_headers_that_are_not_a_list_of_pairs_are_refused(serve: Serve, headers: Any) -> None:
    """PEP 3333: response_headers is a list of (header_name, header_value) tuples."""
    refused(serve, "200 OK", headers)


@pytest.mark.parametrize("length", ["five", "-1", "+5", "5.0", "", "1_0"])
def test_a_content_length_that_is_not_a_number_is_refused(serve: Serve, length: str) -> None:
    """PEP 3333: servers should check for errors in the headers when start_response is called; RFC 9110, 8.6: digits."""
    refused(serve, "200 OK", [("Content-Length", length)])


def test_different_content_lengths_are_refused(serve: Serve) -> None:
    """RFC 9110, 8.6: a server must not send contradicting lengths, which would let responses be split."""
    refused(serve, "200 OK", [("Content-Length", "5"), ("Content-Length", "6")])


def test_invalid_response_headers_reach_the_server_as_an_error(serve: Serve) -> None:
    """PEP 3333: an exception that aborts an application is trapped and logged by the server."""
    app = Starting(lambda start: start("200 OK", [("X-A", "1\n2")]))
    exchange = serve(app)
    assert exchange.error() is app.error
    assert exchange.sent == []
