"""receive(): one event per call, no invented or lost events, even with other waiting calls (ASGI HTTP 2.5)."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from .apps import Gate, Journal, Receive, Scope, Send, body, read_all, respond, start
from .conftest import Bridge, LoopFactory
from .harness import Exchange, fetch
from .request import environ, upload


def test_a_body_event_has_bytes_and_a_bool(bridge: Bridge) -> None:
    """ASGI HTTP, "Request": type, body (a byte string), more_body (a bool)."""
    events: list[Any] = []

    async def keeps_events(scope: Scope, receive: Receive, send: Send) -> None:
        while not events or events[-1].get("more_body"):
            events.append(await receive())
        await respond(send)

    fetch(bridge(keeps_events), environ("POST", body=b"x" * 200_000))
    assert {event["type"] for event in events} == {"http.request"}
    assert all(type(event.get("body", b"")) is bytes for event in events)
    assert all(type(event.get("more_body", False)) is bool for event in events)


def test_a_small_body_is_one_event(bridge: Bridge) -> None:
    """Ours: more_body is False with the last block, so no empty event is needed."""
    events: list[Any] = []

    async def keeps_one_event(scope: Scope, receive: Receive, send: Send) -> None:
        events.append(await receive())
        await respond(send)

    fetch(bridge(keeps_one_event), environ("POST", body=b"12345"))
    assert events[0]["body"] == b"12345"
    assert not events[0].get("more_body", False)


def test_receive_after_the_body_waits_for_the_next_event(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """ASGI HTTP, "Disconnect": while the client is connected and the response is incomplete, there is no event for
    receive().
    """
    gate, journal = Gate(), Journal()

    async def listens_after_the_body(scope: Scope, receive: Receive, send: Send) -> None:
        await read_all(receive)
        listening = asyncio.ensure_future(receive())
        await send(start())
        await send(body(b"one", True))
        await gate.wait()
        journal.note(listening.done())
        await send(body(b"two"))
        journal.note((await listening)["type"])

    with Exchange(bridge(listens_after_the_body, loop_factory), environ("POST", body=b"12345")) as exchange:
        exchange.call()
        assert exchange.block() == b"one"
        gate.open()
        assert exchange.rest() == b"two"
        assert journal.last(1) is False
        assert journal.last(2) == "http.disconnect"


def test_a_cancelled_receive_loses_no_data(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """Safety: apps use timeouts around receive(); the bytes of a cancelled receive() go to the next one."""
    journal, arrives = Journal(), threading.Event()

    async def times_out_once(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await asyncio.wait_for(receive(), 0.05)
        except TimeoutError:
            journal.note("timeout")
        await respond(send, (await read_all(receive))[0])

    given, _ = upload(arrives, b"12345", length=5)
    given |= {"HTTP_EXPECT": "100-continue"}  # nothing is read before the app asks
    with Exchange(bridge(times_out_once, loop_factory), given) as exchange:
        exchange.begin_run()
        try:
            journal.expect("timeout")
        finally:
            arrives.set()
        assert exchange.finish() == b"12345"


def test_two_concurrent_receives_share_the_body(bridge: Bridge) -> None:
    """ASGI: any task of the app may call receive(); each event is returned once."""
    given, _ = upload(b"a" * 70_000, b"b" * 70_000, length=140_000)

    async def receives_twice_at_once(scope: Scope, receive: Receive, send: Send) -> None:
        one, two = await asyncio.gather(receive(), receive())
        size = len(one["body"]) + len(two["body"])
        if two.get("more_body"):
            size += len((await read_all(receive))[0])
        await respond(send, str(size).encode())

    assert fetch(bridge(receives_twice_at_once), given).body == b"140000"


def test_blocks_are_sent_while_a_receive_waits(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """Safety: frameworks receive in one task and stream in another; neither may wait for the other."""

    async def listens_and_streams(scope: Scope, receive: Receive, send: Send) -> None:
        listening = asyncio.ensure_future(receive())
        await asyncio.sleep(0)
        await send(start())
        for number in range(10):
            await send(body(b"%d" % number, True))
        await send(body())
        listening.cancel()

    assert fetch(bridge(listens_and_streams, loop_factory)).body == b"0123456789"
