"""Apps that violate ASGI, each named after its violation."""

from __future__ import annotations

import asyncio
from typing import Any

from .apps import Receive, Scope, Send, body, raises, sends, start

FIRST = body(b"first", True)


TRAILERS = {"type": "http.response.trailers", "headers": [(b"x-sum", b"1")], "more_trailers": False}


BIG = body(bytes(3_000_000), True)


BEFORE_THE_HEAD: dict[str, Any] = {
    "returns at once": sends(),
    "returns after its head": sends(start()),
    "sends a body before its head": sends(body(b"x")),
    "sends an unknown type": sends({"type": "http.response.nonsense"}),
    "sends an unknown type after its head": sends(start(), {"type": "http.response.nonsense"}),
    "sends a websocket's message": sends({"type": "websocket.accept"}),
    "sends a message without a type": sends({"status": 200}),
    "sends no dict": sends("http.response.start"),
    "sends None": sends(None),
    "sends two heads": sends(start(), start(), body(b"x")),
    "sends trailers before its head": sends(TRAILERS, start(), body(b"x")),
    "sends trailers instead of a body": sends(start(200, trailers=True), TRAILERS),
    "sends a head without a status": sends({"type": "http.response.start"}, body(b"x")),
    "sends a status that is text": sends(start("200"), body(b"x")),
    "sends a status that is a line": sends(start("200 OK"), body(b"x")),
    "sends a status of two digits": sends(start(99), body(b"x")),
    "sends a status of four digits": sends(start(1000), body(b"x")),
    "sends a status of None": sends(start(None), body(b"x")),
    "sends an informational status": sends(start(101), body(b"x")),
    "sends a header of text": sends(start(200, [("x-a", "1")]), body(b"x")),
    "sends a header value that is a number": sends(start(200, [(b"x-a", 1)]), body(b"x")),
    "sends a header that is not a pair": sends(start(200, [(b"x-a",)]), body(b"x")),
    "sends headers that are not iterable": sends(start(200, 5), body(b"x")),
    "sends a line feed in a header value": sends(start(200, [(b"x-a", b"1\nset-cookie: a=1")]), body(b"x")),
    "sends a carriage return in a header value": sends(start(200, [(b"x-a", b"1\rx")]), body(b"x")),
    "sends a NUL in a header value": sends(start(200, [(b"x-a", b"\0")]), body(b"x")),
    "sends a line feed in a header name": sends(start(200, [(b"x-a: 1\r\nx-b", b"2")]), body(b"x")),
    "sends an empty header name": sends(start(200, [(b"", b"2")]), body(b"x")),
    "sends a space in a header name": sends(start(200, [(b"x a", b"2")]), body(b"x")),
    "sends two lengths": sends(start(200, [(b"content-length", b"1"), (b"content-length", b"2")]), body(b"x")),
    "sends a length that is not a number": sends(start(200, [(b"content-length", b"one")]), body(b"x")),
    "sends a body of text": sends(start(), body("text")),
    "sends a body of None": sends(start(), body(None)),
    "sends a body that is a list": sends(start(), body([b"x"])),
    "raises before its head": raises(ValueError("boom")),
    "raises after its head": raises(ValueError("boom"), start()),
    "raises CancelledError before its head": raises(asyncio.CancelledError),
    "raises CancelledError after its head": raises(asyncio.CancelledError, start()),
    "raises SystemExit before its head": raises(SystemExit(3)),
    "raises SystemExit after its head": raises(SystemExit(3), start()),
    "raises KeyboardInterrupt": raises(KeyboardInterrupt),
    "raises StopIteration": raises(StopIteration("x")),
    "raises StopAsyncIteration": raises(StopAsyncIteration("x")),
    "raises GeneratorExit": raises(GeneratorExit),
    "raises an ExceptionGroup": raises(ExceptionGroup("two", [ValueError("one"), TypeError("two")])),
    "raises its own BaseException": raises(type("Odd", (BaseException,), {})("odd")),
}


AFTER_A_BLOCK: dict[str, Any] = {
    "returns without an end": sends(start(), FIRST),
    "sends a second head": sends(start(), FIRST, start(), body(b"x")),
    "sends an unknown type": sends(start(), FIRST, {"type": "http.response.nonsense"}, body(b"x")),
    "sends a body of text": sends(start(), FIRST, body("text")),
    "sends trailers before its end": sends(start(200, trailers=True), FIRST, TRAILERS),
    "raises": raises(ValueError("boom"), start(), FIRST),
    "raises behind a full buffer": raises(ValueError("boom"), start(), BIG, BIG),
    "raises CancelledError": raises(asyncio.CancelledError, start(), FIRST),
    "raises SystemExit": raises(SystemExit(3), start(), FIRST),
    "raises KeyboardInterrupt": raises(KeyboardInterrupt, start(), FIRST),
    "raises StopIteration": raises(StopIteration("x"), start(), FIRST),
    "raises StopAsyncIteration": raises(StopAsyncIteration("x"), start(), FIRST),
    "raises GeneratorExit": raises(GeneratorExit, start(), FIRST),
}


def _returns_none(scope: Scope, receive: Receive, send: Send) -> None:
    return None


def _raises_when_called(scope: Scope, receive: Receive, send: Send) -> None:
    raise LookupError("not even a coroutine")


async def _takes_too_few(scope: Scope) -> None: ...


async def _takes_too_many(scope: Scope, receive: Receive, send: Send, more: object) -> None: ...


NO_APPS = [_returns_none, _raises_when_called, _takes_too_few, _takes_too_many, None, "app:app"]
