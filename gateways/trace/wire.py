"""Make the bytes of a connection readable. Headers become lines, bodies are shortened, frames and chunks are named.
Pure.

Knows HTTP/1.1's framing (RFC 9112) and WebSocket's (RFC 6455). It accepts pieces of any size and never rejects data:
invalid data is shown too.
"""

from dataclasses import dataclass, field
from typing import Literal

from gateways.events.printable import printable

Headers = tuple[tuple[str, str], ...]

SHOWN = 120
"""Maximum number of bytes of a body that are shown."""

OPCODES = {0: "continuation", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}
"""Names of the opcodes (RFC 6455, 5.2)."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes that crossed the socket together; b"" means that the sender has closed its side. `at` is the value of
    time.perf_counter(), in seconds.
    """

    at: float
    way: Literal["in", "out"]
    data: bytes


@dataclass(slots=True)
class Message:
    """The received part of an HTTP message. `length` is the size of the content in bytes, without framing."""

    start: str = ""
    headers: Headers = ()
    framing: str = ""
    length: int = 0
    complete: bool = False

    @property
    def status(self) -> int | None:
        """The status of a response; None for a request."""
        parts = self.start.split(" ", 2)
        return int(parts[1]) if self.start.startswith("HTTP/") and len(parts) > 1 and parts[1].isdigit() else None

    def header(self, name: str) -> str:
        """Return the values of a header, joined by a comma."""
        return ", ".join(value for each, value in self.headers if each.lower() == name)


@dataclass(slots=True)
class Stream:
    """Parses one direction of a connection: one message, and WebSocket frames after an upgrade."""

    message: Message = field(default_factory=Message)
    bodiless: bool = False
    _pending: bytes = b""
    _state: Literal["head", "body", "size", "chunk", "trailers", "frames", "over"] = "head"
    _left: int = 0
    _chunk: int = 0

    def feed(self, data: bytes) -> list[str]:
        """Return the lines for the next bytes; b"" is the end of the connection."""
        if not data:
            return self._end()
        lines: list[str] = []
        self._pending += data
        while self._pending and (more := self._step()) is not None:
            lines += more
        return lines

    def _step(self) -> list[str] | None:
        """Parse the next element of the buffer; return None if it is incomplete."""
        if self._state in ("head", "size", "trailers"):
            end = self._pending.find(b"\n")
            if end < 0:
                return None
            line = self._pending[:end].rstrip(b"\r").decode("latin-1")
            self._pending = self._pending[end + 1 :]
            return {"head": self._head, "size": self._size, "trailers": self._trailer}[self._state](line)
        if self._state == "frames":
            return self._frame()
        return self._content()

    def _head(self, line: str) -> list[str]:
        message = self.message
        if line and not message.start:
            message.start = line
        elif line:
            name, _, value = line.partition(":")
            message.headers += ((name, value.strip()),)
        elif message.start:
            return self._head_ends()
        return [printable(line)] if line else []

    def _head_ends(self) -> list[str]:
        message, status = self.message, self.message.status
        if (
            status is not None and 100 <= status < 200 and status != 101
        ):  # an interim response; the final one follows it
            self.message = Message()
            return []
        if message.header("upgrade").lower() == "websocket" and status in (None, 101):
            message.framing, self._state = "upgrade to WebSocket", "frames"
        elif status in (204, 304) or self.bodiless:
            self._over("none: this response has no body")
        elif "chunked" in message.header("transfer-encoding").lower():
            message.framing, self._state = "chunked", "size"
        elif (length := message.header("content-length")).isdigit():
            message.framing, self._left, self._state = f"Content-Length: {length}", int(length), "body"
            if not self._left:
                self._over(message.framing)
        elif status is None:
            self._over("none")
        else:
            message.framing, self._left, self._state = "the end of the connection", -1, "body"
        return []

    def _over(self, framing: str) -> None:
        self.message.framing, self.message.complete, self._state = framing, True, "over"

    def _content(self) -> list[str]:
        size = len(self._pending) if self._left < 0 or self._state == "over" else min(self._left, len(self._pending))
        block, self._pending = self._pending[:size], self._pending[size:]
        if self._state == "over":
            return [f"{shown(block)} after the end"]
        self.message.length += size
        self._left -= size if self._left > 0 else 0
        if self._state == "chunk":
            return [self._of_chunk(block)]
        if not self._left:
            self._over(self.message.framing)
        return [shown(block)]

    def _of_chunk(self, block: bytes) -> str:
        if not self._left:
            self._state = "size"
        if len(block) == self._chunk:
            return f"chunk, {shown(block)}"
        begins = len(block) + self._left == self._chunk
        return f"chunk of {self._chunk:,} {'begins' if begins else 'continues'}, {shown(block)}"

    def _size(self, line: str) -> list[str]:
        digits = line.partition(";")[0].strip()
        try:
            self._left = int(digits, 16)
        except ValueError:
            if not line:  # the line break after a chunk
                return []
            self._over("chunked, but invalid")
            return [f"{line!r} is not a chunk size"]
        self._chunk = self._left
        self._state = "chunk" if self._left else "trailers"
        return [] if self._left else ["last chunk"]

    def _trailer(self, line: str) -> list[str]:
        if not line:
            self._over("chunked")
        return [printable(line)] if line else []

    def _frame(self) -> list[str] | None:
        data = self._pending
        if len(data) < 2:
            return None
        length, at = data[1] & 0x7F, 2
        if length > 125:
            width = 2 if length == 126 else 8
            length, at = int.from_bytes(data[2 : 2 + width], "big"), 2 + width
        mask = data[at : at + 4] if data[1] & 0x80 else b""
        at += len(mask)
        if len(data) < at + length:
            return None
        payload = data[at : at + length]
        if mask:
            payload = bytes(byte ^ mask[n % 4] for n, byte in enumerate(payload))
        self._pending = data[at + length :]
        name = OPCODES.get(data[0] & 0x0F, "unknown")
        self.message.length += length
        return [f"{name} frame{', masked' if mask else ''}{', compressed' if data[0] & 0x40 else ''}: {shown(payload)}"]

    def _end(self) -> list[str]:
        pending, self._pending = self._pending, b""
        if self._state in ("body", "frames") and self._left <= 0:
            self.message.complete = True
        if self._state not in ("head", "over", "frames") and not self.message.complete:
            return ["closed before the end of the body"]
        return [f"{shown(pending)}, then closed" if pending else "closed"]


def shown(data: bytes) -> str:
    """Return the number of bytes and their repr, shortened if long: "5 bytes b'hello'"."""
    number = f"{len(data):,} byte{'s' * (len(data) != 1)}"
    return f"{number}  {data[:SHOWN]!r}{'…' * (len(data) > SHOWN)}"
