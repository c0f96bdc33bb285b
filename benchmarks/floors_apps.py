"""The apps of benchmarks/floors.py: native, through the adapter, and through a minimal bridge.

The minimal bridges give the adapter's most important guarantees: a WSGI app has its own thread, and an ASGI app has the
loop. The app runs in a copy of the request's context, and gets the request's headers. The bridge checks the response
headers. A fast app waits for a slow client. The app is notified of a disconnect, and the server of the app's errors.
For these guarantees, the bridges use the adapters' fastest code. They leave out the request body, streams, warnings,
statistics, and all checks of the body and of the order of events. So do not use them to serve requests.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterable
from contextvars import Context, copy_context
from functools import cache, partial
from typing import Any

from gateways.adapters.asgi_types import Scope
from gateways.adapters.concurrency.desk import Desk
from gateways.adapters.concurrency.gate import thread_gate
from gateways.adapters.concurrency.loop_thread import LoopThread, acquire
from gateways.adapters.concurrency.loops import Loop, running_loop
from gateways.adapters.concurrency.outbox import Outbox
from gateways.adapters.concurrency.thread_pool import Workers
from gateways.adapters.mapping.requests import environ_from_scope, scope_from_environ
from gateways.adapters.mapping.responses import head_from_asgi, head_from_wsgi

from .apps import asgi, ours_on_asgi, ours_on_wsgi, wsgi

__all__ = ["asgi", "floor_on_asgi", "floor_on_wsgi", "ours_on_asgi", "ours_on_wsgi", "wsgi"]

_workers = Workers(32, "floor")


class _InThread:
    """A WSGI request: the app runs in a worker thread, and the request's coroutine waits for its response."""

    error: BaseException | None = None

    def __init__(self, environ: dict[str, Any], loop: Loop) -> None:
        self.environ, self.outbox = environ, Outbox(loop, _workers)
        self.alone = loop.attend(self)

    def look(self) -> None:
        self.outbox.close()

    def start_response(self, status: str, headers: list[tuple[str, str]]) -> None:
        self.head = head_from_wsgi(status, headers)

    def run(self) -> Callable[[], object] | None:
        items: list[bytes] = []
        try:
            items = [b"".join(wsgi(self.environ, self.start_response))]
        except BaseException as error:
            self.error = error
        if self.alone:
            return partial(self.outbox.end, items)
        self.outbox.end(items)
        return None


async def floor_on_asgi(scope: Any, receive: Any, send: Any) -> None:
    """Run the WSGI app in a worker thread, because it may block."""
    if scope["type"] != "http":
        return await asgi(scope, receive, send)
    loop = running_loop()
    request = _InThread(environ_from_scope(scope), loop)
    outbox, alone = request.outbox, request.alone
    try:
        waiter = None if alone else outbox.expect()
        _workers.submit(_InThread.run, request, alone, copy_context())
        if alone:
            waiter = outbox.expect_more()
        if waiter is not None:
            await waiter
        items, _ = outbox.take() or await outbox.get()
    finally:
        loop.leave(request)
    if request.error is not None:
        raise request.error
    await send({"type": "http.response.start", "status": request.head.status, "headers": request.head.headers})
    await send({"type": "http.response.body", "body": items[0]})


_live: set[_OnLoop] = set()  # in the adapter, a timer checks these requests for disconnects


class _OnLoop:
    """An ASGI request: the app runs on the loop, and the server's thread waits at a desk for its response."""

    error: BaseException | None = None

    def __init__(self, loop: Loop, scope: Scope) -> None:
        self.loop, self.scope, self.desk = loop.asyncio_loop, scope, Desk(loop, None, None, thread_gate)

    def begin(self, context: Context) -> None:
        if sys.version_info >= (3, 12):
            asyncio.Task(self.run(), loop=self.loop, context=context, eager_start=True)
        else:
            asyncio.Task(self.run(), loop=self.loop, context=context)

    async def run(self) -> None:
        try:
            await asgi(self.scope, self.receive, self.send)
        except BaseException as error:
            self.error = error
        finally:
            _live.discard(self)
            self.desk.end()

    async def receive(self) -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers, _ = head_from_asgi(message["status"], message["headers"])
        else:
            self.desk.put(message["body"], len(message["body"]), last=True)
            if self.desk.full:
                await self.desk.room()


@cache
def _loop_thread() -> LoopThread:
    return acquire(None)


def floor_on_wsgi(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Run the ASGI app on a loop in another thread, because its tasks and connections may outlive the request."""
    loop = _loop_thread().loop
    request = _OnLoop(loop, scope_from_environ(environ))
    _live.add(request)
    loop.post(partial(request.begin, copy_context()))
    items, _, _ = request.desk.get()
    if request.error is not None:
        raise request.error
    start_response(request.status, request.headers)
    return items
