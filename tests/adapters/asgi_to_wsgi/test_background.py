"""Work after the response: it continues on the loop, and neither the client nor the server's thread waits for it."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import weakref
from typing import Any

import pytest

from .apps import Gate, Journal, Receive, Scope, Send, Watched, body, endless, live_tasks, respond, start
from .conftest import Bridge, ErrorLog, LoopFactory
from .harness import Exchange, fetch
from .patience import PATIENCE, eventually
from .request import Input, environ


def works_afterwards(gate: Gate, journal: Journal, *, stream: bool = False) -> Any:
    """An app that works after its response until the gate opens."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        if stream:
            await send(body(b"one, ", True))
        await send(body(b"done"))
        try:
            await gate.wait()
            journal.note("worked")
        except asyncio.CancelledError:
            journal.note("cancelled")
            raise

    return app


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_the_response_ends_at_the_apps_last_message(bridge: Bridge, loop_factory: LoopFactory, stream: bool) -> None:
    """ASGI HTTP, "Response Body": with more_body False the response is complete and closed off."""
    gate, journal = Gate(), Journal()
    response = fetch(bridge(works_afterwards(gate, journal, stream=stream), loop_factory))
    assert response.body == (b"one, done" if stream else b"done")
    assert journal.entries == []
    gate.open()
    journal.expect("worked")


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_closing_a_complete_response_does_not_cancel_background_work(bridge: Bridge, stream: bool) -> None:
    """PEP 3333: close() follows every response, so it is no reason to cancel background work."""
    gate, journal = Gate(), Journal()
    with Exchange(bridge(works_afterwards(gate, journal, stream=stream))) as exchange:
        exchange.run()
        exchange.close()
        gate.open()
        journal.last()
        assert journal.entries == ["worked"]


