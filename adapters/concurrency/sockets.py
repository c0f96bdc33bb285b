"""A connected socket on an event loop (asyncio or trio). It waits for a slow peer without blocking the loop.

Knows how each kind of loop waits for a socket. It must not know the data.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from asyncio.selector_events import BaseSelectorEventLoop
from contextlib import suppress
from typing import Any

from .loops import MAX_IN_A_ROW, Loop


class LoopSocket:
    """One end of a connection. One coroutine may receive while another one sends."""

    def __init__(self, loop: Loop, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._sock, self._asyncio = sock, loop.asyncio_loop
        self._trio: Any = None
        self._watches = False  # True if the loop can watch a socket; asyncio's default loop on Windows cannot
        if self._asyncio is None:
            self._trio = sys.modules["trio"].socket.from_stdlib_socket(sock)
        else:
            self._watches = type(self._asyncio).add_reader is not asyncio.AbstractEventLoop.add_reader
        self._watched = False
        # uvloop reports an error of the socket only once, even if there is still data to receive.
        self._reports_once = self._watches and not isinstance(self._asyncio, BaseSelectorEventLoop)
        self._in_a_row = 0  # number of times in a row that receive() has tried to return without a wait
        self._received: asyncio.Future[bytes] | None = None  # result of the last receive() that had to wait
        self._size = 0  # argument of the last receive() that had to wait

    async def receive(self, size: int) -> bytes:
        """Return up to `size` bytes; b"" if the peer or shut_down() has ended the connection."""
        try:
            if self._watches:
                return await self._receive(size)
            if self._asyncio is not None:
                self._in_a_row += 1
                if self._in_a_row > MAX_IN_A_ROW:
                    self._in_a_row = 0
                    await asyncio.sleep(0)
                return await self._asyncio.sock_recv(self._sock, size)
            received: bytes = await self._trio.recv(size)
        except OSError:
            return b""
        return received

    async def _receive(self, size: int) -> bytes:
        """Receive on a loop that keeps watching the socket between two calls.

        sock_recv() would register the socket again for each call. While the loop does not watch the socket, this method
        first tries to receive. While the loop watches it, this method waits for the loop's report of new data: an
        attempt before that would usually be a wasted system call.
        """
        assert self._asyncio is not None
        if not self._watched:
            self._in_a_row += 1
            if self._in_a_row <= MAX_IN_A_ROW:
                with suppress(BlockingIOError):
                    return self._sock.recv(size)
            self._in_a_row = 0
            self._asyncio.add_reader(self._sock, self._arrived)
            self._watched = True
        self._received, self._size = self._asyncio.create_future(), size
        return await self._received

    def _arrived(self) -> None:
        """Receive for the waiting coroutine.

        If no coroutine waits, stop watching the socket. Otherwise the loop would call this method endlessly.
        """
        received = self._received
        if received is None or received.done():
            return self._watch_no_longer()
        try:
            received.set_result(self._sock.recv(self._size))
        except BlockingIOError:
            return
        except OSError:
            received.set_result(b"")
        if self._reports_once and self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._watch_no_longer()  # the next receive() calls recv() itself

    def _watch_no_longer(self) -> None:
        if self._watched:
            assert self._asyncio is not None
            self._asyncio.remove_reader(self._sock)
            self._watched = False

    async def send(self, data: bytes) -> None:
        """Send all of `data`. Raises OSError if the connection has ended."""
        sent = self.send_now(data)
        if self._asyncio is not None:
            if sent < len(data):
                await self._asyncio.sock_sendall(self._sock, memoryview(data)[sent:])
            return
        with memoryview(data) as view:
            while sent < len(data):
                sent += await self._trio.send(view[sent:])

    def send_now(self, data: bytes) -> int:
        """Send as much as possible without waiting. Return the number of bytes sent."""
        try:
            return self._sock.send(data)
        except OSError:  # includes BlockingIOError
            return 0

    def shut_down(self) -> None:
        """End the connection. receive() then returns b"" at both ends."""
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the descriptor. Call this after all coroutines have stopped using it: its number may be reused."""
        self._watch_no_longer()
        self._sock.close()
