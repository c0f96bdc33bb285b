"""Take over a client's connection from a WSGI server. The connection can then outlive the request.

Knows where each server keeps the socket of a request, and the data that the server has read ahead. It must not know the
protocol on the connection.

This works only for HTTP/1.1 and HTTP/1.0 connections without TLS. An HTTP/2 connection also carries other requests, and
only the server has the state of a TLS connection. While waitress still has output to send, it keeps its connection,
because the output would be lost.

Duplicating the descriptor is not enough: servers end a response with shutdown(), which ends the connection for all
copies of its descriptor. So the descriptor is duplicated, and then the original is replaced with one end of a socket
pair. After that, the server's writes, reads and close affect only the socket pair.
"""

from __future__ import annotations

import os
import socket
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from ..concurrency.descriptors import duplicate
from ..concurrency.loops import Loop
from .client import has_shut_down, is_readable, is_writable
from .discarding import discard
from .source import source_of

_RETURN_SECONDS = 5.0  # timeout for the client to read the server's output in return_to_server(), in seconds
_TLS = ("getpeercert", "get_peer_certificate")  # methods of TLS sockets: ssl, gevent, eventlet; pyOpenSSL


class Connection:
    """A client's connection that can be taken over."""

    def __init__(self, fd: int, environ: Mapping[str, Any]) -> None:
        self._fd, self._environ = fd, environ
        self._servers: socket.socket | None = None  # our end of the socket pair that replaces the server's connection

    @property
    def has_input(self) -> bool:
        """Return True if the client has sent data beyond this request, or has shut down its sending side."""
        waitress = _waitress(self._environ)
        if waitress is not None and (len(waitress.requests) > 1 or waitress.request is not None):
            return True
        stream = self._environ.get("eventlet.input", self._environ.get("wsgi.input"))
        return bool(source_of(stream).buffered()) or is_readable(self._fd)

    def has_ended(self) -> bool:
        """Return True if the client has closed or reset the connection, or has shut down its sending side."""
        return has_shut_down(self._fd)

    def take(self) -> socket.socket:
        """Return the connection, and give the server a replacement socket. Raises OSError if no descriptor is free.

        written() returns the data that the server writes to the replacement. Before release(), the server finds no data
        to read on it.
        """
        mine = duplicate(self._fd)
        try:
            dead, self._servers = socket.socketpair()
            with dead:
                os.set_blocking(dead.fileno(), os.get_blocking(mine))
                os.dup2(dead.fileno(), self._fd, inheritable=False)
        except BaseException:
            os.close(mine)
            self._close()
            raise
        return socket.socket(fileno=mine)

    def written(self, seconds: float) -> bytes:
        """Return the next bytes that the server has written since take(); b"" if it writes none within `seconds`."""
        assert self._servers is not None
        fd = self._servers.fileno()
        return os.read(fd, 65536) if is_readable(fd, seconds) else b""

    def release(self) -> bytes:
        """Return the bytes that the server has read ahead. After this call, the server reads an end-of-file."""
        assert self._servers is not None
        self._servers.shutdown(socket.SHUT_WR)
        return _read_ahead(self._environ)

    def return_to_server(self, sock: socket.socket, written: bytes) -> None:
        """Undo take(). Send `written`, which the server has written, and return the connection to the server.

        Raises OSError if the client has disconnected, or reads nothing for _RETURN_SECONDS.
        """
        with sock:
            while written:
                if is_writable(sock.fileno(), _RETURN_SECONDS):
                    written = written[os.write(sock.fileno(), written) :]
                else:
                    raise TimeoutError("the client does not read its response")
            os.dup2(sock.fileno(), self._fd, inheritable=False)
        self._close()

    def close(self, loop: Loop) -> None:
        """Discard all later output of the server, because its response has ended."""
        servers, self._servers = self._servers, None
        if servers is not None:
            discard(servers, loop)

    def _close(self) -> None:
        servers, self._servers = self._servers, None
        if servers is not None:
            servers.close()


