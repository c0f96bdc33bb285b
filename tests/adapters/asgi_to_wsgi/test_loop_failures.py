"""Loops that cannot start, that end or are stopped, or that raise: no thread waits for them forever."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Iterator
from typing import Any

import anyio
import pytest

from .apps import Gate, Receive, Scope, Send, body, hello, respond, start
from .conftest import Bridge, ErrorLog, LoopFactory
from .harness import Exchange, Outcome, fetch
from .patience import eventually
from .request import environ


@pytest.fixture(autouse=True)
def tasks_of_dead_loops_are_collected() -> Iterator[None]:
    """Collect garbage after each test: if such a task were collected during `ast.parse` of a later test, CPython 3.11
    would fail there.
    """
    yield
    gc.collect()


class CannotRun(asyncio.SelectorEventLoop):
    """A loop that fails like a loop under gevent when another greenlet already runs a loop."""

    def run_forever(self) -> None:
        raise RuntimeError("Cannot run the event loop while another loop is running")


def test_a_loop_that_cannot_start_fails_the_request_with_the_reason(bridge: Bridge) -> None:
    """Safety: otherwise a server's thread waits forever for the loop."""
    outcome = Outcome(bridge(hello, CannotRun))
    assert outcome.failed
    assert "another loop is running" in str(outcome.error)


def test_a_thread_that_cannot_start_fails_the_request_with_the_reason(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Safety: the system's limit of threads is reached; a later request may succeed."""

    def factory() -> asyncio.AbstractEventLoop:
        return asyncio.new_event_loop()

    app = bridge(hello, factory)
    begin = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name.startswith("asgi-to-wsgi"):
            raise RuntimeError("can't start new thread")
        begin(thread)

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        outcome = Outcome(app)
    assert "can't start new thread" in str(outcome.error)
    assert fetch(app).body == b"hello"


broken: list[Any] = []


async def breaks_its_loop(scope: Scope, receive: Receive, send: Send) -> None:
    """Sends a block on the path for streams, then makes the loop's next iteration fail."""
    loop: Any = asyncio.get_running_loop()
    if scope["path"] == "/hello":
        return await respond(send, b"hello")
    if scope["path"] == "/stream":
        await send(start())
        await send(body(b"block", True))
    loop._run_once = broken.pop  # like a fault in the loop's own code
    await asyncio.sleep(60)


@pytest.mark.parametrize("path", ["/silent", "/stream"])
def test_a_loop_that_dies_fails_the_request_and_the_next_request_gets_a_new_loop(bridge: Bridge, path: str) -> None:
    """Safety: no wait for a thread that may have died is without limit."""

    def factory() -> asyncio.AbstractEventLoop:
        return asyncio.SelectorEventLoop()

    app = bridge(breaks_its_loop, factory)
    with Exchange(app, environ(path=path)) as exchange, pytest.raises(RuntimeError, match="event loop has ended"):
        exchange.run()
    assert fetch(app, environ(path="/hello")).body == b"hello"


def test_an_app_that_stops_the_loop_affects_no_other_request(
    bridge: Bridge, loop_factory: LoopFactory, errors: ErrorLog
) -> None:
    """Safety: all requests share the loop."""

    async def stops(scope: Scope, receive: Receive, send: Send) -> None:
        asyncio.get_running_loop().stop()
        await asyncio.sleep(0.05)
        await respond(send, b"went on")

    app = bridge(stops, loop_factory)
    assert fetch(app).body == b"went on"
    assert fetch(app).body == b"went on"
    assert errors.says("stopped the event loop")


def test_an_app_that_cancels_all_tasks_does_not_end_the_loop(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """Ours: shutdown code often does this, and the loop's own task is one of them."""

    async def cancels_all(scope: Scope, receive: Receive, send: Send) -> None:
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0.01)
        await respond(send, b"went on")

    app = bridge(cancels_all, loop_factory)
    assert fetch(app).body == b"went on"
    assert fetch(app).body == b"went on"


def test_worker_threads_of_the_app_are_reused(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """Safety: AnyIO keeps its threads for the loop's root task, so FastAPI's `def` endpoints share thread-locals and
    sessions.
    """
    mine = threading.local()
    made: list[int] = []

    def work() -> None:
        if not hasattr(mine, "session"):
            mine.session = object()
            made.append(threading.get_ident())

    async def works_in_a_thread(scope: Scope, receive: Receive, send: Send) -> None:
        await anyio.to_thread.run_sync(work)
        await respond(send)

    app = bridge(works_in_a_thread, loop_factory)
    for _ in range(20):
        fetch(app)
    assert len(made) <= 2, made


def test_a_waiting_thread_does_not_poll(bridge: Bridge, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ours: otherwise a thousand silent streams wake a thousand threads twice a second."""
    gate = Gate()

    async def waits(scope: Scope, receive: Receive, send: Send) -> None:
        await gate.wait()
        await respond(send)

    app = bridge(waits)
    looked: set[int] = set()
    monkeypatch.setattr("gateways.adapters.on_wsgi.client.Client.has_left", lambda _: looked.add(threading.get_ident()))
    with Exchange(app) as one, Exchange(app) as other:
        one.begin_run()
        other.begin_run()
        eventually("a look at the clients", lambda: looked)
        gate.open()
        one.finish()
        other.finish()
        assert looked.isdisjoint({one.thread.ident, other.thread.ident})
        assert len(looked) == 1
