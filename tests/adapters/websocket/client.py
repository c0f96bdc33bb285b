"""A WebSocket client on a plain socket, for data that a library would not send; each step has a time limit.

Knows RFC 6455 through the project's own frames, which test_frames.py compares with wsproto. It must not know its
server.
"""

from __future__ import annotations

import socket
import time

from gateways.adapters.websocket.frames import (
    CLOSE,
    PING,
    PONG,
    Event,
    MessageReader,
    encode,
    encode_close,
    encode_message,
)
from gateways.adapters.websocket.handshake import accept_token

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
MASK = b"\x37\xfa\x21\x3d"
PATIENCE = 20.0


class Client:
    """The client's end of a connection."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        sock.settimeout(PATIENCE)
        self._reader = MessageReader(from_client=False, max_message=1 << 30)
        self._events: list[Event] = []
        self.rest = b""  # received after the response headers

    def ask(self, path: str = "/", host: str = "example.test", *headers: str, early: bytes = b"") -> None:
        """Send a handshake, and `early` in the same segment."""
        lines = [
            *(f"GET {path} HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade"),
            *(f"Sec-WebSocket-Key: {KEY}", "Sec-WebSocket-Version: 13", *headers, "", ""),
        ]
        self.sock.sendall("\r\n".join(lines).encode() + early)

    def head(self) -> list[str]:
        """Return the lines of the response headers."""
        received = b""
        while b"\r\n\r\n" not in received:
            data = self.sock.recv(65536)
            assert data, f"the connection ended within a head: {received!r}"
            received += data
        head, _, self.rest = received.partition(b"\r\n\r\n")
        return head.decode("latin-1").split("\r\n")

    def status(self) -> str:
        """Return the status of a response; read only its first line. The rest may be a server's own error page."""
        received = b""
        while b"\r\n" not in received:
            data = self.sock.recv(65536)
            assert data, f"the connection ended within the status line: {received!r}"
            received += data
        return received.decode("latin-1").split(" ")[1]

    def accepted(self) -> dict[str, str]:
        """Return the headers, by lower-case names, of a response that accepts the handshake; check it (RFC 6455,
        4.1).
        """
        line, *fields = self.head()
        assert line.startswith("HTTP/1.1 101 "), line
        headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
        assert headers["sec-websocket-accept"] == accept_token(KEY)
        assert headers["upgrade"].lower() == "websocket"
        assert headers["connection"].lower() == "upgrade"
        assert "sec-websocket-extensions" not in headers
        self._events += self._reader.feed(self.rest)
        return headers

    def send(self, message: str | bytes) -> None:
        self.sock.sendall(encode_message(message, MASK))

    def frame(self, kind: int, data: bytes = b"", *, last: bool = True) -> None:
        """Send one frame of any kind."""
        frame = encode(kind, data, MASK)
        self.sock.sendall(bytes((frame[0] if last else kind,)) + frame[1:])

    def close(self, code: int | None = 1000, reason: str = "") -> None:
        self.sock.sendall(encode_close(code, reason, MASK))

    def event(self) -> Event | None:
        """Return the next event, None at the end of the connection."""
        while not self._events:
            try:
                data = self.sock.recv(65536)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self._events += self._reader.feed(data)
            assert self._reader.failure is None, self._reader.failure
        return self._events.pop(0)

    def message(self) -> str | bytes:
        """Return the next message; respond to pings."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            event = self.event()
            assert event is not None, "the connection ended without a Close frame"
            if event.kind == PING:
                self.frame(PONG, bytes(event.data))  # type: ignore[arg-type]
            elif event.kind != PONG:
                assert event.kind != CLOSE, event
                return event.data
        raise TimeoutError(f"no message within {PATIENCE:g} s, only pings")

    def closed(self) -> tuple[int, str]:
        """Return the server's close code and reason, and check that it then ends the connection."""
        while (event := self.event()) is not None:
            if event.kind == CLOSE:
                assert isinstance(event.data, str)
                return event.code, event.data
        raise AssertionError("the connection ended without a Close frame")

    def ended(self) -> bool:
        """Return True if the connection ends now, after control frames only."""
        while (event := self.event()) is not None:
            if event.kind not in (PING, PONG):
                return False
        return True
