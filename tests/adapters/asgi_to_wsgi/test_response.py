"""http.response.body to the iterable that a WSGI server reads (ASGI HTTP 2.5; PEP 3333)."""

from __future__ import annotations

import warnings
from collections.abc import Sized
from typing import Any
from wsgiref.validate import validator

import pytest

from .apps import TEXT, Receive, Scope, Send, body, echo, endless, hello, respond, sends, start
from .conftest import Bridge, LoopFactory
from .harness import Exchange, fetch
from .request import environ


@pytest.mark.parametrize(
    "message", [{}, {"body": b""}, {"more_body": False}], ids=["no keys", "empty body", "more_body only"]
)
def test_the_keys_body_and_more_body_are_optional(bridge: Bridge, message: dict[str, Any]) -> None:
    """ASGI HTTP, "Response Body": body defaults to b"", more_body to False."""
    response = fetch(bridge(sends(start(), {"type": "http.response.body", **message})))
    assert (response.code, response.body) == (200, b"")


def test_unknown_keys_of_a_message_are_ignored(bridge: Bridge) -> None:
    """ASGI, "Error Handling": additional keys in an event dictionary should not raise an exception."""
    response = fetch(bridge(sends(start(200, TEXT, extra=1), body(b"x", trailers=None, extra=[]))))
    assert (response.code, response.body) == (200, b"x")


@pytest.mark.parametrize("kind", [bytearray, memoryview], ids=lambda kind: kind.__name__)
def test_blocks_of_bytes_like_objects_reach_the_server_as_bytes(bridge: Bridge, kind: Any) -> None:
    """Ours: PEP 3333 requires bytes; native ASGI servers accept any bytes-like object."""
    assert fetch(bridge(sends(start(), body(kind(b"one, "), True), body(kind(b"two"))))).body == b"one, two"


def test_changing_a_sent_buffer_does_not_change_the_response(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """Ours: when send() returns, the data is in the send buffer (ASGI), so the app may reuse a bytearray."""

    async def reuses_its_buffer(scope: Scope, receive: Receive, send: Send) -> None:
        buffer = bytearray(b"0000")
        await send(start())
        for number in range(100):
            buffer[:] = b"%04d" % number
            await send(body(buffer, True))
        await send(body())

    expected = b"".join(b"%04d" % number for number in range(100))
    assert fetch(bridge(reuses_its_buffer, loop_factory)).body == expected


def test_a_response_in_one_message_is_a_list_with_one_block(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """Ours: if len() is 1, a server can set the length itself (PEP 3333, "Handling the Content-Length Header")."""
    with Exchange(bridge(sends(start(), body(b"whole")), loop_factory)) as exchange:
        result = exchange.call()
        assert isinstance(result, (list, tuple))
        assert len(result) == 1
        assert exchange.code == 200
        assert exchange.rest() == b"whole"


def test_an_empty_response_is_a_list_with_one_block(bridge: Bridge) -> None:
    """Ours: for an empty block, the server can send Content-Length: 0."""
    with Exchange(bridge(sends(start(302, [(b"location", b"/")]), body()))) as exchange:
        result = exchange.call()
        assert isinstance(result, (list, tuple))
        assert len(result) <= 1
        assert b"".join(result) == b""


def test_a_response_in_several_messages_is_an_iterable_with_close(bridge: Bridge) -> None:
    """PEP 3333: the server calls the iterable's close() when the request ends, complete or not."""
    with Exchange(bridge(endless)) as exchange:
        result = exchange.call()
        assert iter(result) is not None
        assert callable(getattr(result, "close", None))
        assert exchange.block()


def test_a_response_in_several_messages_has_no_length(bridge: Bridge) -> None:
    """PEP 3333: if len() is 1, a server sends the first block's size as Content-Length."""
    with Exchange(bridge(endless)) as exchange:
        result = exchange.call()
        assert not isinstance(result, Sized) or len(result) != 1
        exchange.block()


def test_start_response_is_called_once_on_the_servers_thread(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """PEP 3333: start_response() must be called on the thread that called the application."""
    with Exchange(bridge(echo, loop_factory), environ("POST", body=b"x" * 99)) as exchange:
        exchange.run()
        assert exchange.head_threads == [exchange.thread.ident]


def test_an_exhausted_stream_stays_exhausted(bridge: Bridge) -> None:
    """PEP 3333: as in Python's iterators, StopIteration is followed by StopIteration."""
    with Exchange(bridge(sends(start(), body(b"a", True), body(b"b", True), body(b"c")))) as exchange:
        exchange.call()
        assert exchange.rest() == b"abc"
        assert exchange.block() is None
        assert exchange.block() is None


def test_empty_blocks_do_not_end_a_stream(bridge: Bridge) -> None:
    """ASGI HTTP, "Response Body": an empty body with more_body is a block like any other."""
    messages = [body(b"", True), body(b"a", True), body(b"", True), body(b"b", True), body()]
    assert fetch(bridge(sends(start(), *messages))).body == b"ab"


@pytest.mark.parametrize(
    "app", [hello, echo, sends(start(), body(b"a", True), body(b"b"))], ids=["list", "echo", "stream"]
)
def test_the_adapter_passes_wsgirefs_validator(bridge: Bridge, app: Any) -> None:
    """PEP 3333: checked from both sides by the standard library."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        given = environ("POST", body=b"12345", CONTENT_TYPE="text/plain")
        given["wsgi.input"] = _ValidInput(given["wsgi.input"])
        assert fetch(validator(bridge(app)), given).code == 200


class _ValidInput:
    """Adds the methods that the validator requires to an input that has only read()."""

    def __init__(self, source: Any) -> None:
        self.read = source.read

    readline = readlines = __iter__ = None


def test_a_block_larger_than_any_buffer_is_sent(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """ASGI HTTP, "Response Body": a block may have any size."""
    block = b"x" * 10_000_000
    assert fetch(bridge(sends(start(), body(block)), loop_factory)).body == block


def test_no_data_of_one_response_is_in_the_next(bridge: Bridge) -> None:
    """Safety: each request has its own headers and body."""

    async def answers_by_path(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].encode()
        await respond(send, path, headers=[(b"x-path", path)])

    app = bridge(answers_by_path)
    for path in ("/one", "/two"):
        response = fetch(app, environ(path=path))
        assert (response.body, response.own_headers()) == (path.encode(), [("x-path", path)])
