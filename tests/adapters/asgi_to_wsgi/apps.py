"""ASGI apps for the tests, named after their behaviour, and parts of apps. Knows ASGI only."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from .patience import PATIENCE

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Any], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

TEXT = [(b"content-type", b"text/plain")]


def start(status: Any = 200, headers: Any = TEXT, **more: Any) -> Message:
    """An http.response.start."""
    return {"type": "http.response.start", "status": status, "headers": headers, **more}


def body(block: Any = b"", more_body: bool = False, **more: Any) -> Message:
    """An http.response.body."""
    return {"type": "http.response.body", "body": block, "more_body": more_body, **more}


async def respond(send: Send, block: bytes = b"ok", status: int = 200, headers: Any = TEXT) -> None:
    """Send a complete response: start and one body message."""
    await send(start(status, headers))
    await send(body(block))


async def read_all(receive: Receive) -> tuple[bytes, str]:
    """Return the request body, and the type of its last event."""
    blocks: list[bytes] = []
    while True:
        event = await receive()
        if event["type"] != "http.request":
            return b"".join(blocks), event["type"]
        blocks.append(event.get("body", b""))
        if not event.get("more_body", False):
            return b"".join(blocks), event["type"]


def http_only(app: ASGIApp) -> ASGIApp:
    """Return `app` without lifespan support: it raises, as the specification allows."""

    async def only_http(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise NotImplementedError(f"this app speaks http, not {scope['type']}")
        await app(scope, receive, send)

    return only_http


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    """Responds at once, with a length."""
    await respond(send, b"hello", headers=[*TEXT, (b"content-length", b"5")])


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads the whole body, then sends it back."""
    await respond(send, (await read_all(receive))[0])


async def endless(scope: Scope, receive: Receive, send: Send) -> None:
    """Streams until send() raises."""
    await send(start())
    while True:
        await send(body(b"x" * 1000, True))
        await asyncio.sleep(0)


def sends(*messages: Any) -> ASGIApp:
    """Return an app that sends these messages and returns."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)

    return app


stream = sends(start(), body(b"one, ", True), body(b"two"))


def raises(error: BaseException | type[BaseException], *before: Any) -> ASGIApp:
    """Return an app that sends these messages and then raises."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for message in before:
            await send(message)
        raise error

    return app


class Watched:
    """Records the loop of an app, and the number of its running calls."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.loop: asyncio.AbstractEventLoop = None  # type: ignore[assignment]
        self.calls = self.running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.loop = asyncio.get_running_loop()
        self.calls += 1
        self.running += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.running -= 1


class Gate:
    """Holds apps on any loop until the test opens it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open = False
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []

    async def wait(self) -> None:
        """Return once the gate is open."""
        loop = asyncio.get_running_loop()
        with self._lock:
            if self._open:
                return
            future = loop.create_future()
            self._waiting.append((loop, future))
        await future

    def open(self) -> None:
        """Open the gate permanently."""
        with self._lock:
            self._open = True
            waiting, self._waiting = self._waiting, []
        for loop, future in waiting:
            loop.call_soon_threadsafe(_settle, future)


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


class Journal:
    """Entries of apps, in order; a test waits for an entry instead of sleeping."""

    def __init__(self) -> None:
        self.entries: list[Any] = []
        self._changed = threading.Condition()

    def note(self, entry: Any) -> None:
        """Add an entry, from any thread."""
        with self._changed:
            self.entries.append(entry)
            self._changed.notify_all()

    def expect(self, *entries: Any, limit: float = PATIENCE) -> None:
        """Wait until the record contains all `entries`."""
        end = time.monotonic() + limit
        with self._changed:
            while missing := [entry for entry in entries if entry not in self.entries]:
                left = end - time.monotonic()
                assert left > 0, f"not noted within {limit} s: {missing}; noted: {self.entries}"
                self._changed.wait(left)

    def last(self, count: int = 1, limit: float = PATIENCE) -> Any:
        """Wait for entry number `count` and return it."""
        end = time.monotonic() + limit
        with self._changed:
            while len(self.entries) < count:
                left = end - time.monotonic()
                assert left > 0, f"{len(self.entries)} of {count} entries within {limit} s: {self.entries}"
                self._changed.wait(left)
            return self.entries[count - 1]


def live_tasks(loop: asyncio.AbstractEventLoop) -> list[str]:
    """Return all running tasks of `loop`, except the one that runs this call."""

    async def ask() -> list[str]:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        return sorted(str(task) for task in tasks)

    return asyncio.run_coroutine_threadsafe(ask(), loop).result(PATIENCE)


def pairs(headers: Iterable[Iterable[bytes]]) -> list[tuple[bytes, bytes]]:
    """Return scope headers as comparable pairs."""
    return [(name, value) for name, value in headers]