def find(environ: Mapping[str, Any]) -> Connection | None:
    """Return the connection of this request; None if the server does not expose it, or if it cannot be taken over.

    Also return None for a descriptor that is not a connected stream socket, because it cannot be the client's.
    """
    if environ.get("SERVER_PROTOCOL", "")[:7] != "HTTP/1." or getattr(_waitress(environ), "total_outbufs_len", 0):
        return None
    for holder in _holders(environ):
        with suppress(AttributeError, OSError, ValueError, TypeError):  # no such attribute, not a file, or closed
            fd = int(holder.fileno())
            if not stat.S_ISSOCK(os.fstat(fd).st_mode):
                continue
            if _is_tls(holder) or not _is_client(fd):
                return None
            return Connection(fd, environ)
    return None


def _holders(environ: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the objects that may have the client's socket. Each server uses a different object."""
    yield environ.get("gunicorn.socket")
    yield environ.get("werkzeug.socket")
    yield getattr(_waitress(environ), "socket", None)
    if "eventlet.input" in environ:
        yield environ["eventlet.input"].get_socket()
    source = environ.get("wsgi.input")
    source = getattr(source, "rfile", source)  # cheroot and gevent; in wsgiref, wsgi.input is the file itself
    yield getattr(source, "raw", None)
    yield source
    uwsgi = sys.modules.get("uwsgi")
    if uwsgi is not None and "uwsgi.version" in environ and not _has_tls_sockets(uwsgi):
        yield _UWSGI(uwsgi.connection_fd)


class _UWSGI:
    """An object with fileno(), for the descriptor of a uWSGI request."""

    def __init__(self, fileno: Callable[[], int]) -> None:
        self.fileno = fileno


def _has_tls_sockets(uwsgi: Any) -> bool:
    """Return True if the uWSGI worker has TLS sockets. A descriptor alone does not show if its connection uses TLS."""
    return any(name in getattr(uwsgi, "opt", {}) for name in ("https-socket", "suwsgi-socket", "ssl-socket"))


def _waitress(environ: Mapping[str, Any]) -> Any:
    """Return waitress's channel; None on other servers. Other servers may also set "waitress.client_disconnected"."""
    channel = getattr(environ.get("waitress.client_disconnected"), "__self__", None)
    return channel if hasattr(channel, "socket") else None


def _is_tls(holder: Any) -> bool:
    """Return True if this object, or the socket that it wraps, uses TLS."""
    layers = [holder]
    for name in ("_sock", "fd"):
        layer = getattr(holder, name, None)
        if layer is not None and not isinstance(layer, int):
            layers.append(layer)
    return any(hasattr(layer, name) for layer in layers for name in _TLS)


def _is_client(fd: int) -> bool:
    """Return True if a descriptor is one end of a stream connection."""
    with socket.socket(fileno=os.dup(fd)) as sock:
        if sock.family not in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX) or sock.type != socket.SOCK_STREAM:
            return False
        sock.getpeername()  # raises OSError if it is not connected
        return True


def _read_ahead(environ: Mapping[str, Any]) -> bytes:
    """Return the data that the server has read beyond the request.

    The reads do not block, because they reach the end-of-file of the replacement socket.
    """
    source = environ.get("wsgi.input")
    unreader = getattr(getattr(source, "reader", None), "unreader", None)
    if unreader is not None:  # gunicorn
        return bytes(unreader.buf.getvalue())
    waitress = _waitress(environ)
    if waitress is not None:  # waitress keeps the data as the start of the next request
        return bytes(getattr(waitress.request, "header_plus", b""))
    source = environ.get("eventlet.input", source)
    for holder in (getattr(source, "rfile", source), source):
        if hasattr(holder, "peek"):
            with suppress(OSError, ValueError):
                return bytes(holder.peek())
    return b""
