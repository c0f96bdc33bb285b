"""wsgi.input to http.request: how much is read, and what the app gets if the body is truncated."""

from __future__ import annotations

import io
import os
from typing import Any

import pytest

from .apps import Journal, Receive, Scope, Send, echo, read_all
from .conftest import Bridge, LoopFactory
from .harness import Exchange, fetch
from .request import Environ, Input, environ, upload


def test_the_app_receives_the_body_that_was_sent(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """ASGI HTTP, "Request": the blocks of the http.request events, concatenated, are the body."""
    block = os.urandom(300_000)
    assert fetch(bridge(echo, loop_factory), environ("POST", body=block)).body == block


@pytest.mark.parametrize("length", [None, "", "0"])
def test_a_request_without_a_body_is_one_empty_event_and_its_input_is_not_read(
    bridge: Bridge, length: str | None
) -> None:
    """PEP 3333: CONTENT_LENGTH may be empty or absent; reading could then wait forever for the next request."""
    given = Input(RuntimeError("this input must not be read"))
    response = fetch(bridge(echo), environ("POST", CONTENT_LENGTH=length, wsgi_input=given))
    assert response.body == b""
    assert not given.sizes


def test_a_request_without_an_input_stream_has_an_empty_body(bridge: Bridge) -> None:
    """Ours: some servers set wsgi.input to None if there is no body."""
    assert fetch(bridge(echo), environ(wsgi_input=None) | {"wsgi.input": None}).body == b""


def test_no_more_than_the_content_length_is_read(bridge: Bridge) -> None:
    """PEP 3333: a server need not simulate an end of file; the bytes after the body may be the next request."""
    given, source = upload(b"x" * 70_000, b"GET /next HTTP/1.1\r\n", length=70_000)
    assert fetch(bridge(echo), given).body == b"x" * 70_000
    assert source.given == 70_000
    left = 70_000
    for size in source.sizes:
        assert 0 < size <= left, f"read({size}) with {left} bytes left"
        left -= min(size, left)


def test_an_input_that_does_not_implement_read1_is_read(bridge: Bridge) -> None:
    """PEP 3333: an input has read(); an inherited read1() of io.BufferedIOBase raises UnsupportedOperation."""

    class OnlyRead(io.BufferedIOBase):
        def __init__(self, content: bytes) -> None:
            self._source = io.BytesIO(content)

        def read(self, size: int | None = -1) -> bytes:
            return self._source.read(size)

    given = environ("POST", CONTENT_LENGTH="5", wsgi_input=OnlyRead(b"12345"))
    assert fetch(bridge(echo), given).body == b"12345"


def test_an_input_that_returns_too_many_bytes_is_cut_off_at_the_content_length(bridge: Bridge) -> None:
    """PEP 3333: read(size) returns at most size bytes; the body has CONTENT_LENGTH bytes even if the input returns
    more.
    """

    class Generous(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            return b"x" * (size + 5)

    given = environ("POST", CONTENT_LENGTH="10", wsgi_input=Generous())
    assert fetch(bridge(echo), given).body == b"x" * 10


def test_input_without_a_length_is_read_to_its_end_if_the_server_marks_it_as_terminated(bridge: Bridge) -> None:
    """Ours: a chunked body has no CONTENT_LENGTH, but wsgi.input_terminated."""
    given, _ = upload(b"one, ", b"two, ", b"three", length=None)
    given |= {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    assert fetch(bridge(echo), given).body == b"one, two, three"


def test_a_chunked_body_whose_end_the_server_does_not_report_is_refused(bridge: Bridge) -> None:
    """RFC 9110, 15.5.12: the status is 411; treating the body as empty would be wrong."""
    given, _ = upload(RuntimeError("this input must not be read"), length=None)
    response = fetch(bridge(echo), given | {"HTTP_TRANSFER_ENCODING": "chunked"})
    assert response.code == 411
    assert b"Content-Length" in response.body


@pytest.mark.parametrize("mark", [{}, {"HTTP_TRANSFER_ENCODING": "chunked"}])
def test_a_body_that_is_in_memory_is_read_to_its_end_without_a_length(bridge: Bridge, mark: Environ) -> None:
    """Ours: tornado, httpx.WSGITransport and test clients give an io.BytesIO; reading it to the end is safe."""
    for size in (0, 5, 65_536, 200_000):
        given = environ("POST", wsgi_input=io.BytesIO(b"x" * size), CONTENT_LENGTH=None) | mark
        assert fetch(bridge(echo), given).body == b"x" * size


@pytest.mark.parametrize("mark", [{}, {"wsgi.input_terminated": False}])
def test_input_without_a_length_is_not_read_if_its_end_is_unknown(bridge: Bridge, mark: Environ) -> None:
    """PEP 3333: do not read beyond the body; a chunked request alone does not guarantee an end of file."""
    given, source = upload(RuntimeError("this input must not be read"), length=None)
    assert fetch(bridge(echo), given | mark).body == b""
    assert not source.sizes


def test_the_content_length_applies_even_to_terminated_input(bridge: Bridge) -> None:
    """Ours: gunicorn and waitress set wsgi.input_terminated for every request, also beside CONTENT_LENGTH."""
    given, _ = upload(b"12345", length=5)
    assert fetch(bridge(echo), given | {"wsgi.input_terminated": True}).body == b"12345"


@pytest.mark.parametrize(
    "steps",
    [(b"12345",), (), (b"12345", ConnectionResetError("gone")), (OSError("gone"),), (ValueError("bad chunk"),)],
    ids=["short", "empty", "reset", "error at once", "server's own error"],
)
def test_a_truncated_body_ends_with_http_disconnect(bridge: Bridge, loop_factory: LoopFactory, steps: Any) -> None:
    """ASGI HTTP, "Disconnect": a truncated body must not look complete, and must not become endless empty events."""
    journal = Journal()

    async def notes_the_end(scope: Scope, receive: Receive, send: Send) -> None:
        journal.note(await read_all(receive))
        journal.note((await receive())["type"])

    given, _ = upload(*steps, length=10)
    with Exchange(bridge(notes_the_end, loop_factory), given) as exchange:
        exchange.begin_run()
        block, end = journal.last(1)
        assert end == "http.disconnect"
        assert b"12345".startswith(block)
        assert journal.last(2) == "http.disconnect"


def test_a_truncated_chunked_body_ends_with_http_disconnect(bridge: Bridge) -> None:
    """ASGI HTTP, "Disconnect": a server that decodes chunks raises if they end early; that is not the end of the
    body.
    """
    journal = Journal()

    async def notes_the_end(scope: Scope, receive: Receive, send: Send) -> None:
        journal.note((await read_all(receive))[1])

    given, _ = upload(b"12345", OSError("gone"), length=None)
    with Exchange(bridge(notes_the_end), given | {"wsgi.input_terminated": True}) as exchange:
        exchange.begin_run()
        journal.expect("http.disconnect")


@pytest.mark.parametrize("length", ["five", "-1", "5, 6", "0x5", "²", "9" * 5000])
def test_a_content_length_that_is_not_a_number_is_a_bad_request(bridge: Bridge, length: str) -> None:
    """RFC 9110, 8.6: Content-Length is decimal digits; otherwise the end of the body is unknown."""
    given, source = upload(b"12345", length=None)
    assert fetch(bridge(echo), given | {"CONTENT_LENGTH": length}).code == 400
    assert not source.sizes


def test_equal_content_lengths_joined_by_the_server_are_one(bridge: Bridge) -> None:
    """RFC 9110, 8.6: a recipient may treat a list of equal values as one."""
    given, _ = upload(b"12345", length=None)
    assert fetch(bridge(echo), given | {"CONTENT_LENGTH": "5, 5"}).body == b"12345"
