"""Middleware around the adapter: its send() and receive() run in the context of their request, and may raise."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from typing import Any
from wsgiref.types import StartResponse

import pytest

from gateways.adapters import WSGIToASGI
from tests.adapters.wsgi_to_asgi.apps import Environ, Result, hello
from tests.adapters.wsgi_to_asgi.exchange import Message, Plan
from tests.adapters.wsgi_to_asgi.serving import Serve, poll, scope_of

REQUEST: ContextVar[str] = ContextVar("request", default="none")
LENGTH = 1_000_000
UPLOAD = [(b"content-length", b"%d" % LENGTH)]


def reads_all(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    size = len(environ["wsgi.input"].read())
    start_response("200 OK", [])
    return [str(size).encode()]


def test_a_context_variable_set_in_a_send_wrapper_is_still_set_after_the_adapter_returns(serve: Serve) -> None:
    """PEP 567: the request runs in the caller's task; only variables of the app itself are copied back."""
    seen: list[str] = []
    adapter = serve.adapt(hello)

    async def middleware(scope: Any, receive: Any, send: Any) -> None:
        async def notes_the_status(message: Message) -> None:
            if message["type"] == "http.response.start":
                REQUEST.set(f"answered {message['status']}")
            await send(message)

        REQUEST.set("asked")
        await adapter(scope, receive, notes_the_status)
        seen.append(REQUEST.get())

    serve.start(middleware, scope_of()).response()
    assert seen == ["answered 200"]


def test_receive_runs_in_the_context_of_its_own_request(serve: Serve) -> None:
    """Safety: tracers in receive() must not mix up requests, whichever thread has woken the loop."""
    wrong: list[str] = []
    adapter = serve.adapt(reads_all)

    def request(name: str) -> Any:
        async def middleware(scope: Any, receive: Any, send: Any) -> None:
            async def looks() -> Any:
                if REQUEST.get() != name:
                    wrong.append(f"{name} received as {REQUEST.get()}")
                return await receive()

            REQUEST.set(name)
            await adapter(scope, looks, send)

        return serve.start(middleware, scope_of("POST", "/", UPLOAD))

    exchanges = [request(str(number)) for number in range(8)]
    for _ in range(10):
        for exchange in exchanges:
            exchange.feed(b"x" * (LENGTH // 10))
    for exchange in exchanges:
        assert exchange.response().body == str(LENGTH).encode()
    assert wrong == []


@pytest.mark.parametrize("error", [OSError, asyncio.CancelledError])
def test_an_app_that_reads_is_woken_by_any_exception_of_receive(
    serve: Serve, kind: str, error: type[BaseException]
) -> None:
    """Safety: a thread that waits forever for a body is lost to other requests."""
    if error is asyncio.CancelledError and kind == "trio":
        pytest.skip("on trio it is an error like any other")
    raised: list[BaseException] = []

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        try:
            environ["wsgi.input"].read()
        except OSError as disconnected:
            raised.append(disconnected)
            raise
        return hello(environ, start_response)

    adapter = serve.adapt(app, 1)

    async def middleware(scope: Any, receive: Any, send: Any) -> None:
        async def fails() -> Any:
            message = await receive()
            if message["body"] == b"now":
                raise error
            return message

        await adapter(scope, fails, send)

    exchange = serve.start(middleware, scope_of("POST", "/", UPLOAD))
    exchange.feed(b"x" * (LENGTH // 2))
    exchange.feed(b"now")
    exchange.wait_end()
    poll(lambda: bool(raised), "the app to be woken")


def test_with_spool_0_a_body_of_unknown_length_is_streamed_at_once(serve: Serve) -> None:
    """Ours: a client that waits for the response to its first piece gets it."""

    def echo(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        return iter(lambda: environ["wsgi.input"].read(3), b"")

    adapter: Any = WSGIToASGI(echo, spool=0)
    exchange = serve.start(adapter, scope_of("POST", "/", [(b"transfer-encoding", b"chunked")]))
    exchange.feed(b"one")
    exchange.wait_body(b"one")
    exchange.feed(b"two", more=False)
    assert exchange.response().body == b"onetwo"
    adapter.close()


class Unspeakable(BaseException):
    """An error whose repr() fails."""

    def __repr__(self) -> str:
        raise ValueError("no words")

    __str__ = __repr__


def test_an_error_whose_repr_fails_is_still_reported(serve: Serve) -> None:
    """Safety: the error holds no thread, and the server gets it."""

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        raise Unspeakable

    for _ in range(3):
        assert isinstance(serve(app, threads=1).error().__cause__, Unspeakable)


def test_an_error_in_close_after_send_has_failed_is_logged(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    """Ours: the server gets the error of its own send(), and the app's error is logged."""

    class FailsToClose(Result):
        def __iter__(self) -> Iterator[bytes]:
            while True:
                yield b"x"

        def close(self) -> None:
            raise LookupError("in close()")

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        return FailsToClose([])

    with caplog.at_level(logging.ERROR, "gateways.wsgi"):
        assert isinstance(serve(app, plan=Plan(fail_from=1)).error(), ConnectionResetError)
    assert "in close()" in caplog.text