def test_a_disconnect_before_the_end_is_read_does_not_cancel_background_work(bridge: Bridge) -> None:
    """ASGI HTTP: the app has completed its response; a failed delivery must not affect its background work."""
    gate, journal, sent = Gate(), Journal(), Journal()

    async def completes_then_works(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        await send(body(b"one, ", True))
        await send(body(b"two"))
        sent.note("complete")
        await gate.wait()
        journal.note("worked")

    with Exchange(bridge(completes_then_works)) as exchange:
        exchange.call()
        exchange.block()
        sent.expect("complete")
        exchange.close()
        gate.open()
        journal.expect("worked")


def test_a_task_that_outlives_the_app_continues(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """ASGI, "Extra Coroutines": there is one loop per process, so a task can outlive its request."""
    gate, journal = Gate(), Journal()
    tasks: list[Any] = []

    async def leaves_a_task(scope: Scope, receive: Receive, send: Send) -> None:
        async def work() -> None:
            await gate.wait()
            journal.note("worked")

        tasks.append(asyncio.ensure_future(work()))
        await respond(send)

    fetch(bridge(leaves_a_task, loop_factory))
    gate.open()
    journal.expect("worked")


def test_an_error_in_background_work_is_logged(bridge: Bridge, errors: ErrorLog) -> None:
    """ASGI, "Error Handling": errors after the response must not be lost."""
    gate = Gate()

    async def fails_afterwards(scope: Scope, receive: Receive, send: Send) -> None:
        await respond(send)
        await gate.wait()
        raise ValueError("work failed")

    assert fetch(bridge(fails_afterwards)).code == 200
    gate.open()
    eventually(
        "a record of it",
        lambda: errors.says("work failed"),
    )


def test_receive_after_the_end_returns_http_disconnect_at_once(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """ASGI HTTP, "Disconnect": sent also if receive is called after a response has been sent."""
    journal = Journal()

    async def receives_afterwards(scope: Scope, receive: Receive, send: Send) -> None:
        await respond(send)
        for _ in range(3):
            journal.note((await receive())["type"])

    assert fetch(bridge(receives_afterwards, loop_factory)).code == 200
    journal.last(3)
    assert journal.entries == ["http.disconnect"] * 3


def test_a_waiting_receive_returns_http_disconnect_at_the_end(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """ASGI HTTP, "Disconnect": a listener must not wait forever after the response."""
    journal = Journal()

    async def listens_beside_it(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()

        async def listen() -> None:
            journal.note((await receive())["type"])

        listening = asyncio.ensure_future(listen())
        await asyncio.sleep(0)
        await respond(send)
        await listening

    assert fetch(bridge(listens_beside_it, loop_factory)).code == 200
    journal.expect("http.disconnect")


def test_a_body_that_is_unread_at_the_end_is_discarded(bridge: Bridge) -> None:
    """PEP 3333: after the request, wsgi.input belongs to the server again."""
    source, gate, journal = Input(b"x" * 100_000, b"y" * 900_000), Gate(), Journal()

    async def reads_afterwards(scope: Scope, receive: Receive, send: Send) -> None:
        await respond(send, status=413)
        await gate.wait()
        journal.note((await receive())["type"])

    fetch(bridge(reads_afterwards), environ("POST", CONTENT_LENGTH="1000000", wsgi_input=source))
    read = len(source.sizes)
    gate.open()
    journal.expect("http.disconnect")
    assert len(source.sizes) == read


def test_the_servers_thread_is_free_during_background_work(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """Safety: a server with one thread can serve the next client meanwhile."""
    gate, journal = Gate(), Journal()
    app = bridge(works_afterwards(gate, journal), loop_factory)
    with Exchange(app) as one_thread:
        one_thread.run()
        assert one_thread.begin(lambda: b"".join(app(one_thread.environ, lambda *_: None))).result(5) == b"done"
        gate.open()
        journal.last(2)


def test_closing_the_adapter_waits_for_background_work(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """Ours: a mail that is sent after the response must not be lost when the server restarts its workers."""
    gate, journal = Gate(), Journal()
    app = bridge(works_afterwards(gate, journal), loop_factory)
    fetch(app)
    closing = threading.Thread(target=app.close)
    closing.start()
    closing.join(0.3)
    assert closing.is_alive()
    gate.open()
    closing.join(PATIENCE)
    assert not closing.is_alive()
    assert journal.entries == ["worked"]


def test_closing_the_adapter_cancels_background_work_after_the_timeout(
    bridge: Bridge, loop_factory: LoopFactory, errors: ErrorLog
) -> None:
    """ASGI, "Extra Coroutines": work is not guaranteed to outlive the server, but it is cancelled properly, and
    logged.
    """
    journal = Journal()
    app = bridge(works_afterwards(Gate(), journal), loop_factory)
    fetch(app, environ(path="/mails"))
    app.close(timeout=0.2)
    assert journal.entries == ["cancelled"]
    assert errors.says("GET /mails")


def test_closing_the_adapter_does_not_wait_for_incomplete_responses(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """Ours: only close() can end an endless stream; its client sees that it is incomplete."""
    app = Watched(endless)
    adapter = bridge(app, loop_factory)
    with Exchange(adapter) as exchange:
        exchange.call()
        exchange.block()
        before = time.monotonic()
        adapter.close()
        assert time.monotonic() - before < 5
        assert app.running == 0


def test_background_work_without_other_references_is_not_garbage_collected(
    bridge: Bridge, loop_factory: LoopFactory
) -> None:
    """Safety: asyncio keeps only weak references to tasks, so the adapter must keep a reference to the app's task."""
    journal = Journal()
    alive: list[weakref.ref[Any]] = []

    async def waits_for_a_future_of_its_own(scope: Scope, receive: Receive, send: Send) -> None:
        future = asyncio.get_running_loop().create_future()
        alive.append(weakref.ref(future))
        await respond(send)
        journal.note(asyncio.get_running_loop())
        await future
        journal.note("worked")

    fetch(bridge(waits_for_a_future_of_its_own, loop_factory))
    loop = journal.last()
    gc.collect()
    future = alive[0]()
    assert future is not None
    loop.call_soon_threadsafe(future.set_result, None)
    journal.expect("worked")


def test_no_task_is_left_after_background_work(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """Safety: two hundred responses with background work leave no task on the loop."""

    async def works_a_little(scope: Scope, receive: Receive, send: Send) -> None:
        await respond(send)
        await asyncio.sleep(0)

    watched = Watched(works_a_little)
    app = bridge(watched, loop_factory)
    fetch(app)
    eventually("the first to end", lambda: watched.running == 0)
    before = len(live_tasks(watched.loop))
    for _ in range(200):
        fetch(app)
    eventually("the tasks to end", lambda: len(live_tasks(watched.loop)) <= before)
    assert watched.calls == 201
    assert watched.running == 0


def test_a_path_cannot_forge_lines_of_the_log(bridge: Bridge, errors: ErrorLog) -> None:
    """Safety: the path is decoded, so a client may put a line break into it (CWE-117)."""
    app = bridge(works_afterwards(Gate(), Journal()))
    fetch(app, environ(path="/mails\nERROR forged \x1b[2J"))
    app.close(timeout=0.2)
    assert errors.says("GET /mails%0AERROR%20forged%20%1B%5B2J")
