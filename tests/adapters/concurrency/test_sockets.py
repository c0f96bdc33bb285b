"""LoopSocket: one registration with the loop serves many messages; an unread message does not keep the loop busy."""

from __future__ import annotations

import asyncio
import selectors
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from gateways.adapters.concurrency.loops import MAX_IN_A_ROW, running_loop
from gateways.adapters.concurrency.sockets import LoopSocket

pytestmark = pytest.mark.timeout(30)

Pair = tuple[socket.socket, socket.socket]


class Counting(selectors.DefaultSelector):
    """A selector that counts its calls."""

    registered = selected = 0

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        self.registered += 1
        return super().register(fileobj, events, data)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.selected += 1
        return super().select(timeout)


class WithoutReaders(asyncio.SelectorEventLoop):
    """A loop like that of Windows, which cannot watch a socket."""

    add_reader = asyncio.AbstractEventLoop.add_reader


def uvloop() -> asyncio.AbstractEventLoop:
    loop: asyncio.AbstractEventLoop = pytest.importorskip("uvloop").new_event_loop()
    return loop


LOOPS = pytest.mark.parametrize("factory", [asyncio.SelectorEventLoop, WithoutReaders, uvloop])


@pytest.fixture
def pair() -> Iterator[Pair]:
    """The two ends of a connection."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


async def received(ours: LoopSocket, theirs: socket.socket, data: bytes) -> bytes:
    """Send `data` while receive() waits; return its result."""
    receiving = asyncio.ensure_future(ours.receive(100))
    await asyncio.sleep(0)
    theirs.send(data)
    return await receiving


@LOOPS
@pytest.mark.parametrize("is_waiting", [True, False])
def test_data_before_a_reset_arrives_and_then_the_end(factory: Any, pair: Pair, is_waiting: bool) -> None:
    """A peer that closes with unread data resets the connection. uvloop reports this once, and then never again."""

    async def run() -> None:
        ours = LoopSocket(running_loop(), pair[0])
        for number in range(3):
            assert await received(ours, pair[1], b"%d" % number) == b"%d" % number
        ours.send_now(b"unread")
        receiving = asyncio.ensure_future(ours.receive(4))
        if is_waiting:
            await asyncio.sleep(0)
        pair[1].send(b"the last data")
        pair[1].close()
        blocks = [await receiving]
        while blocks[-1]:
            blocks.append(await ours.receive(4))
        assert b"".join(blocks) == b"the last data"
        ours.close()

    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(asyncio.wait_for(run(), 10))


@LOOPS
def test_data_arrives_in_order_and_then_the_end(factory: Any, pair: Pair) -> None:
    async def run() -> None:
        ours = LoopSocket(running_loop(), pair[0])
        for number in range(3):
            assert await received(ours, pair[1], b"%d" % number) == b"%d" % number
        pair[1].send(b"sent before receive()")
        await asyncio.sleep(0)
        assert await ours.receive(4) == b"sent"
        assert await ours.receive(100) == b" before receive()"
        pair[1].shutdown(socket.SHUT_WR)
        assert await ours.receive(100) == b""
        ours.close()

    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(run())


@LOOPS
def test_shut_down_ends_a_receive_that_waits(factory: Any, pair: Pair) -> None:
    async def run() -> None:
        ours = LoopSocket(running_loop(), pair[0])
        receiving = asyncio.ensure_future(ours.receive(100))
        await asyncio.sleep(0)
        ours.shut_down()
        assert await receiving == b""
        ours.close()

    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(run())


@LOOPS
def test_send_waits_for_a_peer_that_reads_later(factory: Any, pair: Pair) -> None:
    data = bytes(range(256)) * 8192

    def read() -> bytes:
        parts: list[bytes] = []
        while sum(map(len, parts)) < len(data):
            parts.append(pair[1].recv(65536))
        return b"".join(parts)

    async def run() -> None:
        ours = LoopSocket(running_loop(), pair[0])
        sending = asyncio.ensure_future(ours.send(data))
        await asyncio.sleep(0)
        assert not sending.done()
        assert await asyncio.to_thread(read) == data
        await sending
        ours.close()

    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(run())


def test_many_messages_need_one_registration_with_the_loop(pair: Pair) -> None:
    """Each registration costs two system calls a message."""
    selector = Counting()

    async def run() -> None:
        ours = LoopSocket(running_loop(), pair[0])
        before = selector.registered
        for number in range(50):
            assert await received(ours, pair[1], b"%d" % number) == b"%d" % number
        assert selector.registered == before + 1
        ours.close()

    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector)) as runner:
        runner.run(run())


def test_data_that_nothing_receives_does_not_keep_the_loop_busy(pair: Pair) -> None:
    """A client may send while the application's messages are forwarded, or while the server is slow."""
    selector = Counting()

    async def run() -> None:
        ours = LoopSocket(running_loop(), pair[0])
        assert await received(ours, pair[1], b"first") == b"first"
        pair[1].send(b"second")
        before = selector.selected
        await asyncio.sleep(0.05)
        assert selector.selected - before < 10
        assert await ours.receive(100) == b"second"
        assert await received(ours, pair[1], b"third") == b"third"
        ours.close()

    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector)) as runner:
        runner.run(run())


@pytest.mark.parametrize("factory", [asyncio.SelectorEventLoop, uvloop])
def test_a_closed_socket_leaves_its_number_to_the_next_one(factory: Any) -> None:
    """A loop that still watched the number would report the events of another file."""

    async def run() -> None:
        numbers = set()
        for _ in range(3):
            pair = socket.socketpair()
            numbers.add(pair[0].fileno())
            ours = LoopSocket(running_loop(), pair[0])
            assert await received(ours, pair[1], b"data") == b"data"
            receiving = asyncio.ensure_future(ours.receive(100))
            await asyncio.sleep(0)
            receiving.cancel()
            await asyncio.wait([receiving])
            ours.close()
            pair[1].close()
        assert len(numbers) == 1

    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(run())


@LOOPS
def test_a_peer_that_is_always_faster_leaves_the_loop_time_for_other_calls(factory: Any, pair: Pair) -> None:
    calls = 10 * MAX_IN_A_ROW
    others: list[int] = []

    async def run() -> int:
        ours = LoopSocket(running_loop(), pair[0])
        for number in range(calls):
            pair[1].send(b"x")
            assert await ours.receive(1) == b"x"
            asyncio.get_running_loop().call_soon(others.append, number)
        ours.close()
        return len(others)

    with asyncio.Runner(loop_factory=factory) as runner:
        assert runner.run(run()) >= calls // 2
