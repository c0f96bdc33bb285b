"""Async views of Flask and Django in a WSGI app: asgiref's async_to_sync runs them, and looks up the main loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextvars import ContextVar
from typing import Any
from wsgiref.types import StartResponse

import pytest

from tests.adapters.wsgi_to_asgi.apps import Environ, hello
from tests.adapters.wsgi_to_asgi.loops import AsyncioLoop
from tests.adapters.wsgi_to_asgi.serving import Serve

asgiref_sync = pytest.importorskip("asgiref.sync")
USER: ContextVar[str] = ContextVar("user", default="nobody")


class Viewing:
    """Responds with the result of an async view."""

    def __init__(self, view: Callable[[], Awaitable[Any]]) -> None:
        self._view = view
        self.thread = 0

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        self.thread = threading.get_ident()
        answer = asgiref_sync.async_to_sync(self._view)()
        start_response("200 OK", [])
        return [str(answer).encode()]


def on_asyncio(serve: Serve) -> bool:
    return isinstance(serve.loop, AsyncioLoop)


def test_an_async_view_runs_on_the_loop_of_the_server(serve: Serve) -> None:
    """Ours: objects that a view shares with the rest of the process (clients, pools, locks) belong to the server's
    loop.
    """

    async def view() -> int:
        return threading.get_ident()

    app = Viewing(view)
    thread = int(serve(app).response().body)
    assert (thread == serve.loop.thread.ident) is on_asyncio(serve)


def test_without_a_shared_loop_an_async_view_that_blocks_delays_only_itself(serve: Serve) -> None:
    """PEP 3333, "Thread Support": on a WSGI server, a view that blocks holds its own thread, and delays no other
    request.
    """
    blocking, go = serve.gate("the view to block"), serve.gate()

    async def blocks() -> int:
        blocking.open()
        go.wait()
        return threading.get_ident()

    serve.options = {"share_loop": False}
    app = Viewing(blocks)
    blocked = serve(app)
    blocking.wait()
    assert serve(hello).response().body == b"hello"
    go.open()
    assert int(blocked.response().body) != serve.loop.thread.ident


class ReadingView:
    """An async view that reads the request body synchronously, as Django's `request.FILES` does."""

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        async def view() -> int:
            return len(environ["wsgi.input"].read())

        answer = asgiref_sync.async_to_sync(view)()
        start_response("200 OK", [])
        return [str(answer).encode()]


@pytest.mark.parametrize("expecting", [False, True], ids=["plain", "expect"])
def test_an_async_view_that_reads_a_large_body_does_not_block_the_server(serve: Serve, expecting: bool) -> None:
    """Safety: a read on the server's loop would wait for data that only this loop can receive."""
    block = b"x" * 65536
    headers = [(b"content-length", b"%d" % (64 * len(block))), *([(b"expect", b"100-continue")] if expecting else [])]
    exchange = serve(ReadingView(), "POST", body=[block] * 64, headers=headers)
    assert int(exchange.response().body) == 64 * len(block)


def test_an_async_view_that_reads_an_unannounced_body_does_not_block_the_server(serve: Serve) -> None:
    """Safety: flask's `request.get_data()` reads even if no header announces a body."""
    assert serve(ReadingView()).response().body == b"0"


def test_async_views_run_concurrently(serve: Serve) -> None:
    """Ours: a waiting view does not delay others."""
    everyone, count = threading.Event(), []

    async def view() -> str:
        count.append(1)
        if len(count) == 4:
            everyone.set()
        while not everyone.is_set():
            await _turn()
        return "together"

    app = Viewing(view)
    exchanges = [serve(app, threads=4) for _ in range(4)]
    for exchange in exchanges:
        assert exchange.response().body == b"together"


async def _turn() -> None:
    await asyncio.sleep(0.001)


def test_an_error_in_an_async_view_is_an_error_of_the_app(serve: Serve) -> None:
    """PEP 3333: servers should trap and log any exception that aborts an application."""
    boom = ValueError("boom")

    async def view() -> None:
        await _turn()
        raise boom

    exchange = serve(Viewing(view))
    assert exchange.error() is boom
    assert exchange.sent == []


def test_context_variables_are_visible_in_an_async_view_and_its_changes_after_it(serve: Serve) -> None:
    """Ours: one context for the whole request, even outside its thread."""

    async def view() -> str:
        seen = USER.get()
        USER.set("changed")
        return seen

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        USER.set("somebody")
        seen = asgiref_sync.async_to_sync(view)()
        start_response("200 OK", [])
        return [f"{seen}, {USER.get()}".encode()]

    assert serve(app).response().body == b"somebody, changed"


def test_synchronous_code_in_an_async_view_runs_on_the_thread_of_the_app(serve: Serve) -> None:
    """Ours: sync_to_async, as Django's async views use it for the database, finds the request's own connection."""

    async def view() -> int:
        return int(await asgiref_sync.sync_to_async(threading.get_ident, thread_sensitive=True)())

    app = Viewing(view)
    assert int(serve(app).response().body) == app.thread


def test_an_async_view_may_be_called_for_each_block(serve: Serve) -> None:
    """Ours: the same while the response streams."""

    async def block(number: int) -> bytes:
        await _turn()
        return b"%d " % number

    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [])
        for number in range(4):
            yield asgiref_sync.async_to_sync(block)(number)

    assert serve(app).response().body == b"0 1 2 3 "


def test_an_async_view_of_flask_is_served(serve: Serve) -> None:
    """Ours: Flask runs async views by async_to_sync."""
    flask = pytest.importorskip("flask")
    app = flask.Flask("async_views")

    @app.get("/")  # type: ignore[untyped-decorator]
    async def index() -> str:
        await _turn()
        return str(threading.get_ident() == serve.loop.thread.ident)

    assert serve(app.wsgi_app).response().body == str(on_asyncio(serve)).encode()


def test_a_disconnect_during_an_async_view_frees_its_thread(serve: Serve) -> None:
    """Safety: a view that waits for another event must not block forever."""
    viewing, go = serve.gate("the view to run"), serve.gate()

    async def view() -> str:
        viewing.open()
        while not go.is_open:
            await _turn()
        return "late"

    app = Viewing(view)
    exchange = serve(app, threads=1)
    viewing.wait()
    exchange.cancel()
    exchange.wait_end()
    go.open()
    assert serve(app, threads=1).response().body == b"late"
