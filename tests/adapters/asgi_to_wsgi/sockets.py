"""WebSockets for the contract: an app and a client, connected by a socket pair in place of the server's connection.

Knows where gunicorn puts its socket. The thread that calls the adapter acts as a server's thread: it writes the
response headers, then shuts down and closes the connection.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

from tests.adapters.websocket.client import KEY, Client

from .harness import Exchange
from .request import Environ, environ

HANDSHAKE: Environ = {
    "HTTP_UPGRADE": "websocket",
    "HTTP_CONNECTION": "Upgrade",
    "HTTP_SEC_WEBSOCKET_KEY": KEY,
    "HTTP_SEC_WEBSOCKET_VERSION": "13",
}


class Server:
    """A WSGI server with one connection to a client."""

    def __init__(self, app: Any, **more: Any) -> None:
        self._theirs, ours = socket.socketpair()
        self.client = Client(ours)
        self.exchange = Exchange(app, environ("GET", "/ws", **{**HANDSHAKE, "gunicorn.socket": self._theirs, **more}))
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        try:
            self.exchange.run()
        except BaseException as error:
            self.error = error
        with self._theirs, contextlib.suppress(OSError):
            self._theirs.sendall(f"HTTP/1.1 {self.exchange.status or '500 Error'}\r\n".encode())
            self._theirs.shutdown(socket.SHUT_RDWR)

    def wait(self) -> Exchange:
        """Wait until the server has finished. Return the exchange. Raises the adapter's exception."""
        self._thread.join(15)
        assert not self._thread.is_alive(), "the server's thread is still held"
        if self.error is not None:
            raise self.error
        return self.exchange

    def close(self) -> None:
        self.client.sock.close()
        self._thread.join(15)
        with self.exchange:
            pass


@contextlib.contextmanager
def connected(app: Any, **more: Any) -> Iterator[Client]:
    """Return a client whose handshake was accepted, and whose connection the server has released."""
    server = Server(app, **more)
    try:
        server.client.accepted()
        server.wait()
        yield server.client
    finally:
        server.close()


@contextlib.contextmanager
def asking(app: Any, **more: Any) -> Iterator[Server]:
    """A server with a handshake."""
    server = Server(app, **more)
    try:
        yield server
    finally:
        server.close()
