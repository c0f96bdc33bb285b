"""Detect that the client of a WSGI request has disconnected.

PEP 3333 has no method for this, but some servers expose the client's socket. Knows where these servers keep the socket.
It must not know how an adapter reacts to a disconnect.

An end-of-file from the client is not a disconnect, because a client that has shut down only its sending side still
waits for its response (RFC 9112, 9.6). A client that has closed its socket looks the same until it receives data: then
its operating system responds with a reset. Therefore this module makes the operating system send keep-alive probes. The
client's system responds to a probe with a reset when it no longer knows the connection, after about a minute.
"""

from __future__ import annotations

import _socket
import importlib.util
import logging
import os
import select
import stat
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from ..errors import ClientDisconnected

log = logging.getLogger("gateways.asgi")

_PROBE_SECONDS = 15  # interval between keep-alive probes after the client has shut down its sending side, in seconds


def _own_select() -> Any:
    """Return Python's original select module. eventlet removes poll() from the module, and gevent's poll() does not
    report errors.
    """
    spec = importlib.util.find_spec("select")
    if spec is None or spec.loader is None:
        return select
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_select = _own_select()
can_poll = hasattr(_select, "poll")  # not on Windows
_RDHUP: int = getattr(_select, "POLLRDHUP", 0)  # the peer has shut down its sending side: Linux only


def descriptor(environ: Mapping[str, Any]) -> int:
    """Return the descriptor of the client's socket; -1 if the server does not expose it.

    gunicorn, waitress, cheroot, werkzeug, wsgiref, gevent and eventlet expose it.
    """
    return _found(environ)[1]


def _found(environ: Mapping[str, Any]) -> tuple[Any, int]:
    """Return the object that has the client's socket, and the socket's descriptor. Return None and -1 if not found."""
    channel = getattr(environ.get("waitress.client_disconnected"), "__self__", None)
    source = environ.get("wsgi.input")
    for holder in (
        environ.get("gunicorn.socket"),
        environ.get("werkzeug.socket"),
        getattr(channel, "socket", None),
        getattr(environ.get("eventlet.input"), "_sock", None),
        getattr(source, "rfile", source),  # cheroot and gevent; in wsgiref, wsgi.input is the file of the socket
    ):
        with suppress(AttributeError, OSError, ValueError):  # no such attribute, not a file, or closed
            if stat.S_ISSOCK(os.fstat(found := holder.fileno()).st_mode):  # type: ignore[union-attr]
                return holder, int(found)
    return None, -1


class Client:
    """The client of a request.

    It remembers which of the server's objects has the client's socket. A streaming response checks the client
    repeatedly, and finding that object takes longer than the check.
    """

    __slots__ = ("_environ", "_holder")

    def __init__(self, environ: Mapping[str, Any]) -> None:
        self._environ = environ
        self._holder: Any = None

    def has_left(self) -> bool:
        """Return True if the client is known to have disconnected. Never raises: the request must continue."""
        try:
            connection = self._descriptor()
            if connection >= 0:
                return has_failed(connection)
            disconnected = self._environ.get("waitress.client_disconnected")
            return disconnected is not None and bool(disconnected())
        except Exception as error:
            log.debug("cannot check whether the client has disconnected: %r", error)
            return False

    def disconnect_error(self) -> Exception:
        """Return the exception that ends a response whose client has disconnected.

        On waitress, this is waitress's own exception, because waitress logs any other exception as an error of the
        application, with a traceback.
        """
        channel = getattr(self._environ.get("waitress.client_disconnected"), "__self__", None)
        kind = getattr(sys.modules.get(type(channel).__module__), "ClientDisconnected", ClientDisconnected)
        error: Exception = kind("the client has disconnected")
        return error

    def _descriptor(self) -> int:
        """Return the descriptor of the client's socket.

        Each call asks the server's object for the number, because the system may reuse the number after the server
        closes the socket.
        """
        if self._holder is not None:
            with suppress(OSError, ValueError):  # the socket is closed
                if (connection := int(self._holder.fileno())) >= 0:
                    return connection
        self._holder, connection = _found(self._environ)
        return connection


def is_readable(connection: int, seconds: float = 0) -> bool:
    """Return True if a read of a socket would not block, because of data, an end-of-file or an error.

    Wait up to `seconds` for one of these. The wait also blocks all other greenlets of the thread.
    """
    return can_poll and bool(_events(connection, _select.POLLIN, seconds))


def is_writable(connection: int, seconds: float) -> bool:
    """Return True if a write to a socket would not block. Wait up to `seconds`, as in is_readable()."""
    return can_poll and bool(_events(connection, _select.POLLOUT, seconds))


def has_failed(connection: int) -> bool:
    """Return True if a connection was reset, or is closed in both directions.

    If only the client has shut down its sending side, enable keep-alive probes (Linux).
    """
    if not can_poll:
        return False
    events = _events(connection, _RDHUP)
    if events & (_select.POLLERR | _select.POLLHUP):
        return True
    if events & _RDHUP:
        _probe(connection)
    return False


def has_shut_down(connection: int) -> bool:
    """Return True if a connection has failed. On Linux, also if the client has closed or shut down its sending side."""
    return can_poll and bool(_events(connection, _RDHUP))


def _events(connection: int, wanted: int, seconds: float = 0) -> int:
    poll = _select.poll()
    poll.register(connection, wanted)
    found: list[tuple[int, int]] = poll.poll(seconds * 1000)
    return found[0][1] if found else 0


def _probe(connection: int) -> None:
    """Make the operating system check whether the peer still exists."""
    if not hasattr(_socket, "TCP_KEEPIDLE"):
        return
    sock = _socket.socket(fileno=os.dup(connection))  # gevent's socket.socket would make the connection non-blocking
    try:
        if not sock.getsockopt(_socket.SOL_SOCKET, _socket.SO_KEEPALIVE):
            sock.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_KEEPIDLE, _PROBE_SECONDS)
            sock.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_KEEPINTVL, _PROBE_SECONDS)
            sock.setsockopt(_socket.SOL_SOCKET, _socket.SO_KEEPALIVE, 1)
    except OSError as error:
        log.debug("cannot enable keep-alive probes: %s", error)  # the connection is not TCP
    finally:
        sock.close()
