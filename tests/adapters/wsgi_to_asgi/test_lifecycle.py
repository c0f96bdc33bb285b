"""The creation and the end of adapters and loops, in any order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextlib import ExitStack, closing
from typing import Any
from wsgiref.types import StartResponse

import pytest

from tests.adapters.wsgi_to_asgi.apps import Environ, hello
from tests.adapters.wsgi_to_asgi.contenders import contender, is_ours
from tests.adapters.wsgi_to_asgi.loops import KINDS, open_loop
from tests.adapters.wsgi_to_asgi.serving import Gate, Serve, poll

Open = Callable[[str], Serve]


@pytest.fixture
def open_serve() -> Iterable[Open]:
    """Opens servers, each on its own loop; the test shares their adapters."""
    with ExitStack() as stack:

        def open_one(kind: str) -> Serve:
            serve = Serve(stack.enter_context(closing(open_loop(kind))), contender())
            stack.callback(serve.close)
            return serve

        yield open_one


def test_an_adapter_can_be_created_before_any_loop_or_thread() -> None:
    """Safety: apps are created at import, when there is no loop, and threads would not survive a fork."""
    before = set(threading.enumerate())
    adapters = [contender().make(hello, None) for _ in range(3)]
    assert set(threading.enumerate()) <= before
    assert len(adapters) == 3


def test_one_adapter_serves_several_loops_at_once(open_serve: Open) -> None:
    """Safety: each request gets its response on its own loop."""
    serves = [open_serve(kind) for kind in (KINDS * 2 if is_ours() else ["asyncio"] * 3)]
    everyone, count = Gate("a request from each loop"), []

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        count.append(1)
        if len(count) == len(serves):
            everyone.open()
        everyone.wait()
        start_response("200 OK", [])
        return iter([environ["PATH_INFO"].encode(), b"!"])

    adapter = serves[0].adapt(app, 8)
    for serve in serves:
        serve.only = adapter
    exchanges = [serve(app, path=f"/{number}") for number, serve in enumerate(serves)]
    for number, exchange in enumerate(exchanges):
        assert exchange.response().body == b"/%d!" % number


def test_one_adapter_serves_loops_one_after_another() -> None:
    """Safety: test clients and command lines run a new loop for each request."""
    adapter = contender().make(hello, None)
    for number in range(9):
        with closing(open_loop(KINDS[number % 3] if is_ours() else "asyncio")) as loop:
            serve = Serve(loop, contender())
            serve.only = adapter
            assert serve(hello).response().body == b"hello"


def test_a_loop_that_ends_while_an_app_runs_affects_no_other_loop(open_serve: Open, serve: Serve) -> None:
    """Safety: a worker whose loop has ended is free for requests of the next loop."""
    stuck, go = serve.gate("the app to be stuck"), serve.gate()

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/stuck":
            stuck.open()
            go.wait()
        start_response("200 OK", [])
        return iter([b"hello", b" ", b"again"])

    other = open_serve("asyncio")
    serve.only = other.adapt(app, 1)
    exchange = other(app, path="/stuck", threads=1)
    stuck.wait()
    exchange.cancel()
    exchange.wait_end()
    other.loop.close()
    go.open()
    assert serve(app, threads=1).response().body == b"hello again"


def test_close_ends_the_threads(serve: Serve) -> None:
    """Ours: close() may be called any number of times, and ends the worker threads."""
    before = set(threading.enumerate())
    adapter = serve.adapt(hello, 4)
    for _ in range(5):
        serve(hello, threads=4).response()
    for _ in range(2):
        adapter.close()
    poll(lambda: set(threading.enumerate()) <= before, "the worker threads to end")


def test_requests_after_close_are_served(serve: Serve) -> None:
    """Ours: close() ends threads, not the adapter: a server may start the app again after a shutdown."""
    adapter = serve.adapt(hello, 2)
    for _ in range(3):
        assert serve(hello, threads=2).response().body == b"hello"
        adapter.close()


@pytest.mark.parametrize(("app", "threads", "error"), [("no app", 1, TypeError), (hello, 0, ValueError)])
def test_invalid_options_are_refused_when_the_adapter_is_created(
    app: Any, threads: int, error: type[Exception]
) -> None:
    """Ours: a mistake is reported where it is made, not with the first request."""
    from gateways.adapters import WSGIToASGI

    with pytest.raises(error):
        WSGIToASGI(app, threads=threads)


def test_an_app_behind_adapters_in_both_directions_is_served(serve: Serve) -> None:
    """Ours: an ASGI app as WSGI app as ASGI app; neither adapter waits for the other's loop or threads."""
    from gateways.adapters import ASGIToWSGI

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for start in range(0, len(body), 65536):
            await send({"type": "http.response.body", "body": body[start : start + 65536], "more_body": True})
        await send({"type": "http.response.body"})

    inner: Any = ASGIToWSGI(app)
    try:
        for size in 0, 1000, 3_000_000:
            exchanges = [serve(inner, "POST", body=bytes(size), threads=4) for _ in range(6)]
            for exchange in exchanges:
                assert exchange.response().body == bytes(size)
    finally:
        inner.close()


def test_close_lets_a_running_request_finish(serve: Serve) -> None:
    """Ours: close() does not affect a request that has started."""
    called, go = serve.gate("the app to be called"), serve.gate()

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        called.open()
        go.wait()
        start_response("200 OK", [])
        return iter([b"still ", b"served"])

    exchange = serve(app, threads=2)
    called.wait()
    serve.adapt(app, 2).close()
    go.open()
    assert exchange.response().body == b"still served"
