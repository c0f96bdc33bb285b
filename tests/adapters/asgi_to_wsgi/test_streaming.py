"""Time and memory of a response: blocks are passed on at once, and a slow server delays only its own app."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from .apps import Gate, Journal, Receive, Scope, Send, body, hello, respond, start
from .conftest import Bridge, LoopFactory
from .harness import Exchange, fetch
from .patience import eventually
from .request import environ

BOUND = 2 * 1024 * 1024  # limit of bytes in flight: generous, but far below the size of the response


def test_the_response_headers_wait_for_the_first_body_message(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """ASGI HTTP, "Response Start": the server must not start sending the response before one Response Body event."""
    gate, journal = Gate(), Journal()

    async def pauses_after_its_head(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start(201))
        journal.note("head sent")
        await gate.wait()
        await send(body(b"late"))

    with Exchange(bridge(pauses_after_its_head, loop_factory)) as exchange:
        exchange.begin_run()
        journal.expect("head sent")
        assert exchange.blocks == []  # with a block, even an empty one, a server may send the headers
        gate.open()
        assert exchange.finish() == b"late"
        assert exchange.code == 201


def test_sending_the_response_headers_does_not_wait_for_the_server(bridge: Bridge) -> None:
    """ASGI HTTP, "Response Start": an app may do its work between head and body."""
    journal = Journal()

    async def counts(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.wait_for(send(start()), 2)
        journal.note("head")
        await send(body(b"x"))

    assert fetch(bridge(counts)).body == b"x"
    assert journal.entries == ["head"]


def test_a_block_reaches_the_server_while_the_app_continues(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """PEP 3333, "Buffering and Streaming": no block may be delayed until the next one."""
    gate = Gate()

    async def pauses_after_a_block(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        await send(body(b"first", True))
        await gate.wait()
        await send(body(b"second"))

    with Exchange(bridge(pauses_after_a_block, loop_factory)) as exchange:
        exchange.call()
        assert exchange.block() == b"first"
        gate.open()
        assert exchange.rest() == b"second"


def test_each_block_is_delivered_before_the_next_is_produced(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """PEP 3333: ten server-sent events, each sent after the server has received the previous one."""
    gates = [Gate() for _ in range(10)]

    async def in_lock_step(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start(200, [(b"content-type", b"text/event-stream")]))
        for number, gate in enumerate(gates):
            await send(body(b"data: %d\n\n" % number, True))
            await gate.wait()
        await send(body())

    with Exchange(bridge(in_lock_step, loop_factory)) as exchange:
        exchange.call()
        for number, gate in enumerate(gates):
            assert exchange.block() == b"data: %d\n\n" % number
            gate.open()
        assert exchange.rest() == b""


def test_many_small_blocks_arrive_complete_and_in_order(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """ASGI HTTP, "Response Body": bodies are concatenated. Waiting blocks may be joined."""

    async def streams(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        for number in range(5000):
            await send(body(b"%05d" % number, True))
        await send(body())

    response = fetch(bridge(streams, loop_factory))
    assert response.body == b"".join(b"%05d" % number for number in range(5000))


class Flood:
    """Sends 100 MB as fast as possible, and counts."""

    def __init__(self) -> None:
        self.sent = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        block = bytes(50_000)
        await send(start())
        for _ in range(2000):
            await send(body(block, True))
            self.sent += len(block)
        await send(body())


def test_an_app_does_not_run_ahead_of_a_server_that_does_not_read(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """Safety: backpressure: the data that waits for a slow client is bounded, for a response of any size."""
    app = Flood()
    with Exchange(bridge(app, loop_factory)) as exchange:
        exchange.call()
        assert exchange.block()
        with pytest.raises(AssertionError, match="not within"):
            eventually("the app to run ahead", lambda: app.sent > exchange.sent + BOUND, limit=0.5)


def test_a_server_that_resumes_reading_gets_the_rest(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """Safety: backpressure: the app continues when the server does, and is never ahead by more than the limit."""
    app = Flood()
    with Exchange(bridge(app, loop_factory)) as exchange:
        exchange.call()
        ahead = 0
        while exchange.block() is not None:
            ahead = max(ahead, app.sent - exchange.sent)
        assert exchange.sent == 100_000_000
        assert ahead <= BOUND


def test_a_block_larger_than_the_limit_is_sent_alone(bridge: Bridge) -> None:
    """Safety: backpressure must not stop a single block that is larger than the limit."""

    async def sends_large_blocks(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        for _ in range(3):
            await send(body(bytes(2 * BOUND), True))
        await send(body())

    response = Exchange(bridge(sends_large_blocks))
    with response:
        assert len(response.run().body) == 6 * BOUND


def test_a_server_that_does_not_read_delays_no_other_request(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """Safety: backpressure suspends the app's task, never the loop."""
    flood, app = Flood(), bridge(hello, loop_factory)
    with Exchange(bridge(flood, loop_factory)) as stalled:
        stalled.call()
        stalled.block()
        for _ in range(20):
            assert fetch(app).body == b"hello"


