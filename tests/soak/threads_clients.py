"""The clients of `python -m tests.soak.threads`: each sends requests with tokens until the time is up.

Knows ASGI, WSGI and a WebSocket client. It must not know how an adapter works.
"""

from __future__ import annotations

import asyncio
import io
import itertools
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from gateways.adapters import ASGIToWSGI, ClientDisconnected
from gateways.adapters.run_cgi.host import ProgramFailed
from tests.adapters.asgi_to_wsgi.sockets import connected
from tests.soak.threads_apps import ASGIApp

TASKS = 8  # concurrent clients of one event loop
FIRST = 4  # threads that send the first requests of a new adapter
LEFT = (ClientDisconnected, ProgramFailed, OSError)  # what an adapter may raise once its client has left
Wrong = list[str]


class Request:
    """A token, a body, and whether the client leaves before the response has ended."""

    def __init__(self, name: int, number: int) -> None:
        self.token = b"%d-%d" % (name, number)
        self.body = os.urandom(8).hex().encode() * (number % 3)
        self.leaves = number % 10 == 0

    def expects(self, got: bytes) -> bool:
        """Return True if the response's body is right, as far as the client has waited for it."""
        whole = self.token + b" " + self.body
        return whole.startswith(got) if self.leaves else got == whole

    def check(self, got: bytes, wrong: Wrong) -> None:
        """Add a line to `wrong` if the response's body is not the expected one."""
        if not self.expects(got):
            wrong.append(f"{self.token!r} {self.body!r}: {got!r}")


def requests(name: int, until: float) -> Iterator[Request]:
    """Make requests until the time is up; client 0 makes at least one."""
    number = 0
    while time.monotonic() < until or name == number == 0:
        number += 1
        yield Request(name, number)


async def ask_asgi(app: Any, request: Request) -> bytes:
    """Make one request to an ASGI app; return the response's body."""
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "query_string": request.token,
        "http_version": "1.1",
        "headers": [(b"content-length", b"%d" % len(request.body))],
    }
    events = [{"type": "http.request", "body": request.body, "more_body": False}]
    got = []

    async def receive() -> Any:
        if events:
            return events.pop()
        return {"type": "http.disconnect"} if request.leaves else await asyncio.get_running_loop().create_future()

    async def send(message: Any) -> None:
        got.append(message.get("body", b""))

    try:
        await app(scope, receive, send)
    except LEFT:
        if not request.leaves:
            raise
    return b"".join(got)


def ask_wsgi(app: Any, request: Request) -> bytes:
    """Make one request to a WSGI app; return the response's body."""
    environ = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/",
        "QUERY_STRING": request.token.decode(),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "CONTENT_LENGTH": str(len(request.body)),
        "wsgi.input": io.BytesIO(request.body),
    }
    blocks = app(environ, lambda *_: None)
    try:
        return next(iter(blocks)) if request.leaves else b"".join(blocks)
    finally:
        if hasattr(blocks, "close"):
            blocks.close()


def on_loop(app: Any, name: int, until: float, wrong: Wrong, count: list[int]) -> None:
    """Run several clients on a new loop in this thread."""

    async def client(number: int) -> None:
        for request in requests(name * 100 + number, until):
            got = await ask_asgi(app, request)
            count[name] += 1
            request.check(got, wrong)

    async def clients() -> None:
        await asyncio.gather(*(client(number) for number in range(TASKS)))

    asyncio.run(clients())


def in_thread(app: Any, name: int, until: float, wrong: Wrong, count: list[int]) -> None:
    """Run one blocking client."""
    for request in requests(name, until):
        got = ask_wsgi(app, request)
        count[name] += 1
        request.check(got, wrong)


def on_websocket(app: Any, name: int, until: float, wrong: Wrong, count: list[int]) -> None:
    """Open one WebSocket after another; exchange messages. One in ten ends without a Close frame."""
    for request in requests(name, until):
        with connected(app, QUERY_STRING=request.token.decode()) as client:
            got = [client.message()]
            for message in (request.body, request.token, request.body):
                client.send(message)
                got.append(client.message())
            if not request.leaves:
                client.close(1000)
                got.append(repr(client.closed()))
        count[name] += 1
        expected: list[Any] = [request.token, request.body, request.token, request.body]
        if got != expected + ([] if request.leaves else [repr((1000, ""))]):
            wrong.append(f"{request.token!r} {request.body!r}: {got!r}")


def on_new_adapters(_: Any, name: int, until: float, wrong: Wrong, count: list[int]) -> None:
    """Create an adapter, send its first requests from several threads at the same moment, close it, and repeat."""
    together = threading.Barrier(FIRST)

    def first(adapter: Any, request: Request) -> None:
        together.wait(60)
        request.check(ask_wsgi(adapter, request), wrong)

    with ThreadPoolExecutor(FIRST) as threads:
        for number in itertools.count(step=FIRST):
            asgi = ASGIApp()
            adapter = ASGIToWSGI(asgi)
            asked = [threads.submit(first, adapter, Request(name, number + each)) for each in range(FIRST)]
            for done in asked:
                done.result()
            adapter.close()
            count[name] += FIRST
            if (asgi.startups, asgi.shutdowns) != (1, 1):
                wrong.append(f"{asgi.startups} startups, {asgi.shutdowns} shutdowns")
            if time.monotonic() > until:
                return
