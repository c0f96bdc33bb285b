"""A WebSocket connection on a loop: the buffers that it reads into."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from gateways.adapters.websocket.connection import READ, READ_MORE, Connection
from gateways.adapters.websocket.frames import encode_message

pytestmark = pytest.mark.timeout(30)
MAPPED = 128 * 1024  # bytes from which glibc maps memory for each allocation, and unmaps it: three system calls


def uvloop() -> asyncio.AbstractEventLoop:
    loop: asyncio.AbstractEventLoop = pytest.importorskip("uvloop").new_event_loop()
    return loop


def connection(messages: asyncio.Queue[str | bytes]) -> Connection:
    return Connection(b"", max_message=1 << 24, ping=0, on_message=messages.put_nowait, on_close=lambda *_: None)


@pytest.mark.parametrize("factory", [asyncio.SelectorEventLoop, uvloop])
def test_messages_of_all_sizes_arrive_whole(factory: Any) -> None:
    """Small ones, those around the size of a read, and large ones, one after another and at once."""
    sizes = [1, 100, READ - 8, READ, READ + 1, READ_MORE - 14, READ_MORE, 300_000, 5]
    sent = [bytes([number]) * size for number, size in enumerate(sizes)]

    async def run() -> None:
        messages: asyncio.Queue[str | bytes] = asyncio.Queue()
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        served = connection(messages)
        await served.attach(ours, encode_message(b"early", b"mask"))
        assert await messages.get() == b"early"
        loop = asyncio.get_running_loop()
        for message in sent:
            await loop.sock_sendall(theirs, encode_message(message, b"mask"))
            assert await messages.get() == message
        await loop.sock_sendall(theirs, b"".join(encode_message(message, b"mask") for message in sent))
        assert [await messages.get() for _ in sent] == sent
        served.abort()
        await served.ended
        theirs.close()

    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(run())


def test_a_read_needs_a_small_buffer_and_an_idle_connection_none() -> None:
    """A process may have thousands of idle WebSockets."""

    async def run() -> None:
        served = connection(asyncio.Queue())
        small = served.get_buffer(-1)
        assert len(small) == READ < MAPPED
        served.buffer_updated(0)
        assert not served._buffer
        served.get_buffer(-1)[:] = encode_message(bytes(READ - 8), b"mask")
        served.buffer_updated(READ)
        assert len(served.get_buffer(-1)) == READ_MORE < MAPPED

    asyncio.run(run())
