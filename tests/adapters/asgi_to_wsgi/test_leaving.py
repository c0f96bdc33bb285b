"""After disconnects, no task, thread or logged error is left, and other requests are not affected."""

from __future__ import annotations

import asyncio
import gc
import time
from typing import Any

import pytest

from .apps import (
    Gate,
    Journal,
    Receive,
    Scope,
    Send,
    Watched,
    body,
    endless,
    hello,
    live_tasks,
    read_all,
    respond,
    start,
)
from .conftest import Bridge, ErrorLog, LoopFactory
from .harness import Exchange, Outcome, fetch, open_stream
from .patience import eventually
from .request import environ, upload

GRACE = 10.0  # timeout for the cancellation of an app that ignores its disconnect, in seconds


def test_close_does_not_wait_for_the_app(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """PEP 3333: close() is called on the server's thread, which has other clients."""
    gate, journal = Gate(), Journal()

    async def ignores_its_end(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        await send(body(b"first", True))
        while True:
            try:
                await gate.wait()
                break
            except asyncio.CancelledError:
                journal.note("cancelled")
        journal.note("ended")

    with open_stream(bridge(ignores_its_end, loop_factory)) as exchange:
        before = time.monotonic()
        exchange.close()
        assert time.monotonic() - before < 5
        gate.open()
        journal.expect("ended")


@pytest.mark.parametrize("handled", [True, False], ids=["caught", "let through"])
def test_a_disconnect_is_not_logged_as_an_error(bridge: Bridge, errors: ErrorLog, handled: bool) -> None:
    """ASGI HTTP 2.4: servers must be prepared to catch the exception they raised, and should not log it as an error."""

    async def streams(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await endless(scope, receive, send)
        except OSError:
            if not handled:
                raise

    app = Watched(streams)
    with open_stream(bridge(app)) as exchange:
        exchange.close()
        eventually("the app to end", lambda: app.running == 0)
        live_tasks(app.loop)  # the loop has run an iteration since then
    assert errors.records == []


def test_an_error_during_clean_up_is_logged(bridge: Bridge, errors: ErrorLog) -> None:
    """ASGI, "Error Handling": without a server to report to, the error can only be logged."""

    async def fails_to_clean_up(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await endless(scope, receive, send)
        finally:
            raise ValueError("clean-up failed")

    with open_stream(bridge(fails_to_clean_up)) as exchange:
        exchange.close()
        eventually("a record of it", lambda: errors.says("clean-up failed"))


def test_a_stream_dropped_without_close_ends(bridge: Bridge) -> None:
    """Safety: some servers and test clients do not call close(); the app must not stream forever without a reader."""
    journal = Journal()

    async def streams(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await endless(scope, receive, send)
        finally:
            journal.note("ended")

    app = bridge(streams)
    blocks = iter(app(environ(), lambda status, headers, exc_info=None: None))
    next(blocks)
    del blocks
    gc.collect()
    journal.expect("ended", limit=GRACE)


def test_a_hundred_disconnects_leave_no_tasks(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """Safety: no task may outlive its client: here the error of its next send() ends each."""

    async def streams(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/stream":
            await endless(scope, receive, send)
        await respond(send)

    watched = Watched(streams)
    app = bridge(watched, loop_factory)
    fetch(app)
    before = len(live_tasks(watched.loop))
    for _ in range(100):
        with open_stream(app, "/stream") as exchange:
            exchange.close()
    eventually("the tasks to end", lambda: len(live_tasks(watched.loop)) <= before, limit=GRACE)
    assert watched.running == 0
    assert watched.calls == 101


def test_a_completely_read_response_is_not_cancelled(bridge: Bridge) -> None:
    """PEP 3333: close() follows every response; it means a disconnect only if the app has more to send."""
    journal, gate = Journal(), Gate()

    async def goes_on_afterwards(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        await send(body(b"one, ", True))
        await send(body(b"two"))
        await gate.wait()
        journal.note("went on")

    assert fetch(bridge(goes_on_afterwards)).body == b"one, two"
    gate.open()
    journal.expect("went on")


def test_a_disconnect_does_not_affect_other_requests(bridge: Bridge) -> None:
    """Safety: one client's disconnect does not affect other clients."""
    gate = Gate()

    async def waits(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/leaves":
            await endless(scope, receive, send)
        await gate.wait()
        await respond(send)

    app = bridge(waits)
    with Exchange(app) as stays, Exchange(app, environ(path="/leaves")) as leaves:
        stays.begin_run()
        leaves.call()
        leaves.block()
        leaves.close()
        gate.open()
        assert stays.finish() == b"ok"


@pytest.mark.parametrize("app", [endless, hello], ids=["stream", "whole"])
def test_an_app_ends_if_the_server_rejects_its_response_headers(bridge: Bridge, app: Any) -> None:
    """PEP 3333: start_response() may raise; the server then has no result to close, so the adapter must end the app."""
    watched = Watched(app)
    adapter = bridge(watched)

    def refuses(status: str, headers: Any, exc_info: Any = None) -> Any:
        raise ConnectionError("refused by the server")

    with pytest.raises(ConnectionError, match="refused by the server"):
        adapter(environ(), refuses)
    eventually("the app to end", lambda: watched.calls == 1 and watched.running == 0, limit=GRACE)


def test_an_app_that_returns_after_a_broken_body_is_not_logged_as_an_error(bridge: Bridge, errors: ErrorLog) -> None:
    """ASGI HTTP, "Disconnect": Django then returns without a response; the server gets an error, but none is logged."""

    async def gives_up(scope: Scope, receive: Receive, send: Send) -> None:
        assert (await read_all(receive))[1] == "http.disconnect"

    given, _ = upload(b"12345", length=10)
    assert Outcome(bridge(gives_up), given).failed
    assert errors.records == []
