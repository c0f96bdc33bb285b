"""Send one request over a separate connection, and record everything about the response that a client can see.

Knows sockets and the clock. It writes the request itself, so that the octets are exactly the recorded ones. It does not
follow redirects, retry, or decode content codings.
"""

import contextlib
import select
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Any

import h11

from gateways.diff.answer import Answer
from gateways.diff.reading import Reading
from gateways.requests.request import Request
from gateways.serving.listen import connect

READ = 1 << 16
SETTLE = 0.02
"""Time to wait for octets after a response without a body, in seconds."""


@dataclass(frozen=True, slots=True)
class Address:
    """The address: host and port, or the path of a Unix socket and 0. `host` is the Host header; `tls` for HTTPS."""

    where: tuple[str, int]
    host: str
    tls: ssl.SSLContext | None = None


def ask(address: Address, request: Request, seconds: float) -> Answer:
    """Send the request and read the response to its end, within `seconds`. Never raises: a failure is in the answer's
    `problem`.
    """
    reading = Reading(request.method)
    try:
        with _connected(address, seconds) as sock:
            _exchange(sock, octets_of(request, address.host), reading, seconds)
    except TimeoutError:
        reading.problem = f"no complete response within {seconds:g} seconds"
    except ConnectionRefusedError:
        reading.problem = "the connection was refused"
    except (OSError, h11.RemoteProtocolError) as error:
        reading.problem = _named(error, reading)
    return reading.answer()


def _named(error: Exception, reading: Reading) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}; --ca FILE names one to trust"
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
    """Return the bytes of the request (RFC 9112, 3): the recorded parts, and the headers of this connection."""
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


def _exchange(sock: socket.socket, outgoing: bytes, reading: Reading, seconds: float) -> None:
    """Write and read at the same time: a server may answer before it has read the body."""
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


def _take(sock: socket.socket, reading: Reading, began: float) -> None:
    while not reading.done:
        try:
            octets = sock.recv(READ)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        except ssl.SSLEOFError:
            octets = b""
        reading.feed(octets, time.perf_counter() - began)
