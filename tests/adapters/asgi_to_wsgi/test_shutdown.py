"""Lifespan 2.0: close() shuts down once, after the requests have ended, even if the shutdown fails."""

from __future__ import annotations

import asyncio
import threading

import pytest

from .apps import Journal, Receive, Scope, Send, respond
from .conftest import Bridge, ErrorLog, LoopFactory
from .harness import Exchange, Outcome, fetch
from .lifespans import COMPLETE, Lifespan
from .request import environ


def test_close_runs_the_shutdown_and_waits_for_it(bare: Bridge, loop_factory: LoopFactory, journal: Journal) -> None:
    """ASGI Lifespan, "Shutdown Complete": a server must wait for this message before terminating."""
    app = bare(Lifespan(journal), loop_factory)
    fetch(app)
    app.close()
    assert journal.entries[-2:] == ["lifespan.shutdown", "shut down"]


def test_a_second_close_has_no_effect(bare: Bridge, journal: Journal) -> None:
    """Ours: a worker's exit hook and a test's teardown may both call close()."""
    app = bare(Lifespan(journal))
    fetch(app)
    app.close(), app.close()
    assert journal.entries.count("lifespan.shutdown") == 1


def test_an_app_that_treats_the_lifespan_as_a_request_does_not_delay_the_shutdown(bare: Bridge) -> None:
    """ASGI Lifespan: an app without a lifespan is served, and is not shut down."""

    async def answers_whatever_it_is(scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.ensure_future(until_gone(receive))
        try:
            await respond(send)
        finally:
            await gone

    async def until_gone(receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    app = bare(answers_whatever_it_is)
    assert fetch(app).status == "200 OK"
    closing = threading.Thread(target=getattr(app, "close", int), daemon=True)
    closing.start()
    closing.join(5)
    assert not closing.is_alive()


def test_close_without_a_request_does_not_start_the_app(bare: Bridge, journal: Journal) -> None:
    """ASGI Lifespan: without a startup there is no shutdown."""
    app = bare(Lifespan(journal))
    if not hasattr(app, "close"):
        pytest.skip("this adapter has no close()")
    app.close()
    assert journal.entries == []


def test_a_shutdown_that_fails_is_logged(bare: Bridge, journal: Journal, errors: ErrorLog) -> None:
    """ASGI Lifespan, "Shutdown Failed": a server should log the message provided, and then terminate."""
    app = bare(Lifespan(journal, shutdown={"type": "lifespan.shutdown.failed", "message": "could not flush"}))
    fetch(app)
    app.close()
    assert errors.says("could not flush")


def test_an_exception_in_shutdown_is_logged(bare: Bridge, errors: ErrorLog) -> None:
    """ASGI Lifespan: the app ends without the message; close() must still return."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send(COMPLETE)
            await receive()
            raise OSError("could not flush")
        await respond(send)

    adapter = bare(app)
    fetch(adapter)
    adapter.close()
    assert errors.says("could not flush")


@pytest.mark.parametrize("error", [None, RuntimeError("died"), SystemExit(1)], ids=["returns", "raises", "exits"])
def test_a_lifespan_that_ends_early_affects_no_request(bare: Bridge, error: BaseException | None) -> None:
    """ASGI Lifespan: once started, the app serves even if its lifespan has ended; close() does not wait for it."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send(COMPLETE)
            if error:
                raise error
        else:
            await respond(send)

    adapter = bare(app)
    assert fetch(adapter).code == 200
    assert fetch(adapter).code == 200
    closing = threading.Thread(target=adapter.close, daemon=True)
    closing.start()
    closing.join(5)
    assert not closing.is_alive()


def test_one_task_sees_startup_and_shutdown(bare: Bridge, loop_factory: LoopFactory, journal: Journal) -> None:
    """ASGI Lifespan, "Scope": one call handles both, because only the task that opened a task group can close it."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await respond(send)
            return
        await receive()
        async with asyncio.TaskGroup() as group:
            worker = group.create_task(asyncio.Event().wait())
            await send(COMPLETE)
            await receive()
            worker.cancel()
        journal.note("group closed")
        await send({"type": "lifespan.shutdown.complete"})

    adapter = bare(app, loop_factory)
    fetch(adapter)
    adapter.close()
    journal.expect("group closed")


def test_shutdown_comes_after_the_requests_have_ended(bare: Bridge, journal: Journal) -> None:
    """ASGI Lifespan, "Shutdown": sent when the server has closed all active connections, so streams end first."""
    app = bare(Lifespan(journal))
    with Exchange(app, environ(path="/stream")) as exchange:
        exchange.call(), exchange.block()
        app.close()
        assert journal.entries.index("request ended") < journal.entries.index("lifespan.shutdown")


def test_a_request_after_close_starts_the_app_again_or_is_an_error(bare: Bridge, journal: Journal) -> None:
    """ASGI Lifespan: no request is processed before a startup, and no request hangs."""
    app = bare(Lifespan(journal))
    fetch(app)
    app.close()
    again = Outcome(app)
    assert again.failed or again.code == 200
    assert journal.entries.count(("request", {})) == journal.entries.count("started")