def test_requests_are_served_concurrently(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """ASGI: instances run concurrently on one loop: twelve that wait for each other all finish."""
    everyone = asyncio.Event()
    arrived: list[int] = []

    async def waits_for_all(scope: Scope, receive: Receive, send: Send) -> None:
        arrived.append(threading.get_ident())
        if len(arrived) == 12:
            everyone.set()
        await everyone.wait()
        await respond(send)

    app = bridge(waits_for_all, loop_factory)
    exchanges = [Exchange(app) for _ in range(12)]
    for exchange in exchanges:
        exchange.begin_run()
    assert [exchange.finish() for exchange in exchanges] == [b"ok"] * 12
    assert len(set(arrived)) == 1
    assert arrived[0] not in {exchange.thread.ident for exchange in exchanges}
    for exchange in exchanges:
        exchange.__exit__()


def test_streams_of_many_threads_do_not_mix(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """Safety: each request's blocks go to its own thread."""

    async def streams_its_path(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        for _ in range(200):
            await send(body(scope["path"].encode(), True))
            await asyncio.sleep(0)
        await send(body())

    app = bridge(streams_its_path, loop_factory)
    exchanges = [Exchange(app, environ(path=f"/{number}")) for number in range(8)]
    for exchange in exchanges:
        exchange.begin_run()
    assert [exchange.finish() for exchange in exchanges] == [b"/%d" % number * 200 for number in range(8)]
    for exchange in exchanges:
        exchange.__exit__()


def test_a_slow_app_costs_no_processor_time(bridge: Bridge) -> None:
    """Safety: a waiting thread must sleep, without polling or busy-waiting."""

    async def waits(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        await send(body(b"one", True))
        await asyncio.sleep(0.5)
        await send(body(b"two"))

    with Exchange(bridge(waits)) as exchange:
        exchange.call()
        assert exchange.block() == b"one"
        before = time.process_time()
        assert exchange.rest() == b"two"
        assert time.process_time() - before < 0.2


def test_blocks_sent_before_an_error_are_delivered(bridge: Bridge) -> None:
    """PEP 3333: yielded blocks stay valid; the error comes in place of the next block."""

    async def breaks_down(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        for number in range(3):
            await send(body(b"%d" % number, True))
        raise RuntimeError("broken down")

    with Exchange(bridge(breaks_down)) as exchange, pytest.raises(RuntimeError, match="broken down"):
        exchange.run()
    assert exchange.body == b"012"


def test_send_does_not_wait_while_few_bytes_are_queued(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """Ours: an app with a few small blocks does not wait for a slow client."""
    journal = Journal()

    async def sends_a_little(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        for number in range(20):
            await send(body(b"%02d" % number, True))
        await send(body())
        journal.note("all sent")

    with Exchange(bridge(sends_a_little, loop_factory)) as exchange:
        exchange.call()
        first = exchange.block()
        journal.expect("all sent")
        assert first is not None
        assert first + exchange.rest() == b"".join(b"%02d" % number for number in range(20))
