"""The ASGI app of the soak: each path has a different behaviour, correct or faulty.

Knows ASGI. It must not know the adapter.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

BLOCK = b"x" * 100
LARGE = b"x" * 64 * 1024
FILE = Path(__file__)

inside: set[object] = set()  # running requests, which may outlast their responses
loops: list[asyncio.AbstractEventLoop] = []  # the loops on which the app was started


class Failure(Exception):
    """The app's exception."""


async def _start(send: Any, status: int = 200, *headers: tuple[bytes, bytes]) -> None:
    start = {"type": "http.response.start", "status": status, "headers": [(b"content-type", b"text/plain"), *headers]}
    await send(start)


async def _body(send: Any, block: bytes = b"", more: bool = False) -> None:
    await send({"type": "http.response.body", "body": block, "more_body": more})


async def hello(receive: Any, send: Any) -> None:
    await _start(send)
    await _body(send, b"hello")


async def empty(receive: Any, send: Any) -> None:
    await _start(send, 204)
    await _body(send)


async def read(receive: Any, send: Any) -> None:
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError("the client left before the whole body had come")
        size += len(message["body"])
        more = message["more_body"]
    await _start(send)
    await _body(send, b"%08d" % size)


async def stream(receive: Any, send: Any) -> None:
    await _start(send)
    for _ in range(20):
        await _body(send, BLOCK, True)
    await _body(send)


async def large(receive: Any, send: Any) -> None:
    await _start(send)
    for _ in range(16):
        await _body(send, LARGE, True)
    await _body(send)


async def endless(receive: Any, send: Any) -> None:
    await _start(send)
    while True:
        await _body(send, LARGE, True)


async def events(receive: Any, send: Any) -> None:
    """Send one block, and wait for the disconnect."""
    await _start(send)
    await _body(send, BLOCK, True)
    while (await receive())["type"] != "http.disconnect":
        continue


async def stubborn(receive: Any, send: Any) -> None:
    """Send one block, and ignore the disconnect. Only a cancellation ends this app."""
    await _start(send)
    await _body(send, BLOCK, True)
    await asyncio.Event().wait()


async def background(receive: Any, send: Any) -> None:
    await hello(receive, send)
    await asyncio.sleep(0.001)


async def file(receive: Any, send: Any) -> None:
    await _start(send)
    await send({"type": "http.response.pathsend", "path": str(FILE)})


async def fails(receive: Any, send: Any) -> None:
    raise Failure("before the head")


async def breaks(receive: Any, send: Any) -> None:
    await _start(send)
    await _body(send, BLOCK, True)
    raise Failure("after the head")


async def short(receive: Any, send: Any) -> None:
    await _start(send, 200, (b"content-length", b"1000"))
    await _body(send, BLOCK, True)
    await _body(send, BLOCK)


async def silent(receive: Any, send: Any) -> None:
    """Return without a response."""


async def cancels(receive: Any, send: Any) -> None:
    raise asyncio.CancelledError


_APPS = (hello, empty, read, stream, large, endless, events, stubborn, background, file)
_FAILING = (fails, breaks, short, silent, cancels)
_PATHS = {f"/{each.__name__}": each for each in (*_APPS, *_FAILING)}


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        return await _lifespan(receive, send)
    with _inside():
        await _PATHS[scope["path"]](receive, send)


async def _lifespan(receive: Any, send: Any) -> None:
    loops.append(asyncio.get_running_loop())
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})


@contextlib.contextmanager
def _inside() -> Iterator[None]:
    request = object()
    inside.add(request)
    try:
        yield
    finally:
        inside.discard(request)
