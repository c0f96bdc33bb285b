"""The tools of a test: `serve(app, …)` sends a request to an app behind the adapter, `serve.gate()` pauses the app.

Knows scopes, and how to observe threads. It must not know how the adapter works.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any
from wsgiref.types import WSGIApplication

from tests.adapters.wsgi_to_asgi.contenders import Contender
from tests.adapters.wsgi_to_asgi.exchange import ASGIApp, Exchange, Message, Plan
from tests.adapters.wsgi_to_asgi.loops import PATIENCE, Loop

HERE = str(Path(__file__).parent)
STALL = None  # as `body`: the client has announced a body that never arrives
SLOW = Plan(hold_from=1)  # a client that does not read the body
LIMIT = 2 * 2**20  # bytes that may be in flight in one direction; generous


class Gate:
    """A gate at which one thread waits and which another opens; for apps and tests."""

    def __init__(self, name: str) -> None:
        self._name, self._open = name, threading.Event()

    def open(self) -> None:
        self._open.set()

    @property
    def is_open(self) -> bool:
        return self._open.is_set()

    def wait(self) -> None:
        if not self._open.wait(PATIENCE):
            raise AssertionError(f"after {PATIENCE} s still waiting for {self._name}")


def poll(met: Callable[[], bool], what: str) -> None:
    """Poll for a condition without an event, such as the end of a thread."""
    deadline = time.monotonic() + PATIENCE
    while not met():
        assert time.monotonic() < deadline, f"after {PATIENCE} s still waiting for {what}"
        time.sleep(0.002)


def level(count: Callable[[], int], limit: int) -> int:
    """Return the final value of a growing count, or the first one above `limit`."""
    seen, since = count(), time.monotonic()
    while seen <= limit and time.monotonic() - since < 0.25:
        time.sleep(0.01)
        if (now := count()) != seen:
            seen, since = now, time.monotonic()
    return seen


def scope_of(method: str = "GET", path: str = "/", headers: Iterable[Any] = (), **more: Any) -> dict[str, Any]:
    """Return an ASGI HTTP scope with all keys of a server."""
    if "raw_path" not in more:
        more["raw_path"] = path.encode()
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.5"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "query_string": b"",
        "root_path": "",
        "headers": list(headers),
        "client": ("192.0.2.7", 50123),
        "server": ("192.0.2.1", 8000),
        **more,
    }


def events_of(body: bytes | list[bytes] | None) -> list[Message]:
    if body is STALL:
        return []
    pieces = body if isinstance(body, list) else [body]
    last = len(pieces) - 1
    return [{"type": "http.request", "body": piece, "more_body": n < last} for n, piece in enumerate(pieces)]


class Serve:
    """A server with one adapter for each app and number of threads."""

    def __init__(self, loop: Loop, contender: Contender) -> None:
        self.loop, self._contender = loop, contender
        self.options: dict[str, Any] = {}  # for new adapters, if they are ours
        self.only: ASGIApp | None = None  # an adapter to use for all apps, e.g. one shared with other servers
        self._adapters: dict[tuple[int, int | None], tuple[WSGIApplication, ASGIApp]] = {}
        self._exchanges: list[Exchange] = []
        self._gates: list[Gate] = []

    def adapt(self, app: WSGIApplication, threads: int | None = None) -> Any:
        if self.only:
            return self.only
        key = (id(app), threads)
        if key not in self._adapters:
            self._adapters[key] = (app, self._contender.make(app, threads, **self.options))
        return self._adapters[key][1]

    def __call__(
        self,
        app: WSGIApplication,
        method: str = "GET",
        path: str = "/",
        *,
        body: bytes | list[bytes] | None = b"",
        headers: Iterable[Any] | None = None,
        threads: int | None = None,
        plan: Plan | None = None,
        **scope: Any,
    ) -> Exchange:
        """Send a request. Without `headers`, a body given as bytes gets a Content-Length."""
        if headers is None:
            length = len(body) if isinstance(body, bytes) else sum(map(len, body or ()))
            headers = [(b"host", b"example.org"), *([(b"content-length", b"%d" % length)] if length else [])]
        exchange = self.start(self.adapt(app, threads), scope_of(method, path, headers, **scope), plan, events_of(body))
        self._exchanges.append(exchange)
        return exchange

    def start(
        self, adapter: ASGIApp, scope: dict[str, Any], plan: Plan | None = None, events: list[Message] | None = None
    ) -> Exchange:
        """Send a request with all details from the test. This server keeps no reference to the request."""
        return Exchange(self.loop, adapter, scope, replace(plan or Plan()), events or [])

    def forget(self) -> None:
        """Drop all requests, which have ended."""
        for exchange in self._exchanges:
            exchange.wait_end()
        self._exchanges.clear()

    def gate(self, name: str = "a gate") -> Gate:
        """Return a gate that is opened at the end of the test at the latest."""
        gate = Gate(name)
        self._gates.append(gate)
        return gate

    def close(self) -> None:
        """End everything that the test left running."""
        for gate in self._gates:
            gate.open()
        for exchange in self._exchanges:
            if not exchange.ended:
                exchange.cancel()
        for exchange in self._exchanges:
            exchange.wait_end()

    def close_adapters(self) -> None:
        for _, adapter in self._adapters.values():
            with contextlib.suppress(AttributeError):
                adapter.close()  # type: ignore[attr-defined]


def threads_inside_apps() -> dict[int, str]:
    """Return the other threads that are inside an app of these tests: their identifiers and stacks."""
    own = {threading.get_ident(), threading.main_thread().ident}
    loops = {thread.ident for thread in threading.enumerate() if thread.name == "server-loop"}
    stacks = {}
    for ident, frame in sys._current_frames().items():
        if ident not in own | loops and _is_inside(frame):
            stacks[ident] = "".join(traceback.format_stack(frame))
    return stacks


def _is_inside(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith(HERE):
            return True
        frame = frame.f_back
    return False
