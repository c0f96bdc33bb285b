"""Send requests over persistent connections, and record everything about the responses that a client can see.

Knows sockets and the clock. It writes requests without an HTTP library, because it must send exactly the recorded
bytes. It does not follow redirects, and does not decode content codings.
"""

import contextlib
import select
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Self

import h11

from gateways.diff.answer import CLOSED, REFUSED, RESET, Answer
from gateways.diff.reading import Reading
from gateways.requests.request import Request
from gateways.serving.listen import connect

READ = 1 << 16
SETTLE = 0.02
"""Time to wait for unexpected bytes after a response that has no body, in seconds."""

CLOSING = 0.003
"""Time to wait for the server to close a connection that it should keep open, in seconds."""


@dataclass(frozen=True, slots=True)
class Address:
    """The address: host and port, or the path of a Unix socket and 0. `host` is the Host header; `tls` for HTTPS."""

    where: tuple[str, int]
    host: str
    tls: ssl.SSLContext | None = None


class Client:
    """A client that reuses its connection if the server keeps it open (RFC 9112, 9.3).

    A request that may change data gets a new connection, because a server may close a reused connection while the
    client sends a request. The client then cannot know if the server has read the request, and must not repeat it (RFC
    9112, 9.3.1).
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self._sock: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._sock is not None:
            self._sock.close()
            self._sock = None

    def ask(self, request: Request, seconds: float) -> Answer:
        """Send the request and read the response to its end, within `seconds`.

        If the connection fails, this method does not raise: the error is in the result's `problem`.
        """
        if not request.is_safe:
            self.close()
        is_old = self._sock is not None
        reading, error = self._asked(request, seconds)
        if is_old and error is not None and not reading.raw and not isinstance(error, TimeoutError):
            reading, error = self._asked(request, seconds)  # the server has closed the idle connection
        if error is not None:
            reading.problem = _named(error, reading, seconds)
        return reading.answer()

    def _asked(self, request: Request, seconds: float) -> tuple[Reading, Exception | None]:
        reading = Reading(request.method)
        try:
            if self._sock is None:
                self._sock = _connected(self.address, seconds)
            _exchange(self._sock, octets_of(request, self.address.host), reading, seconds)
        except (OSError, h11.RemoteProtocolError) as error:
            self.close()
            return reading, error
        if not reading.keeps_open:
            self.close()
        return reading, None


def ask(address: Address, request: Request, seconds: float) -> Answer:
    """Send one request over a separate connection. Otherwise the same as Client.ask()."""
    with Client(address) as client:
        return client.ask(request, seconds)


def _named(error: Exception, reading: Reading, seconds: float) -> str:
    match error:
        case TimeoutError():
            return f"no complete response within {seconds:g} seconds"
        case ConnectionRefusedError():
            return REFUSED
        case socket.gaierror():
            return f"the host cannot be resolved ({error.strerror})"
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted: {error.verify_message}; to trust its authority, use --ca FILE"
        case ssl.SSLError():
            return f"TLS failed: {error.reason or error}"
    return _cut(error, reading)


def _cut(error: Exception, reading: Reading) -> str:
    """Return a sentence with the reason why an established connection failed."""
    how = "reset" if isinstance(error, OSError) else "closed"
    if not reading.raw:
        return RESET if how == "reset" else CLOSED
    if how == "closed" and "closed" not in str(error):
        return f"the response is malformed: {error}"
    where = "response" if reading.head is not None else "response head"
    return f"the connection was {how} in the middle of the {where}"


def octets_of(request: Request, host: str) -> bytes:
    """Return the bytes of the request (RFC 9112, 3): the recorded parts, and the headers that a client adds."""
    given = {name.lower() for name, _ in request.headers}
    headers = [("Host", host)] if "host" not in given else []
    headers += [(name, value) for name, value in _DEFAULTS if name.lower() not in given]
    headers += request.headers
    if request.body is not None and not given & {"content-length", "transfer-encoding"}:
        headers.append(("Content-Length", str(len(request.body))))
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    head = f"{request.method} {request.target} HTTP/1.1\r\n{lines}\r\n".encode("latin-1")
    return head + (request.body or b"")


_DEFAULTS = (("User-Agent", "gateways-diff"), ("Accept", "*/*"))


def _connected(address: Address, seconds: float) -> socket.socket:
    with contextlib.ExitStack() as stack:
        sock: socket.socket = stack.enter_context(connect(address.where, seconds))
        if address.tls is not None:
            name = address.host.rpartition(":")[0] if ":" in address.host else address.host
            sock = stack.enter_context(address.tls.wrap_socket(sock, server_hostname=name))
        sock.setblocking(False)
        stack.pop_all()
        return sock


def _exchange(sock: socket.socket, outgoing: bytes, reading: Reading, seconds: float) -> None:
    """Write and read at the same time, because a server may respond before it has read the body."""
    began = time.perf_counter()
    left = memoryview(outgoing)
    while not reading.done:
        wait = began + seconds - time.perf_counter()
        if wait <= 0:
            raise TimeoutError
        readable, writable, _ = select.select([sock], [sock] if left else [], [], wait)
        if writable:
            left = left[_written(sock, left) :]
        if readable:
            _take(sock, reading, began)
    if not reading.excess:
        _look_after(sock, reading)


def _look_after(sock: socket.socket, reading: Reading) -> None:
    """Record any bytes after the response, and the end of the connection if the server closes it."""
    if reading.framing != "none" and not reading.keeps_open:
        return
    readable, _, _ = select.select([sock], [], [], SETTLE if reading.framing == "none" else CLOSING)
    if readable:
        try:
            reading.after(len(sock.recv(READ)))
        except (BlockingIOError, ssl.SSLWantReadError):
            return
        except OSError:
            reading.after(0)


def _written(sock: socket.socket, left: memoryview) -> int:
    try:
        return sock.send(left[: 1 << 18])
    except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
        return 0
    except (BrokenPipeError, ConnectionResetError):
        return len(left)  # the server has stopped reading, but it may have sent a response


def _take(sock: socket.socket, reading: Reading, began: float) -> None:
    while not reading.done:
        try:
            octets = sock.recv(READ)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        except ssl.SSLEOFError:
            octets = b""
        reading.feed(octets, time.perf_counter() - began)
