"""The socket that a WSGI application gets for a WebSocket, and the environ that contains it.

Knows the keys `werkzeug.socket` and `gunicorn.socket`, from which simple-websocket takes the socket. It must not know
the data on the socket.
"""

from __future__ import annotations

import io
import os
import socket
import sys
from base64 import b64encode
from contextlib import suppress
from typing import Any

from ..asgi_types import Scope
from ..mapping.requests import Environ, environ_from_scope
from ..websocket.handshake import VERSION

_REPEATED = (b"upgrade", b"connection", b"http2-settings")  # headers that the new handshake replaces


class LentSocket(socket.socket):
    """A socket whose close() ends the connection immediately.

    An ordinary close() leaves the connection open while another thread waits in recv(), as simple-websocket's thread
    does, or while a forked child has a copy. The peer would then wait forever. After dup(), the connection ends when
    the last copy is closed. close() in a forked child does not end the connection.
    """

    is_shared = False

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._process = os.getpid()

    def dup(self) -> LentSocket:
        copy = super().dup()  # dup() returns an object of the same class
        self.is_shared = copy.is_shared = True
        return copy

    def _real_close(self, *arguments: Any) -> None:  # close() calls this when all files of makefile() are closed
        if not self.is_shared and os.getpid() == self._process:
            with suppress(OSError):  # the connection may be shut down already
                self.shutdown(socket.SHUT_RDWR)
        super()._real_close(*arguments)  # type: ignore[misc]


def lent_pair() -> tuple[socket.socket, LentSocket]:
    """Return the two ends of a connection; the application gets the second."""
    ours, theirs = socket.socketpair()
    return ours, LentSocket(theirs.family, theirs.type, theirs.proto, theirs.detach())


def lending_environ(scope: Scope, common: Environ, sock: socket.socket) -> tuple[Environ, str]:
    """Return an environ that contains `sock`, for a `websocket` scope. Also return the environ's Sec-WebSocket-Key."""
    key = b64encode(os.urandom(16)).decode()
    headers = [
        (name, value)
        for name, value in scope.get("headers") or ()
        if name.lower() not in _REPEATED and not name.lower().startswith(b"sec-websocket-")
    ]
    scheme = "https" if scope.get("scheme") in ("wss", "https") else "http"
    as_http = {**scope, "method": "GET", "http_version": "1.1", "scheme": scheme, "headers": headers}
    environ = environ_from_scope(as_http)
    environ.update(common)
    environ |= {
        "HTTP_UPGRADE": "websocket",
        "HTTP_CONNECTION": "Upgrade",
        "HTTP_SEC_WEBSOCKET_KEY": key,
        "HTTP_SEC_WEBSOCKET_VERSION": VERSION,
        "wsgi.url_scheme": scheme,
        "wsgi.input": io.BytesIO(),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "asgi.scope": scope,
        "werkzeug.socket": sock,
        "gunicorn.socket": sock,
    }
    if scope.get("subprotocols"):
        environ["HTTP_SEC_WEBSOCKET_PROTOCOL"] = ", ".join(scope["subprotocols"])
    return environ, key
