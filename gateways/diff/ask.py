"""One request over a connection of its own, and everything about the response that a client can see.

Knows sockets, the clock and h11, which reads the response. The request is written here, so that its octets are exactly
those that were recorded. No redirect is followed, nothing is retried, no content coding is undone.
"""

import contextlib
import select
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Any

import h11

from gateways.diff.answer import Answer, Body, Framing, body_of
from gateways.requests.request import Headers, Request
from gateways.serving.listen import connect

READ = 1 << 16
SETTLE = 0.02
"""Seconds in which octets after a response that has no body are noticed."""

HEAD_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class Address:
    """Where to ask: host and port, or the path of a Unix socket and 0. `host` is the Host header; `tls` for HTTPS."""

    where: tuple[str, int]
    host: str
    tls: ssl.SSLContext | None = None


def ask(address: Address, request: Request, seconds: float) -> Answer:
    """Send the request and read the response to its end, within `seconds`. Never raises: failures are in the answer."""
    reading = _Reading(request.method)
    try:
        with _connected(address, seconds) as sock:
            reading.began = time.perf_counter()
            _exchange(sock, octets_of(request, address.host), reading, seconds)
    except TimeoutError:
        reading.problem = f"no complete response within {seconds:g} seconds"
    except ConnectionRefusedError:
        reading.problem = "the connection was refused"
    except (OSError, h11.RemoteProtocolError) as error:
        reading.problem = _named(error, reading)
    return reading.answer()


def _named(error: Exception, reading: "_Reading") -> str:
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or error}"
    how = "reset" if isinstance(error, OSError) else "closed"
    if not reading.raw:
        return f"the connection was {how} without a response"
    if how == "closed" and "closed" not in str(error):
        return f"the response is malformed: {error}"
    where = "response" if reading.head is not None else "response head"
    return f"the connection was {how} in the middle of the {where}"


def octets_of(request: Request, host: str) -> bytes:
    """The request as it is sent (RFC 9112, 3): what is recorded, and the headers that belong to this connection."""
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


@contextlib.contextmanager
def _connected(address: Address, seconds: float) -> Any:
    with contextlib.ExitStack() as stack:
        sock: socket.socket = stack.enter_context(connect(address.where, seconds))
        if address.tls is not None:
            name = address.host.rpartition(":")[0] if ":" in address.host else address.host
            sock = stack.enter_context(address.tls.wrap_socket(sock, server_hostname=name))
        sock.setblocking(False)
        yield sock


def _exchange(sock: socket.socket, outgoing: bytes, reading: "_Reading", seconds: float) -> None:
    """Write and read at the same time: a server may answer before it has read the body."""
    until = time.monotonic() + seconds
    left = memoryview(outgoing)
    while not reading.done:
        wait = until - time.monotonic()
        if wait <= 0:
            raise TimeoutError
        readable, writable, _ = select.select([sock], [sock] if left else [], [], wait)
        if writable:
            left = left[_written(sock, left) :]
        if readable:
            _take(sock, reading)
    if reading.framing == "none" and not reading.excess:
        readable, _, _ = select.select([sock], [], [], SETTLE)
        with contextlib.suppress(OSError):
            reading.excess = len(sock.recv(READ)) if readable else 0


def _written(sock: socket.socket, left: memoryview) -> int:
    try:
        return sock.send(left[: 1 << 18])
    except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
        return 0
    except (BrokenPipeError, ConnectionResetError):
        return len(left)  # the server reads no more; its response may be there all the same


def _take(sock: socket.socket, reading: "_Reading") -> None:
    while not reading.done:
        try:
            octets = sock.recv(READ)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        except ssl.SSLEOFError:
            octets = b""
        reading.feed(octets)


class _Reading:
    """The response as far as it has come."""

    def __init__(self, method: str) -> None:
        self.began = time.perf_counter()
        self.head: h11.Response | None = None
        self.done = False
        self.problem = ""
        self.framing: Framing = "none"
        self.excess = 0
        self.raw = 0
        self._first = self._last = 0.0
        self._interim: list[int] = []
        self._blocks: list[tuple[float, int]] = []
        self._pieces: list[bytes] = []
        self._trailers: Headers = ()
        self._method = method
        self._parser = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_LIMIT)
        self._parser.send(h11.Request(method=method, target="/", headers=[("Host", "x")]))
        self._parser.send(h11.EndOfMessage())

    def feed(self, octets: bytes) -> None:
        """Take octets from the socket; b"" is its end. Raises h11.RemoteProtocolError."""
        now = time.perf_counter() - self.began
        if octets and not self.raw:
            self._first = now
        self.raw += len(octets)
        self._last = now
        self._parser.receive_data(octets)
        arrived = 0
        try:
            while not self.done:
                event = self._parser.next_event()
                if event is h11.NEED_DATA or event is h11.PAUSED:
                    break
                arrived += self._event(event)
        finally:
            if arrived:
                self._blocks.append((now, arrived))

    def _event(self, event: Any) -> int:
        if isinstance(event, h11.InformationalResponse):
            self._interim.append(event.status_code)
        elif isinstance(event, h11.Response):
            self.head = event
            self.framing = _framing(self._method, event)
        elif isinstance(event, h11.Data):
            self._pieces.append(bytes(event.data))
            return len(event.data)
        elif isinstance(event, h11.EndOfMessage):
            self._trailers = _pairs(event.headers)
            self.excess = len(self._parser.trailing_data[0])
            self.done = True
        elif isinstance(event, h11.ConnectionClosed):
            raise h11.RemoteProtocolError("closed")
        return 0

    def answer(self) -> Answer:
        if self.head is None:
            return Answer(interim=tuple(self._interim), first=self._first, total=self._last, problem=self.problem)
        return Answer(
            status=self.head.status_code,
            reason=self.head.reason.decode("latin-1"),
            version=f"HTTP/{self.head.http_version.decode()}",
            headers=_pairs(self.head.headers),
            body=self._body(),
            trailers=self._trailers,
            interim=tuple(self._interim),
            framing=self.framing,
            blocks=tuple(self._blocks),
            first=self._first,
            total=self._last,
            excess=self.excess,
            problem=self.problem,
        )

    def _body(self) -> Body:
        return body_of(b"".join(self._pieces))


def _pairs(headers: Any) -> Headers:
    raw = headers.raw_items() if hasattr(headers, "raw_items") else headers
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in raw)


def _framing(method: str, head: h11.Response) -> Framing:
    """RFC 9112, 6.3."""
    if method == "HEAD" or head.status_code in (204, 304):
        return "none"
    names = {name for name, _ in head.headers}
    if b"transfer-encoding" in names:
        return "chunked"
    return "length" if b"content-length" in names else "close"
