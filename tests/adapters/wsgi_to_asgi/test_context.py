"""Context variables: PEP 567; tracing and logging use them to follow a request across threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from typing import Any
from wsgiref.types import StartResponse

import pytest

from tests.adapters.wsgi_to_asgi.apps import Environ, Result, hello
from tests.adapters.wsgi_to_asgi.exchange import ASGIApp
from tests.adapters.wsgi_to_asgi.serving import Serve, scope_of

REQUEST: ContextVar[str] = ContextVar("request", default="none")


def setting(adapter: ASGIApp, value: str, after: Callable[[], object] = lambda: None) -> Any:
    """ASGI middleware that sets the variable, like a tracer, and reads it again after the adapter has returned."""

    async def middleware(scope: Any, receive: Any, send: Any) -> None:
        REQUEST.set(value)
        await adapter(scope, receive, send)
        after()

    return middleware


def request(serve: Serve, app: Any, value: str, *, threads: int | None = None, after: Any = lambda: None) -> Any:
    events = [{"type": "http.request", "body": b"", "more_body": False}]
    return serve.start(setting(serve.adapt(app, threads), value, after), scope_of(), events=events)


def test_variables_of_the_request_are_visible_in_the_app_the_iteration_and_close(serve: Serve) -> None:
    """Safety: variables set in the request's task before the adapter are valid for the whole request."""
    seen: dict[str, str] = {}

    class Seeing(Result):
        def __iter__(self) -> Iterator[bytes]:
            for number in range(3):
                seen[f"block {number}"] = REQUEST.get()
                yield b"x"

        def close(self) -> None:
            seen["close"] = REQUEST.get()

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        seen["app"] = REQUEST.get()
        start_response("200 OK", [])
        return Seeing([])

    request(serve, app, "one").response()
    assert seen == dict.fromkeys(["app", "block 0", "block 1", "block 2", "close"], "one")


def test_variables_that_the_app_sets_are_visible_until_close(serve: Serve) -> None:
    """Safety: one context for the whole request, as under any WSGI server."""
    seen: list[str] = []

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        REQUEST.set("changed")
        start_response("200 OK", [])
        return Result((REQUEST.get().encode() for _ in range(1)), lambda: seen.append(REQUEST.get()))

    assert request(serve, app, "one").response().body == b"changed"
    assert seen == ["changed"]


def test_variables_of_one_request_are_not_seen_by_the_next_on_the_same_thread(serve: Serve) -> None:
    """Safety: a worker thread keeps no variables of a request."""

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        before = REQUEST.get()
        REQUEST.set("left over")
        start_response("200 OK", [])
        return [before.encode()]

    assert request(serve, app, "one", threads=1).response().body == b"one"
    assert request(serve, app, "two", threads=1).response().body == b"two"
    assert serve(app, threads=1).response().body == b"none"


def test_concurrent_requests_have_separate_context_variables(serve: Serve) -> None:
    """Safety: contexts are not mixed up between threads."""
    everyone, count = serve.gate("all the apps to be called"), []

    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [])
        count.append(1)
        if len(count) == 4:
            everyone.open()
        everyone.wait()
        yield REQUEST.get().encode()
        yield REQUEST.get().encode()

    exchanges = [request(serve, app, str(n), threads=4) for n in range(4)]
    assert [exchange.response().body for exchange in exchanges] == [b"00", b"11", b"22", b"33"]


def test_the_context_of_the_task_stays_usable_after_the_request(serve: Serve) -> None:
    """Safety: the app runs in a copy, so middleware around the adapter finds its own value again."""
    seen: list[str] = []
    request(serve, hello, "one", after=lambda: seen.append(REQUEST.get())).response()
    assert seen == ["one"]


@pytest.mark.parametrize("view", ["first", "second"])
def test_a_request_does_not_run_in_the_context_in_which_its_thread_was_started(serve: Serve, view: str) -> None:
    """Safety: a thread started during a request does not keep that request's variables."""

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        return [REQUEST.get().encode()]

    request(serve, app, "starter", threads=2).response()
    exchanges = [serve(app, threads=2) for _ in range(6)]
    assert {exchange.response().body for exchange in exchanges} == {b"none"}


def test_variables_that_the_app_sets_are_visible_around_the_adapter(serve: Serve) -> None:
    """Ours: middleware around the adapter sees the app's variables, as with an ASGI app."""
    seen: list[str] = []

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        REQUEST.set("set by the app")
        return hello(environ, start_response)

    request(serve, app, "one", after=lambda: seen.append(REQUEST.get())).response()
    assert seen == ["set by the app"]
