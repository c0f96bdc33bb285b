"""The app of the WSGI lane: the WSGI reference app; for a WebSocket handshake, the ASGI reference app behind
ASGIToWSGI.

WSGI has no WebSockets, but the server has the connection, which the adapter takes over. Knows only this choice.
"""

from collections.abc import Iterable
from typing import Any

from gateways.adapters import ASGIToWSGI
from gateways.asgi.app import app as asgi_app
from gateways.wsgi.app import app as wsgi_app

sockets = ASGIToWSGI(asgi_app)


def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Serve one request of either kind (PEP 3333)."""
    handshake = environ.get("HTTP_UPGRADE", "").lower() == "websocket"
    return (sockets if handshake else wsgi_app)(environ, start_response)
