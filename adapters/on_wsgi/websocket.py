"""A WebSocket handshake on a WSGI server: its scope, its refusals, and the takeover of its connection.

Knows the ASGI websocket scope, and the response that the server gets after the takeover. It must not know where servers
keep a connection (takeover.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from ..asgi_types import Scope
from ..concurrency.loops import Loop, LoopClosed
from ..mapping.requests import scope_from_environ
from ..run_asgi.running import Running
from ..run_asgi.websocket import WebSocketExchange
from ..websocket.handshake import Refusal, subprotocols
from ..wsgi_types import StartResponse
from .takeover import Connection

NO_CONNECTION = Refusal(
    "501 Not Implemented",
    "A WebSocket needs direct access to the client's connection, over plain HTTP/1.1. This WSGI server does not provide"
    " it. gunicorn, waitress, cheroot, gevent's pywsgi, eventlet, werkzeug and uWSGI do; or use an ASGI server.",
)
SWITCHED_OFF = Refusal("501 Not Implemented", "WebSockets are turned off for this app: ASGIToWSGI(websockets=0).")
FULL = Refusal(
    "503 Service Unavailable",
    "This server process has reached its maximum number of WebSockets.",
    (("Retry-After", "5"),),
)


def websocket_scope(environ: Mapping[str, Any]) -> Scope:
    """Return the `websocket` scope (ASGI WebSocket 2.5) of a handshake, without `state`."""
    scope = scope_from_environ(environ)
    del scope["method"]
    scope["type"] = "websocket"
    scope["http_version"] = "1.1"  # other versions are refused (RFC 6455, 4.1), but eventlet always reports 1.0
    scope["scheme"] = "wss" if scope["scheme"] in ("https", "wss") else "ws"
    scope["subprotocols"] = subprotocols(environ)
    scope["extensions"] = {"websocket.http.response": {}}
    return scope


class EmptyBody(list[bytes]):
    """The body for a server whose connection was taken over: one empty block, with which uWSGI sends its headers."""

    def __init__(self, connection: Connection, loop: Loop) -> None:
        super().__init__([b""])
        self._connection, self._loop = connection, loop

    def close(self) -> None:
        """Release the connection. The server calls this when it is done with the response (PEP 3333)."""
        self._connection.close(self._loop)

    __del__ = close  # for servers that never call close()


def take_over_connection(
    exchange: WebSocketExchange, connection: Connection, running: Running, start_response: StartResponse
) -> Iterable[bytes] | None:
    """Give the server's connection to an accepted WebSocket. Return the server's response.

    Return None if the application has not accepted the WebSocket.
    """
    if not exchange.accepted:
        return None
    loop = running.thread.loop
    taken = False
    try:
        sock = connection.take()
        taken = True
        early = connection.release()
        loop.post(partial(exchange.attach, sock, early))
        start_response("101 Switching Protocols", [])  # only for the server's log: the server has no connection now
    except BaseException as error:
        if not taken:
            loop.post(exchange.lose)
        elif isinstance(error, LoopClosed):
            sock.close()
        connection.close(loop)
        raise
    return EmptyBody(connection, loop)
