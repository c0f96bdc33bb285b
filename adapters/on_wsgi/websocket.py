"""A WebSocket handshake as a WSGI server passes it on: its scope, its refusals, and the answer to the server.

Knows the ASGI websocket scope and what the server must be given in place of a response. How the connection is taken is
takeover.py's matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..asgi_types import Scope
from ..mapping.requests import scope_from_environ
from ..websocket.handshake import Refusal, subprotocols
from .takeover import Connection

NO_CONNECTION = Refusal(
    "501 Not Implemented",
    "A WebSocket needs the connection itself, over plain HTTP/1.1, and this WSGI server does not show it. gunicorn,"
    " waitress, cheroot, gevent's pywsgi, eventlet, werkzeug and uWSGI do; or use an ASGI server.",
)
SWITCHED_OFF = Refusal("501 Not Implemented", "ASGIToWSGI(websockets=0) serves this app: it carries no WebSocket.")
FULL = Refusal(
    "503 Service Unavailable", "This process has as many WebSockets as it may have.", (("Retry-After", "5"),)
)


def websocket_scope(environ: Mapping[str, Any]) -> Scope:
    """The `websocket` scope (ASGI WebSocket 2.5) of a handshake, without `state`."""
    scope = scope_from_environ(environ)
    del scope["method"]
    scope["type"] = "websocket"
    scope["scheme"] = "wss" if scope["scheme"] in ("https", "wss") else "ws"
    scope["subprotocols"] = subprotocols(environ)
    scope["extensions"] = {"websocket.http.response": {}}
    return scope


class HandedOver(list[bytes]):
    """An empty body for a server that has lost the connection: one block, for uWSGI sends a head only with a block."""

    def __init__(self, connection: Connection) -> None:
        super().__init__([b""])
        self._connection = connection

    def close(self) -> None:
        """PEP 3333: the server is done with the response."""
        self._connection.close()

    __del__ = close  # for servers that forget to
