"""Event streams of an ASGI app: `app` detaches them from the WSGI server's threads, `attached` does not; `wrapped` has
middleware around `app`.

GET /events?count=5 sends five events, each after a further call of /go. Without `count`, the stream is endless.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import os
import threading
import zlib
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import psutil
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wsgi import ClosingIterator

from gateways.adapters import ASGIToWSGI

WSGIApp = Callable[[Any, Any], Iterable[bytes]]

api = FastAPI()
noted: list[str] = []
_go = asyncio.Condition()
_gone = 0


@api.get("/noted")
async def what_was_noted() -> list[str]:
    return noted


@api.get("/held")
async def held() -> dict[str, Any]:
    gc.collect()  # finalizers that log errors then run now
    return {
        "descriptors": psutil.Process().num_fds(),
        "threads": threading.active_count(),
        "tasks": len(asyncio.all_tasks()),
        "detached": app.stats().detached,
        "pid": os.getpid(),
    }


@api.get("/go")
async def go(events: int = 1) -> int:
    """Let each stream send `events` more events."""
    global _gone  # noqa: PLW0603
    async with _go:
        _gone += events
        _go.notify_all()
    return _gone


@api.api_route("/events", methods=["GET", "HEAD", "POST"])
async def events(request: Request, count: int = 1 << 30, token: str = "", size: int = 0) -> StreamingResponse:
    posted = (await request.body()).decode()

    async def stream() -> AsyncIterator[str]:
        start = _gone
        try:
            for number in range(count):
                async with _go:
                    await _go.wait_for(lambda number=number: _gone > start + number)  # type: ignore[misc]
                yield f"data: {token}{posted} {number}{'x' * size}\n\n"
            noted.append(f"end {token}")
        except BaseException as error:
            noted.append(f"{type(error).__name__} {token}")
            raise

    return StreamingResponse(stream(), media_type="text/event-stream", headers={"X-Stream": "yes"})


@api.get("/quick")
async def quick(count: int = 50, pause: float = 0.0, token: str = "") -> StreamingResponse:
    """Send events without waiting for /go."""

    async def stream() -> AsyncIterator[str]:
        for number in range(count):
            await asyncio.sleep(pause)
            yield f"data: {token}{number}\n\n"

    return StreamingResponse(stream(), media_type="text/event-stream")


@api.get("/fail")
async def fail() -> StreamingResponse:
    async def stream() -> AsyncIterator[str]:
        yield "data: first\n\n"
        raise RuntimeError("an error in a stream")

    return StreamingResponse(stream(), media_type="text/event-stream")


@api.get("/flood")
async def flood(megabytes: int = 20) -> StreamingResponse:
    """Send much more than sockets can buffer; /noted reports how much was sent."""

    async def stream() -> AsyncIterator[bytes]:
        for number in range(megabytes * 16):
            noted.append(f"block {number}")
            yield b"data: " + b"x" * 65528 + b"\n\n"

    return StreamingResponse(stream(), media_type="text/event-stream")


app = ASGIToWSGI(api, detach=True)
attached = ASGIToWSGI(api)


def _by_generator(wsgi_app: WSGIApp) -> WSGIApp:
    def wraps(environ: Any, start_response: Any) -> Iterable[bytes]:
        for block in wsgi_app(environ, start_response):
            yield block.upper()

    return wraps


def _by_map(wsgi_app: WSGIApp) -> WSGIApp:
    """Return an app whose iterator is written in C, and so has no frame between the server and the adapter."""
    return lambda environ, start_response: map(bytes.upper, wsgi_app(environ, start_response))


def _by_chain(wsgi_app: WSGIApp) -> WSGIApp:
    return lambda environ, start_response: itertools.chain(wsgi_app(environ, start_response), [b": the end\n\n"])


def _by_closing(wsgi_app: WSGIApp) -> WSGIApp:
    return lambda environ, start_response: ClosingIterator(
        wsgi_app(environ, start_response), [lambda: noted.append("closed")]
    )


def _by_gzip(wsgi_app: WSGIApp) -> WSGIApp:
    def compresses(environ: Any, start_response: Any) -> Iterable[bytes]:
        def started(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            return start_response(status, [*headers, ("Content-Encoding", "gzip")])

        def blocks() -> Iterable[bytes]:
            coder = zlib.compressobj(wbits=31)
            for block in wsgi_app(environ, started):
                yield coder.compress(block) + coder.flush(zlib.Z_SYNC_FLUSH)
            yield coder.flush()

        return blocks()

    return compresses


def _passing(wsgi_app: WSGIApp) -> WSGIApp:
    """A middleware that changes environ and headers and returns the iterable unchanged, like ProxyFix and
    WhiteNoise.
    """

    def passes(environ: Any, start_response: Any) -> Iterable[bytes]:
        def started(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            return start_response(status, [*headers, ("X-Passed", "yes")])

        return wsgi_app(environ, started)

    return ProxyFix(passes)


WRAPPED = {
    "generator": _by_generator(app),
    "map": _by_map(app),
    "chain": _by_chain(app),
    "closing": _by_closing(app),
    "gzip": _by_gzip(app),
}
_mounts: dict[str, Any] = {"/passing": _passing(app), "/attached": attached}
_mounts.update({f"/{name}": each for name, each in WRAPPED.items()})
wrapped = DispatcherMiddleware(app, _mounts)
"""`app`; below each name of WRAPPED, the same behind a middleware that wraps the body; below /passing, behind one that
does not; below /attached, `attached`.
"""
