"""A connected socket on an event loop, asyncio's or trio's, that waits for a slow peer without blocking.

Knows how each kind of loop waits for a socket. It must not know what is sent.
"""

from __future__ import annotations

import socket
import sys
from contextlib import suppress
from typing import Any

from .loops import Loop


class LoopSocket:
    """One end of a connection. One coroutine may receive while another sends."""

    def __init__(self, loop: Loop, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._sock, self._asyncio = sock, loop.asyncio_loop
        self._trio: Any = None
        if loop.asyncio_loop is None:
            self._trio = sys.modules["trio"].socket.from_stdlib_socket(sock)

    async def receive(self, size: int) -> bytes:
        """Return up to `size` bytes, b"" once the peer, or shut_down(), has ended the connection."""
        try:
            if self._asyncio is not None:
                return await self._asyncio.sock_recv(self._sock, size)
            received: bytes = await self._trio.recv(size)
        except OSError:
            return b""
        return received

    async def send(self, data: bytes) -> None:
        """Send all of `data`. Raises OSError once the connection has ended."""
        if self._asyncio is not None:
            return await self._asyncio.sock_sendall(self._sock, data)
        with memoryview(data) as view:
            sent = 0
            while sent < len(data):
                sent += await self._trio.send(view[sent:])

    def send_now(self, data: bytes) -> int:
        """Send as much as possible without waiting. Return the number of bytes sent."""
        try:
            return self._sock.send(data)
        except OSError:  # includes BlockingIOError
            return 0

    def shut_down(self) -> None:
        """End the connection; receive() at either end then returns b""."""
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the descriptor. No coroutine may still wait for it: its number may soon belong to another file."""
        self._sock.close()
