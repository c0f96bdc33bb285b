"""Disconnects: the server stops reading and calls close(), PEP 3333's only signal; the app is notified."""

from __future__ import annotations

import asyncio
import contextlib
import threading

import pytest

from gateways.adapters.asgi_types import ASGIApp
from gateways.adapters.run_asgi import exchange as exchange_module

from .apps import Gate, Journal, Receive, Scope, Send, body, endless, respond, start
from .conftest import Bridge, ErrorLog, LoopFactory
from .harness import Exchange, open_stream
from .patience import PATIENCE
from .request import environ

GRACE = 10.0  # timeout for the cancellation of an app that ignores its disconnect, in seconds


def test_an_app_that_listens_receives_http_disconnect(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """ASGI HTTP, "Disconnect": sent to the app when receive() is waiting and the client leaves."""
    journal = Journal()

    async def listens(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send(start())
        await send(body(b"first", True))
        journal.note(await receive())

    with open_stream(bridge(listens, loop_factory)) as exchange:
        exchange.close()
        assert journal.last()["type"] == "http.disconnect"


def test_an_app_that_sends_gets_an_oserror(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """ASGI HTTP 2.4, "Disconnected Client": send() should raise a server-specific subclass of OSError."""
    journal = Journal()

    async def notes_the_error(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await endless(scope, receive, send)
        except BaseException as error:
            journal.note(type(error))
            raise

    with open_stream(bridge(notes_the_error, loop_factory)) as exchange:
        exchange.close()
        kind = journal.last()
        assert issubclass(kind, OSError)
        assert kind is not OSError


def test_an_app_that_waits_to_send_gets_an_oserror(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """ASGI HTTP 2.4, "Disconnected Client": a send() that waits for room must not wait forever."""
    journal = Journal()

    async def sends_without_pause(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send(start())
            while True:
                await send(body(bytes(1_000_000), True))
        except BaseException as error:
            journal.note(type(error))
            raise

    with open_stream(bridge(sends_without_pause, loop_factory)) as exchange:
        exchange.close()
        assert issubclass(journal.last(), OSError)


def test_every_later_send_and_receive_reports_the_disconnect_again(bridge: Bridge) -> None:
    """ASGI HTTP 2.4: an app that catches the error and continues gets it again; receive() returns the event again."""
    journal = Journal()

    async def does_not_believe_it(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send(start())
        await send(body(b"first", True))
        for _ in range(3):
            journal.note((await receive())["type"])
            try:
                await send(body(b"more", True))
            except OSError:
                journal.note("OSError")

    with open_stream(bridge(does_not_believe_it)) as exchange:
        exchange.close()
        journal.last(6)
        assert journal.entries == ["http.disconnect", "OSError"] * 3


def test_an_app_that_ignores_the_disconnect_is_cancelled(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """ASGI, "Error Handling": the server must terminate the application instance with its connection."""
    journal = Journal()

    async def waits_for_ever(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        await send(body(b"first", True))
        try:
            await asyncio.Event().wait()
        finally:
            journal.note("cleaned up")

    with open_stream(bridge(waits_for_ever, loop_factory)) as exchange:
        exchange.close()
        journal.expect("cleaned up", limit=GRACE)


def test_an_app_that_notices_the_disconnect_has_time_to_clean_up(bridge: Bridge) -> None:
    """ASGI HTTP, "Disconnect": mainly useful to trigger clean-up code, which may have to await something."""
    journal = Journal()

    async def cleans_up(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send(start())
        await send(body(b"first", True))
        await receive()
        await asyncio.sleep(0.2)
        journal.note("cleaned up")

    with open_stream(bridge(cleans_up)) as exchange:
        exchange.close()
        journal.expect("cleaned up")


def test_a_stream_may_be_closed_before_it_is_read(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """PEP 3333: close() is called even if the server has not started to iterate."""
    journal = Journal()

    async def streams(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await endless(scope, receive, send)
        finally:
            journal.note("ended")

    with Exchange(bridge(streams, loop_factory)) as exchange:
        exchange.call()
        exchange.close()
        journal.expect("ended", limit=GRACE)


def test_close_may_be_called_twice(bridge: Bridge) -> None:
    """Safety: after an error, both middleware and server call close()."""
    with open_stream(bridge(endless)) as exchange:
        exchange.close()
        exchange.close()


def test_no_blocks_follow_after_close(bridge: Bridge) -> None:
    """PEP 3333: close() releases resources of the response; a server that continues to read gets the end, or an
    error.
    """
    with open_stream(bridge(endless)) as exchange:
        exchange.close()
        with contextlib.suppress(OSError):
            assert exchange.block() is None


def test_both_tasks_of_a_framework_end(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """Safety: in Starlette one task streams and another waits for the disconnect; the first to end cancels the
    other.
    """
    journal = Journal()

    async def streams_and_listens(scope: Scope, receive: Receive, send: Send) -> None:
        async def listen() -> None:
            while (await receive())["type"] != "http.disconnect":
                continue

        tasks = [asyncio.ensure_future(listen()), asyncio.ensure_future(endless(scope, receive, send))]
        _, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        journal.note("both ended")

    with open_stream(bridge(streams_and_listens, loop_factory)) as exchange:
        exchange.close()
        journal.expect("both ended")


def test_while_the_app_is_silent_the_adapter_polls_the_server_for_a_disconnect(bridge: Bridge) -> None:
    """Ours: environ["waitress.client_disconnected"]() reports a disconnect before there is a block to write."""
    journal, left = Journal(), threading.Event()

    async def polls_nothing(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        journal.note("running")
        journal.note((await receive())["type"])

    with Exchange(bridge(polls_nothing), environ(waitress_client_disconnected=left.is_set)) as exchange:
        exchange.begin_run()
        journal.expect("running")
        left.set()
        journal.expect("http.disconnect")


def changes_data(journal: Journal, gate: Gate) -> ASGIApp:
    """An app that has work to finish before it responds."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        journal.note("begun")
        try:
            await gate.wait()
            await asyncio.sleep(0.3)  # longer than the grace period below
            journal.note("done")
        except asyncio.CancelledError:
            journal.note("cancelled")
            raise
        await respond(send)

    return app


def test_an_app_finishes_its_work_after_a_disconnect(
    bridge: Bridge, loop_factory: LoopFactory, errors: ErrorLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ours: as on ASGI servers, a change of data is not cancelled halfway."""
    monkeypatch.setattr(exchange_module, "GRACE", 0.05)
    journal, gate, left = Journal(), Gate(), threading.Event()
    app = bridge(changes_data(journal, gate), loop_factory)
    with Exchange(app, environ(waitress_client_disconnected=left.is_set)) as exchange:
        exchange.begin_run()
        journal.expect("begun")
        left.set()
        with pytest.raises(OSError, match="disconnected"):
            exchange.finish()
        gate.open()
        journal.last(2)
    assert journal.entries == ["begun", "done"]
    assert errors.records == []


def test_closing_the_adapter_waits_for_work_after_a_disconnect(bridge: Bridge) -> None:
    """Ours: a worker that is replaced must not lose a change of data."""
    journal, gate, left = Journal(), Gate(), threading.Event()
    app = bridge(changes_data(journal, gate))
    with Exchange(app, environ(waitress_client_disconnected=left.is_set)) as exchange:
        exchange.begin_run()
        journal.expect("begun")
        left.set()
        with pytest.raises(OSError, match="disconnected"):
            exchange.finish()
    closing = threading.Thread(target=app.close)
    closing.start()
    closing.join(0.3)
    assert closing.is_alive()
    gate.open()
    closing.join(PATIENCE)
    assert journal.entries == ["begun", "done"]
