"""RFC 6455, sections 5 to 8: convert bytes to messages and back, for clients and servers.

Pure: no socket, loop, thread or clock. It must not know ASGI or the opening handshake. Extensions are not implemented,
so a frame with a reserved bit is an error.
"""

from __future__ import annotations

from codecs import getincrementaldecoder
from typing import NamedTuple

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
NO_MASK = b"\0\0\0\0"  # a client must mask its frames; this key leaves the data unchanged

# Codes that a Close frame may have, in addition to 3000 to 4999: section 7.4.1, and the IANA registry of
# close codes (section 11.7).
_CODES = frozenset((1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014))
_MAX_REASON = 123  # in bytes: the 125 bytes of a control frame minus two for the code
_MAX_CONTROL = 125
_decoder = getincrementaldecoder("utf-8")


class ProtocolError(Exception):
    """The peer violated RFC 6455. The connection must be closed with `code` and `reason`."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class Event(NamedTuple):
    """A whole message (TEXT with a str, BINARY with bytes) or a control frame (PING, PONG with bytes).

    For a CLOSE, `data` is the reason, and `code` the status code: 1005 if the frame has no code (7.1.5).
    """

    kind: int
    data: str | bytes
    code: int = 0


def may_close_with(code: int) -> bool:
    """Return True if a Close frame may have this code (RFC 6455, 7.4)."""
    return code in _CODES or 3000 <= code <= 4999


def masked(data: bytes, key: bytes) -> bytes:
    """Return `data` XORed with the repeated key (RFC 6455, 5.3). Masking twice gives the original."""
    size = len(data)
    if not size or key == NO_MASK:
        return data
    whole = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(data, "little") ^ int.from_bytes(whole, "little")).to_bytes(size, "little")


def encode(kind: int, data: bytes, key: bytes | None = None) -> bytes:
    """Return an unfragmented frame (RFC 6455, 5.2). key: a client's four-byte masking key; None for a server."""
    size = len(data)
    bit = 0x80 if key is not None else 0
    if size < 126:
        head = bytes((0x80 | kind, bit | size))
    elif size < 65536:
        head = bytes((0x80 | kind, bit | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((0x80 | kind, bit | 127)) + size.to_bytes(8, "big")
    return head + data if key is None else head + key + masked(data, key)


def encode_message(data: str | bytes, key: bytes | None = None) -> bytes:
    """Return a message in one frame. Raises UnicodeEncodeError for text that has a lone surrogate."""
    return encode(TEXT, data.encode(), key) if isinstance(data, str) else encode(BINARY, data, key)


def encode_close(code: int | None, reason: str = "", key: bytes | None = None) -> bytes:
    """Return a Close frame. The reason is truncated to 123 bytes.

    For None, or a code that must not be sent (such as 1005 and 1006), the frame is empty (7.4.1).
    """
    if code is None or not may_close_with(code):
        return encode(CLOSE, b"", key)
    text = reason.encode("utf-8", "replace")[:_MAX_REASON].decode("utf-8", "ignore").encode()
    return encode(CLOSE, code.to_bytes(2, "big") + text, key)


class MessageReader:
    """Reads the messages and control frames of a peer."""

    def __init__(self, *, from_client: bool, max_message: int) -> None:
        """from_client: the peer is a client, so its frames are masked. max_message: maximum message size in bytes."""
        self._from_client, self._max = from_client, max_message
        self._buffer = bytearray()
        self._kind = 0  # kind of the message whose fragments are arriving
        self._message = bytearray()
        self._utf8 = _decoder()
        self._over = False
        self.failure: ProtocolError | None = None

    def feed(self, data: bytes | memoryview) -> list[Event]:
        """Return the events that these bytes complete, in order. If the bytes violate RFC 6455, `failure` is set.

        After a failure or a CLOSE all further bytes are ignored (RFC 6455, 5.5.1 and 7.1.7).
        """
        events: list[Event] = []
        if self._over:
            return events
        buffer = self._buffer
        buffer += data
        start = 0
        try:
            while not self._over:
                end = self._next(start, events)
                if not end:
                    break
                start = end
        except ProtocolError as error:
            self.failure, self._over = error, True
        if self._over:
            buffer.clear()
        elif start:
            del buffer[:start]
        return events

    def _next(self, start: int, events: list[Event]) -> int:
        """Read the frame at `start`. Return the position of its end, 0 if it is incomplete. Raises ProtocolError."""
        buffer = self._buffer
        have = len(buffer)
        if have - start < 2:
            return 0
        first, second = buffer[start], buffer[start + 1]
        size = second & 0x7F
        at = start + 2
        if size > _MAX_CONTROL:
            width = 2 if size == 126 else 8
            if first & 0x08:
                raise ProtocolError(1002, "a control frame is longer than 125 bytes")
            if have < at + width:
                return 0
            size = int.from_bytes(buffer[at : at + width], "big")
            at += width
            if size < (126 if width == 2 else 65536) or size >> 63:
                raise ProtocolError(1002, "the length of a frame is not in its shortest form, or is 2**63 or more")
        self._check(first, second, size)
        key = NO_MASK
        if self._from_client:
            key = bytes(buffer[at : at + 4])
            at += 4
        end = at + size
        if have < end:
            return 0
        with memoryview(buffer) as view:
            payload = bytes(view[at:end])
        self._frame(first & 0x0F, bool(first & 0x80), masked(payload, key), events)
        return end

    def _check(self, first: int, second: int, size: int) -> None:
        """Check a frame by its header, before its payload has arrived."""
        kind = first & 0x0F
        if first & 0x70:
            raise ProtocolError(1002, "reserved bits are set without an extension")
        if bool(second & 0x80) is not self._from_client:
            raise ProtocolError(
                1002, "a client must mask its frames" if self._from_client else "a server must not mask its frames"
            )
        if kind > BINARY:
            if not CLOSE <= kind <= PONG:
                raise ProtocolError(1002, f"the opcode {kind:#x} is reserved")
            if not first & 0x80:
                raise ProtocolError(1002, "a control frame is fragmented")
        elif (kind == CONTINUATION) is not bool(self._kind):
            raise ProtocolError(
                1002,
                "a continuation frame arrived, but no message has started"
                if kind == 0
                else "a new message starts within a fragmented message",
            )
        elif len(self._message) + size > self._max:
            raise ProtocolError(1009, f"a message is larger than {self._max} bytes")

    def _frame(self, kind: int, last: bool, payload: bytes, events: list[Event]) -> None:
        if kind == CLOSE:
            self._over = True
            events.append(_close(payload))
        elif kind > BINARY:
            events.append(Event(kind, payload))
        elif last and kind != CONTINUATION:  # a message in one frame
            events.append(Event(kind, payload if kind == BINARY else _text(payload)))
        else:
            self._fragment(kind, last, payload, events)

    def _fragment(self, kind: int, last: bool, payload: bytes, events: list[Event]) -> None:
        self._kind = kind = kind or self._kind
        self._message += payload
        if kind == TEXT:
            try:
                self._utf8.decode(payload, last)  # detects invalid text before the message is complete
            except UnicodeDecodeError:
                raise ProtocolError(1007, "a text message is not UTF-8") from None
        if last:
            whole = bytes(self._message)
            self._kind, self._message, self._utf8 = 0, bytearray(), _decoder()
            events.append(Event(kind, whole if kind == BINARY else _text(whole)))


def _text(payload: bytes) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError:
        raise ProtocolError(1007, "a text message is not UTF-8") from None


def _close(payload: bytes) -> Event:
    if not payload:
        return Event(CLOSE, "", 1005)
    code = int.from_bytes(payload[:2], "big")
    if len(payload) == 1 or not may_close_with(code):
        raise ProtocolError(1002, "a Close frame has an invalid code")
    try:
        return Event(CLOSE, payload[2:].decode(), code)
    except UnicodeDecodeError:
        raise ProtocolError(1007, "the reason of a Close frame is not UTF-8") from None
