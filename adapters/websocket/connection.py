"""The server side of a WebSocket connection on an asyncio loop: frames, pings, backpressure, closing handshake.

Knows RFC 6455 and asyncio's transports. Runs on the loop only. It must not know ASGI, or where its socket came from.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import cast

from .frames import CLOSE, PING, PONG, MessageReader, encode, encode_close, encode_message

CLOSE_SECONDS = 10.0  # Timeout for the client to read all data and complete the closing handshake, in seconds
READ, READ_MORE = 16 * 1024, 64 * 1024  # Size of one read, in bytes: the usual size, and the size after a full read
LINGER_SECONDS = 2.0  # Timeout for a client that violated the protocol to read the reason and disconnect, in seconds


class Connection(asyncio.BufferedProtocol):
    """One accepted WebSocket. `ended` is resolved when its socket has been closed."""

    def __init__(
        self,
        head: bytes,
        *,
        max_message: int,
        ping: float,
        on_message: Callable[[str | bytes], object],
        on_close: Callable[[int, str], object],
    ) -> None:
        """head: the response that accepts the handshake. ping: seconds between pings; 0 for no pings.

        on_close: called once with a code and a reason, unless close() was called first. The code and the reason come
        from the peer's Close frame, or describe the failure. If the connection has ended without a Close frame or a
        failure, the code is 1006.
        """
        self._head, self._ping = head, ping
        self._on_message, self._on_close = on_message, on_close
        self._reader = MessageReader(from_client=True, max_message=max_message)
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self._transport: asyncio.Transport | None = None
        self._sock: socket.socket | None = None
        self._writable: asyncio.Future[None] | None = None
        self._closing = self._reported = False  # a Close frame has been sent; on_close has been called
        self._holding = False  # the owner has paused reading
        self._heard = True  # data has arrived since the last ping
        self._pong: bytes | None = None  # data of the client's latest Ping, if its Pong has not been sent
        self._sent = self._flushed = 0
        self._buffer = bytearray()  # for the next read
        self._room = READ
        self._stuck = False  # the client was not reading at the last ping
        self._timer: asyncio.TimerHandle | None = None

    async def attach(self, sock: socket.socket, early: bytes) -> None:
        """Complete the handshake on `sock`, which this connection now owns.

        `early` contains bytes that the client sent after its handshake. Raises OSError if the socket cannot be used.
        """
        self._sock = sock
        try:
            await self._loop.create_connection(lambda: self, sock=sock)
        except BaseException:
            sock.close()
            raise
        if early:
            self._received(early)

    def send(self, data: str | bytes) -> None:
        """Send a message. Raises UnicodeEncodeError for text that UTF-8 cannot encode."""
        self._write(encode_message(data))

    async def drain(self) -> None:
        """Wait until the client has read enough, and more can be sent."""
        while self._writable is not None:
            await asyncio.shield(self._writable)

    @property
    def is_closing(self) -> bool:
        """Return True if no more messages can be sent."""
        return self._closing or self._transport is None or self._transport.is_closing()

    def close(self, code: int, reason: str) -> None:
        """Start the closing handshake (RFC 6455, 7.1.2). Further data from the client is discarded."""
        self._reported = True
        if self._transport is None or self._closing:
            return
        self._closing = True
        self._write(encode_close(code, reason))
        self.hold(False)
        self._expire(CLOSE_SECONDS)

    def abort(self) -> None:
        """Close the connection now."""
        self._reported = True
        if self._transport is not None:
            self._transport.abort()

    def hold(self, holding: bool) -> None:
        """Pause reading, or resume it."""
        if holding is self._holding or self._transport is None or self._transport.is_closing():
            return
        self._holding = holding
        if holding:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's transports are not subclasses of it
        self._write(self._head)
        if self._ping:
            self._timer = self._loop.call_later(self._ping, self._tick)

    def get_buffer(self, sizehint: int) -> bytearray:
        """Return a buffer for the next read. asyncio's own buffers of 256 KB cost two system calls for each read."""
        self._buffer = bytearray(self._room)
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        buffer, self._buffer = self._buffer, bytearray()
        self._room = READ_MORE if nbytes == len(buffer) else READ
        with memoryview(buffer) as view:
            self._received(view[:nbytes])

    def _received(self, data: bytes | memoryview) -> None:
        self._heard = True
        for event in self._reader.feed(data):
            if event.kind == CLOSE:
                assert isinstance(event.data, str)
                return self._closed_by_peer(event.code, event.data)
            if self._closing:
                continue
            if event.kind == PING:
                self._answer(bytes(event.data))  # type: ignore[arg-type]
            elif event.kind != PONG:
                self._on_message(event.data)
        failure, self._reader.failure = self._reader.failure, None
        if failure is not None:
            self._fail(failure.code, failure.reason)

    def _answer(self, data: bytes) -> None:
        """Send a Pong. If the client does not read, answer only its latest Ping (RFC 6455, 5.5.3)."""
        if self._writable is None:
            self._write(encode(PONG, data))
        else:
            self._pong = data

    def _closed_by_peer(self, code: int, reason: str) -> None:
        if not self._closing:
            self._closing = True
            self._write(encode_close(code, reason))  # echo the reason, as other servers do
        self._report(code, reason)
        assert self._transport is not None
        self._expire(CLOSE_SECONDS)
        self._transport.close()  # close() first writes all remaining data

    def _fail(self, code: int, reason: str) -> None:
        """Send the reason in a Close frame, and end the connection (RFC 6455, 7.1.7).

        If the socket were closed while the client still sends, the connection would be reset, and the client would not
        receive the reason. So data from the client is read and discarded for LINGER_SECONDS.
        """
        assert self._transport is not None
        if not self._closing:
            self._closing = True
            self._write(encode_close(code, reason))
        self._report(code, reason)
        self.hold(False)
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._expire(LINGER_SECONDS)

    def _report(self, code: int, reason: str) -> None:
        if not self._reported:
            self._reported = True
            self._on_close(code, reason)

    def _write(self, data: bytes) -> None:
        assert self._transport is not None
        self._sent += len(data)
        self._transport.write(data)

    def _expire(self, seconds: float) -> None:
        """Abort the connection after `seconds`, unless it has ended."""
        if self._timer is not None:
            self._timer.cancel()
        assert self._transport is not None
        self._timer = self._loop.call_later(seconds, self._transport.abort)

    def _tick(self) -> None:
        """Send a Ping. If no data has arrived since the last Ping, abort the connection instead.

        The connection is not aborted while the owner has paused reading, or while a slow client still receives data. A
        client that does not read gets no Ping.
        """
        assert self._transport is not None
        flushed = self._sent - self._transport.get_write_buffer_size()
        alive = self._heard or self._holding or (self._stuck and flushed > self._flushed)
        if not alive:
            return self._transport.abort()
        self._heard, self._flushed, self._stuck = False, flushed, self._writable is not None
        if not self._stuck:
            self._write(encode(PING, b""))
        self._timer = self._loop.call_later(self._ping, self._tick)

    def eof_received(self) -> bool:
        return False  # let asyncio close the transport

    def pause_writing(self) -> None:
        self._writable = self._loop.create_future()

    def resume_writing(self) -> None:
        writable, self._writable = self._writable, None
        if writable is not None and not writable.done():
            writable.set_result(None)
        pong, self._pong = self._pong, None
        if pong is not None and not self.is_closing:
            self._write(encode(PONG, pong))

    def connection_lost(self, error: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        sock, self._sock = self._sock, None
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)  # if a forked child has a copy, close() does not end the connection
        self._closing = True
        self._report(1006, "")
        self._pong = None
        self.resume_writing()
        if not self.ended.done():
            self.ended.set_result(None)
