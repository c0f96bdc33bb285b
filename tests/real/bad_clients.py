"""Many misbehaving clients at once. They stall, do not read, or vanish.

Knows sockets. It must not know requests or servers.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import time
from collections.abc import Iterable, Iterator

from tests.real.serving import Running

PATIENCE = 20.0  # time limit of waits, in seconds
SMALL_BUFFER = 4096  # receive buffer of a client that does not read, in bytes: the system's minimum


class Crowd:
    """Connections to one server, each with a running request."""

    def __init__(self, sockets: list[socket.socket]) -> None:
        self._sockets = sockets

    def wait_for_answers(self, count: int) -> None:
        """Wait until `count` clients have received data."""
        deadline = time.monotonic() + PATIENCE
        answered = 0
        with selectors.DefaultSelector() as selector:
            for sock in self._sockets:
                selector.register(sock, selectors.EVENT_READ)
            while answered < count:
                ready = selector.select(max(0.0, deadline - time.monotonic()))
                assert ready, f"{answered} of {len(self._sockets)} clients have been answered, not {count}"
                answered += len(ready)
                for key, _ in ready:
                    selector.unregister(key.fileobj)

    def cut_off(self) -> None:
        """Disconnect all clients. One half closes the connection (FIN), the other half resets it as after a crash
        (RST).
        """
        for number, sock in enumerate(self._sockets):
            if number % 2:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.close()


@contextlib.contextmanager
def crowd(server: Running, requests: Iterable[bytes]) -> Iterator[Crowd]:
    """Open a connection for each request, and send the request unchanged. The connections end with the block."""
    with contextlib.ExitStack() as stack:
        sockets: list[socket.socket] = []
        for request in requests:
            sock = stack.enter_context(socket.socket())
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
            sock.settimeout(PATIENCE)
            sock.connect((server.host, server.port))
            sockets.append(sock)
            sock.sendall(request)
        yield Crowd(sockets)


def get(framework: str, path: str) -> bytes:
    """Return a GET request for one of the apps of tests/real/apps."""
    return f"GET {path} HTTP/1.1\r\nHost: {framework}.test\r\n\r\n".encode()


def post(framework: str, path: str, length: int | None, body: bytes) -> bytes:
    """Return the start of a POST request: `body` is the sent part of `length` bytes, or of an unfinished chunked
    body.
    """
    framing = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    head = f"POST {path} HTTP/1.1\r\nHost: {framework}.test\r\n{framing}\r\n\r\n".encode()
    return head + (b"%x\r\n%b\r\n" % (len(body), body) if length is None else body)
