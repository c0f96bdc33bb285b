"""A client that writes given octets and records the responses, their framing, and the end of the connection.

Knows sockets, and HTTP/1.1 by h11. It must not know the app or the expected response.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self

import h11

from tests.real.serving import Running

TIMEOUT = 30.0
"""Time without data after which a conversation is aborted, in seconds."""


@dataclass
class Answer:
    """One response: its status line, its headers in original notation and order, its body.

    `seconds` is the time between the first and the last octet of the body; a busy machine makes it longer.
    """

    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes = b""
    whole: bool = False
    seconds: float = 0.0
    streamed: bool = False

    def header(self, name: str) -> str:
        """Return the value of a header; "" if there is none."""
        return next((value for each, value in self.headers if each.lower() == name), "")


@dataclass
class Heard:
    """The result of a conversation: the responses in order, and the end of the connection.

    `end`: "open" (the client closed it), "closed" (the server did, between responses), "cut" (within one), "silent".
    """

    answers: list[Answer] = field(default_factory=list)
    end: str = "open"


class Line:
    """One connection. Reading needs the `method` of each request, because a response to HEAD has no body."""

    def __init__(self, server: Running) -> None:
        self._socket = socket.create_connection((server.host, server.port), TIMEOUT)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._socket.close()

    def send(self, *parts: bytes, pause: float = 0.0) -> None:
        """Write the parts, with `pause` seconds between them. A write error is reported when the response is read."""
        with contextlib.suppress(OSError):
            for number, part in enumerate(parts):
                if number:
                    time.sleep(pause)  # the pause is the input
                self._socket.sendall(part)

    def half_close(self) -> None:
        """Shut down the sending side: the server gets the end of input."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Reset the connection, like a crashed client."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self._socket.close()

    def octets(self) -> Iterator[bytes]:
        """Yield received data until the end. Raise TimeoutError after `TIMEOUT` seconds without data."""
        while block := self._socket.recv(65536):
            yield block

    def hear(self, *methods: str) -> Heard:
        """Read one response for each of `methods`, the methods of the sent requests."""
        heard = Heard()
        rest = b""
        for method in methods:
            try:
                answer, rest, closed = self._response(method, rest)
            except ConnectionError:
                heard.end = "cut" if heard.answers and not heard.answers[-1].whole else "closed"
                return heard
            except TimeoutError:
                heard.end = "silent"
                return heard
            if answer is None:
                heard.end = "closed"
                return heard
            heard.answers.append(answer)
            if closed:
                heard.end = "closed" if answer.whole else "cut"
                return heard
        return heard

    def _response(self, method: str, received: bytes) -> tuple[Answer | None, bytes, bool]:
        """Return one response, the octets after it, and whether the connection has ended."""
        parser = h11.Connection(h11.CLIENT)
        parser.send(h11.Request(method=method, target="/", headers=[("Host", "native.test")]))
        parser.send(h11.EndOfMessage())
        if received:
            parser.receive_data(received)
        answer: Answer | None = None
        first = last = 0.0
        while True:
            try:
                event = parser.next_event()
            except h11.RemoteProtocolError:
                return answer, b"", True  # the connection ended within the body, so the response is incomplete
            if event is h11.NEED_DATA:
                try:
                    block = self._socket.recv(65536)
                except ConnectionError:
                    return answer, b"", True
                parser.receive_data(block)
                if not block and answer is None:
                    return None, b"", True
            elif isinstance(event, h11.Response):
                headers = [(name.decode(), value.decode("latin-1")) for name, value in event.headers.raw_items()]
                answer = Answer(event.status_code, event.reason.decode("latin-1"), headers)
            elif isinstance(event, h11.Data):
                assert answer is not None
                answer.body += event.data
                last = time.monotonic()
                first = first or last
            elif isinstance(event, h11.EndOfMessage):
                assert answer is not None
                answer.whole, answer.seconds = True, last - first
                rest, closed = parser.trailing_data
                return answer, rest, closed or parser.their_state is h11.MUST_CLOSE
            elif event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
                return answer, b"", True


def request(method: str, target: str, *headers: str, body: bytes | None = None, version: str = "1.1") -> bytes:
    """Return the octets of a request; a Content-Length is added for `body`."""
    lines = [f"{method} {target} HTTP/{version}", "Host: native.test", *headers]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b"")


def chunks(*blocks: bytes) -> list[bytes]:
    """Return each block as a chunk (RFC 9112, 7.1), and the last chunk."""
    return [*(b"%x\r\n%s\r\n" % (len(block), block) for block in blocks), b"0\r\n\r\n"]
