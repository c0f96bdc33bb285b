"""The WSGI app of the demo page. A WebSocket handshake goes to the ASGI reference app through ASGIToWSGI. Every other
request goes to the WSGI reference app.

WSGI has no WebSockets, so the adapter takes over the server's connection. This module knows only how to choose between
the two apps.
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
