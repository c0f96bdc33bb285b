"""The loop of the adapters: one per process and factory, on its own thread, created on first use."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
import uvloop

from .apps import Receive, Scope, Send, echo, endless, hello, respond, stream
from .conftest import Bridge, LoopFactory
from .contenders import contender, is_ours
from .harness import Exchange, fetch, threads
from .patience import eventually
from .request import environ


def test_creating_an_adapter_creates_neither_thread_nor_loop() -> None:
    """Ours: a module that creates an adapter at import must be importable anywhere: before a fork, in a test, in a
    REPL.
    """
    before = threads()
    for factory in (None, uvloop.new_event_loop):
        contender().make(http_only_hello, factory)
    assert threads() <= before


async def http_only_hello(scope: Scope, receive: Receive, send: Send) -> None:
    """The app hello with lifespan handling, for tests without the fixture."""
    assert scope["type"] == "http"
    await hello(scope, receive, send)


def test_an_adapter_may_be_created_while_a_loop_runs(bridge: Bridge) -> None:
    """Ours: a new adapter must not use the running asyncio loop."""

    async def make() -> Any:
        return bridge(hello)

    assert fetch(asyncio.run(make())).body == b"hello"


def test_a_thread_with_its_own_running_loop_may_call_the_adapter(bridge: Bridge) -> None:
    """Ours: a coroutine may call a WSGI app (a test client, a notebook): the app runs on the adapter's loop."""
    app = bridge(hello)

    async def calls_it() -> bytes:
        return b"".join(app(environ(), lambda *_: None))

    assert asyncio.run(calls_it()) == b"hello"


def test_a_call_from_the_adapters_own_loop_is_an_error_and_not_a_deadlock(bridge: Bridge) -> None:
    """Safety: a thread that waits for itself waits forever."""

    async def calls_an_adapter(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            b"".join(inner(environ(), lambda *_: None))
        except RuntimeError as error:
            await respond(send, str(error).encode())

    inner, outer = bridge(hello), bridge(calls_an_adapter)
    assert b"loop" in fetch(outer).body


def test_all_adapters_of_a_process_share_one_loop_and_thread(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """Ours: one mounted app can use a session of another, and a thousand adapters do not need a thousand threads."""
    loops: set[Any] = set()

    async def keeps_its_loop(scope: Scope, receive: Receive, send: Send) -> None:
        loops.add((asyncio.get_running_loop(), threading.get_ident()))
        await respond(send)

    servers: set[int | None] = set()
    for _ in range(5):
        app = bridge(keeps_its_loop, loop_factory)
        for _ in range(5):
            with Exchange(app) as exchange:
                exchange.run()
                servers.add(exchange.thread.ident)
    assert len(loops) == 1
    assert not servers & {thread for _, thread in loops}


def test_each_loop_factory_has_its_own_loop(bridge: Bridge) -> None:
    """Ours: the app runs on the loop that loop_factory creates."""
    loops: list[asyncio.AbstractEventLoop] = []

    async def keeps_its_loop(scope: Scope, receive: Receive, send: Send) -> None:
        loops.append(asyncio.get_running_loop())
        await respond(send)

    made: list[asyncio.AbstractEventLoop] = []

    def factory() -> asyncio.AbstractEventLoop:
        made.append(asyncio.new_event_loop())
        return made[-1]

    for one in (None, uvloop.new_event_loop, factory):
        fetch(bridge(keeps_its_loop, one))
    assert len(set(loops)) == 3
    assert isinstance(loops[1], uvloop.Loop)
    assert made == [loops[2]]


def test_a_loop_factory_that_fails_is_an_error_for_the_request(bridge: Bridge) -> None:
    """Safety: the next request tries again, because a lack of descriptors is temporary."""
    tries: list[int] = []

    def factory() -> asyncio.AbstractEventLoop:
        tries.append(1)
        if len(tries) == 1:
            raise OSError("no descriptors left")
        return asyncio.new_event_loop()

    app = bridge(hello, factory)
    with Exchange(app) as exchange, pytest.raises(OSError, match="descriptors"):
        exchange.run()
    assert fetch(app).body == b"hello"


def test_no_thread_is_left_when_all_adapters_are_closed(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """Safety: close() of the last adapter that uses the loop ends it."""

    def factory() -> asyncio.AbstractEventLoop:
        return (loop_factory or asyncio.new_event_loop)()

    before = threads()
    apps = [bridge(hello, factory) for _ in range(10)]
    for app in apps:
        assert fetch(app).body == b"hello"
    executors = ("asyncio_", "uvloop_")  # of the loop: Python 3.12.0 to 3.12.2 need one
    assert len([thread for thread in threads() - before if not thread.name.startswith(executors)]) == 1
    for app in apps:
        app.close()
    eventually("the thread to end", lambda: threads() <= before)


def test_options_are_keyword_only() -> None:
    """Ours: loop_factory is keyword-only; as a second argument it could be mistaken for a path, a wait time or a
    loop.
    """
    if not is_ours():
        pytest.skip("another adapter has other options")
    from gateways.adapters import ASGIToWSGI

    with pytest.raises(TypeError):
        ASGIToWSGI(hello, asyncio.new_event_loop)  # type: ignore[call-arg]


def debugging() -> asyncio.AbstractEventLoop:
    """A loop that raises if it is called from another thread."""
    loop = asyncio.new_event_loop()
    loop.set_debug(True)
    return loop


def test_the_loop_is_only_used_through_thread_safe_calls(bridge: Bridge, caplog: pytest.LogCaptureFixture) -> None:
    """Safety: in asyncio's debug mode, calls that are not thread-safe raise or are logged."""
    for app in (hello, echo, stream):
        assert fetch(bridge(app, debugging), environ("POST", body=b"x" * 200_000)).code == 200
    with Exchange(bridge(endless, debugging)) as exchange:
        exchange.call()
        exchange.block()
        exchange.close()
    assert not [record for record in caplog.records if "thread-safe" in f"{record.getMessage()} {record.exc_info}"]
