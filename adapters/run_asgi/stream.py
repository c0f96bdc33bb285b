"""The rest of a detached response on the event loop: framing, backpressure, disconnects and the end.

A Stream replaces the Desk of an Exchange, and writes to the client's connection. Knows HTTP/1.1 framing (RFC 9112, 7.1)
and asyncio's transports. Runs on the loop only. It must not know where its socket came from.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import cast

from .exchange import GRACE, Exchange

log = logging.getLogger("gateways.asgi")

FLUSH_SECONDS = 30.0  # timeout in seconds for a client that reads nothing of the rest of a complete response


class Stream(asyncio.Protocol):
    """One response that the server's thread no longer sends. `gone` is resolved when its connection is closed."""

    def __init__(
        self,
        exchange: Exchange,
        head: bytes,
        *,
        chunked: bool,
        has_failed: Callable[[int], bool],
        streams: set[Stream],
        over: Callable[[], object],
    ) -> None:
        """head: the bytes to send first. has_failed: takes a descriptor; returns True if its client has disconnected.

        streams: contains this stream from attach() until its connection is closed. over: called after that.
        """
        self._exchange, self._head, self._chunked = exchange, head, chunked
        self._has_failed, self._streams, self._over = has_failed, streams, over
        self.begun = exchange.begun
        self.closed = self.ended = False
        self._half_closed = False
        self._transport: asyncio.Transport | None = None
        self._writable: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._first: list[bytes] = []  # blocks that wait for the transport

    def attach(self, sock: socket.socket, items: Iterable[bytes]) -> None:
        """Send the rest of the response on `sock`, which the stream now owns.

        `items` are sent first, then the items of the desk.
        """
        self._loop = asyncio.get_running_loop()
        self._sock = sock
        self.gone: asyncio.Future[None] = self._loop.create_future()
        self._streams.add(self)
        self.pause_writing()
        left, _, ended = self._exchange.continue_on(self)
        self._first = [self._head, *(self._framed(block) for block in (*items, *left))]
        self.ended = ended
        self._attaching = self._loop.create_task(self._attach(sock))

    async def _attach(self, sock: socket.socket) -> None:
        try:
            await self._loop.create_connection(lambda: self, sock=sock)
        except OSError as error:
            log.info("cannot use the connection of a stream: %s", error)
            sock.close()
            self.connection_lost(error)

    # the exchange calls these methods, which Desk has too

    @property
    def full(self) -> bool:
        """Return True if the application must wait for room() before it continues."""
        return self._writable is not None

    async def room(self) -> None:
        """Wait until the client has read enough, and more can be sent."""
        while self._writable is not None:
            await asyncio.shield(self._writable)

    def put(self, item: bytes, size: int, last: bool = False) -> None:
        """Send a block of `size` bytes. `last`: it is the last block. After the end, blocks are discarded."""
        if not self.ended:
            self._write(self._framed(item) if size else b"")
            if last:
                self.end()

    def ask(self) -> None:
        """Never called, because the response is detached only after the request body has been read."""
        raise AssertionError("a detached response has no request body")

    def end(self) -> None:
        """End the response. The exchange knows whether the response is complete."""
        if not self.ended:
            self.ended = True
            if self._transport is not None:
                self._finish()

    def check(self) -> None:
        """Close the connection if the client first shut down its sending side, and has now disconnected completely."""
        if self._half_closed and not self.closed and self._has_failed(self._sock.fileno()):
            assert self._transport is not None  # the transport has reported the end-of-file
            self._transport.abort()

    def close(self) -> None:
        """Close the connection, because the client would otherwise wait after the end of the loop. Thread-safe."""
        self.closed = True
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    # the connection

    def _framed(self, block: bytes) -> bytes:
        if not block:
            return b""
        return b"%x\r\n%b\r\n" % (len(block), block) if self._chunked else block

    def _write(self, data: bytes) -> None:
        if self._transport is None:
            self._first.append(data)
        elif data and not self._transport.is_closing():
            self._transport.write(data)

    def _finish(self) -> None:
        """Close the connection once all data is sent. An incomplete response gets no last chunk."""
        assert self._transport is not None
        if self._exchange.complete and self._chunked:
            self._write(b"0\r\n\r\n")
        self._transport.close()
        self._wait_for_flush(-1)

    def _wait_for_flush(self, before: int) -> None:
        """Abort the connection if the client has read nothing of the rest of its response for FLUSH_SECONDS."""
        assert self._transport is not None
        left = self._transport.get_write_buffer_size()
        if left == before:
            return self._transport.abort()
        if not self.gone.done():
            self._timer = self._loop.call_later(FLUSH_SECONDS, self._wait_for_flush, left)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's transports are not subclasses of it
        first, self._first = self._first, []
        self.resume_writing()
        self._transport.write(b"".join(first))
        if self.ended:
            self._finish()

    def data_received(self, data: bytes) -> None:
        """Discard received data, because the response headers have announced that the connection will be closed."""

    def eof_received(self) -> bool:
        self._half_closed = True
        return True  # the client may still read (RFC 9112, 9.6)

    def pause_writing(self) -> None:
        self._writable = self._loop.create_future()

    def resume_writing(self) -> None:
        writable, self._writable = self._writable, None
        if writable is not None and not writable.done():
            writable.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)  # if a forked child has a copy, close() does not end the connection
        self.closed = self.ended = True
        self.resume_writing()
        if not self._exchange.complete:
            self._exchange.hang_up()
        self._streams.discard(self)
        if not self.gone.done():
            self.gone.set_result(None)
            self._over()

    async def drain(self, seconds: float) -> None:
        """Wait up to `seconds` for the end of the response. Then disconnect the client, and wait for the task."""
        await asyncio.wait([self.gone], timeout=max(0.0, seconds))
        if self.gone.done():
            return
        await self._attaching
        if self._transport is not None:
            self._transport.abort()
        task = self._exchange.task
        await asyncio.wait([self.gone, *([] if task is None else [task])], timeout=GRACE + 1)
