"""The client side of RFC 6455 on a socket pair. The application at the other end acts as the server.

Knows the handshake and frames. Its frames have a mask of zeros, which leaves the data unchanged. It must not know ASGI
or the application.
"""

from __future__ import annotations

import sys

from ..concurrency.sockets import LoopSocket
from ..websocket.frames import NO_MASK, PONG, Event, MessageReader, ProtocolError, encode, encode_close, encode_message
from ..websocket.handshake import Accepted, read_response

_MAX_HEAD = 64 * 1024  # size limit of the application's 101 response, in bytes
_READ = 64 * 1024
_ANY_SIZE = sys.maxsize  # no size limit for messages from the application, which is trusted


class SocketClient:
    """One connection. One coroutine may receive while another one sends. Both may send control frames."""

    def __init__(self, sock: LoopSocket) -> None:
        self._socket = sock
        self._reader = MessageReader(from_client=False, max_message=_ANY_SIZE)
        self._rest = b""  # data that was received together with the end of the handshake
        self._sending = False
        self._pending = b""  # control frames to send after the current message

    async def handshake(self, key: str) -> Accepted | None:
        """Read the response to a handshake with this Sec-WebSocket-Key. Return None if it is not a valid 101."""
        head = b""
        while b"\r\n\r\n" not in head and len(head) < _MAX_HEAD:
            data = await self._socket.receive(_READ)
            if not data:
                return None
            head += data
        head, _, self._rest = head.partition(b"\r\n\r\n")
        return read_response(head, key)

    async def receive(self) -> list[Event] | None:
        """Return the next messages and control frames; the list may be empty. Return None at the connection's end."""
        data, self._rest = self._rest, b""
        data = data or await self._socket.receive(_READ)
        return self._reader.feed(data) if data else None

    @property
    def failure(self) -> ProtocolError | None:
        """Return the violation of RFC 6455 in the data received last; None without a violation."""
        return self._reader.failure

    async def send(self, data: str | bytes) -> None:
        """Send a message. Raises OSError once the connection has ended."""
        self._sending = True
        try:
            pending, self._pending = self._pending, b""
            await self._socket.send(pending + encode_message(data, NO_MASK))
            while self._pending:
                pending, self._pending = self._pending, b""
                await self._socket.send(pending)
        finally:
            self._sending = False

    def pong(self, data: bytes) -> None:
        """Send a Pong with this data, without waiting."""
        self._control(encode(PONG, data, NO_MASK))

    def close(self, code: int, reason: str = "") -> None:
        """Send a Close frame, without waiting."""
        self._control(encode_close(code, reason, NO_MASK))

    def _control(self, frame: bytes) -> None:
        """Send a control frame without waiting. An application that is sending may not read at the same time."""
        if self._sending or self._pending:
            self._pending += frame
        else:
            self._pending = frame[self._socket.send_now(frame) :]
