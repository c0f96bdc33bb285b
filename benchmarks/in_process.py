"""Adapters without a server: measure the microseconds per request with each adapter, and with a thread switch alone.

Knows how to call an ASGI and a WSGI application with minimal overhead.
"""

from __future__ import annotations

import asyncio
import io
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from a2wsgi import ASGIMiddleware, WSGIMiddleware
from asgiref.wsgi import WsgiToAsgi

from gateways.adapters import ASGIToWSGI, WSGIToASGI

from .rounds import Figures, rounds, table

HEADERS = [
    (b"host", b"localhost:8000"),
    (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"),
    (b"accept", b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    (b"accept-language", b"en-US,en;q=0.5"),
    (b"accept-encoding", b"gzip, deflate, br"),
    (b"cookie", b"session=0123456789abcdef"),
]
BODY = b"x" * 1024
Measure = Callable[[], float]


def wsgi_hello(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Return a small response, to measure the fixed cost of a request."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


def wsgi_post(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Return the length of the request body."""
    size = len(environ["wsgi.input"].read())
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(size).encode()]


def wsgi_stream(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Return twenty blocks from a generator."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    for _ in range(20):
        yield b"x" * 100


async def asgi_hello(scope: Any, receive: Any, send: Any) -> None:
    """Send a small response, to measure the fixed cost of a request."""
    if scope["type"] == "lifespan":
        raise RuntimeError("no lifespan here")
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"hello"})


async def asgi_stream(scope: Any, receive: Any, send: Any) -> None:
    """Send twenty blocks, and then the last event."""
    if scope["type"] == "lifespan":
        raise RuntimeError("no lifespan here")
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    for _ in range(20):
        await send({"type": "http.response.body", "body": b"x" * 100, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _scope(body: bytes) -> dict[str, Any]:
    length = [(b"content-length", str(len(body)).encode())] if body else []
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.5"},
        "http_version": "1.1",
        "method": "POST" if body else "GET",
        "scheme": "http",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "root_path": "",
        "headers": HEADERS + length,
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8000),
    }


async def _ask(app: Any, body: bytes) -> None:
    events = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Any:
        if events:
            return events.pop()
        return await asyncio.get_running_loop().create_future()

    async def send(message: Any) -> None:
        return None

    await app(_scope(body), receive, send)


def asgi_measure(
    app: Any, clients: int, requests: int, body: bytes = b"", clock: Callable[[], float] = time.perf_counter
) -> Measure:
    """Return a function that calls an ASGI application from `clients` coroutines, and returns the microseconds per
    request.
    """

    async def client() -> None:
        for _ in range(requests // clients):
            await _ask(app, body)

    async def all_clients() -> None:
        await asyncio.gather(*(client() for _ in range(clients)))

    def measure() -> float:
        start = clock()
        runner.run(all_clients())
        return (clock() - start) / requests * 1e6

    return measure


def _environ() -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_PORT": "50000",
        "wsgi.url_scheme": "http",
        "wsgi.input_terminated": True,  # waitress and gunicorn set this key for every request
        "wsgi.input": io.BytesIO(),
        **{f"HTTP_{name.decode().upper().replace('-', '_')}": value.decode() for name, value in HEADERS},
    }


def _start_response(status: str, headers: Any, exc_info: Any = None) -> Callable[[bytes], object]:
    return bytes


def wsgi_measure(app: Any, clients: int, requests: int) -> Measure:
    """Return a function that calls a WSGI app from `clients` threads, and returns the microseconds per request."""

    def client() -> None:
        for _ in range(requests // clients):
            result = app(_environ(), _start_response)
            for _ in result:
                pass
            if hasattr(result, "close"):
                result.close()

    def measure() -> float:
        threads = [threading.Thread(target=client) for _ in range(clients)]
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return (time.perf_counter() - start) / requests * 1e6

    return measure


pool = ThreadPoolExecutor(32)
runner = asyncio.Runner()


async def run_in_executor(scope: Any, receive: Any, send: Any) -> None:
    """Switch from a loop to a thread and back, without any work."""
    await asyncio.get_running_loop().run_in_executor(pool, int)


def run_coroutine_threadsafe(loop: asyncio.AbstractEventLoop) -> Any:
    """Return a WSGI app that switches from a thread to a loop and back, without any work."""

    async def nothing() -> None:
        return None

    def app(environ: Any, start_response: Any) -> Iterable[bytes]:
        asyncio.run_coroutine_threadsafe(nothing(), loop).result()
        return []

    return app


def report(count: int = 15) -> str:
    """Return all tables."""
    parts: list[str] = []

    def add(title: str, contenders: dict[str, Measure]) -> None:
        figures: Figures = rounds(contenders, count)
        parts.append(table(title, "µs", figures, "ours", more_is_better=False))

    for title, app, clients, body in (
        ("WSGI on ASGI: hello, 32 at once", wsgi_hello, 32, b""),
        ("WSGI on ASGI: hello, one at a time", wsgi_hello, 1, b""),
        ("WSGI on ASGI: 1 KB POST, 32 at once", wsgi_post, 32, BODY),
        ("WSGI on ASGI: 20-block generator, 16 at once", wsgi_stream, 16, b""),
    ):
        untyped: Any = app
        apps: dict[str, Any] = {"ours": WSGIToASGI(app), "a2wsgi": WSGIMiddleware(untyped)}
        apps["asgiref"] = WsgiToAsgi(untyped)  # type: ignore[no-untyped-call]
        measures = {name: asgi_measure(adapter, clients, 640, body) for name, adapter in apps.items()}
        if not body and app is wsgi_hello:
            measures["run_in_executor, empty function"] = asgi_measure(run_in_executor, clients, 640)
        add(title, measures)
        if clients == 1:  # the elapsed time depends on the core on which the system wakes each thread
            apps["run_in_executor, empty function"] = run_in_executor
            add(
                f"{title}: CPU time",
                {name: asgi_measure(adapter, 1, 640, clock=time.process_time) for name, adapter in apps.items()},
            )

    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    for title, asgi_app, clients in (
        ("ASGI on WSGI: hello, one thread", asgi_hello, 1),
        ("ASGI on WSGI: hello, 8 threads", asgi_hello, 8),
        ("ASGI on WSGI: 20-block stream, 8 threads", asgi_stream, 8),
    ):
        bridges = {"ours": ASGIToWSGI(asgi_app), "a2wsgi": ASGIMiddleware(asgi_app)}
        measures = {name: wsgi_measure(bridge, clients, 640) for name, bridge in bridges.items()}
        if asgi_app is asgi_hello:
            bare = run_coroutine_threadsafe(loop)
            measures["run_coroutine_threadsafe, empty function"] = wsgi_measure(bare, clients, 640)
        add(title, measures)
    return "\n".join(parts)
