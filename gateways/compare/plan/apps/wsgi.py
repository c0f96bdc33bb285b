"""The reference app in WSGI, with a large body, a wait that blocks, and a WebSocket.

Knows only PEP 3333, and simple-websocket where the server or an adapter exposes a socket.
"""

import time
from collections.abc import Iterable
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment

from gateways.wsgi.app import app as reference

BLOCK = b"0123456789abcdef" * 4096  # 64 KiB


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Serve one request."""
    query = parse_qs(environ.get("QUERY_STRING", ""))
    if environ["PATH_INFO"] == "/download":
        length = int(query["bytes"][0])
        start_response("200 OK", [("Content-Type", "application/octet-stream"), ("Content-Length", str(length))])
        return (BLOCK[: length - at] for at in range(0, length, len(BLOCK)))
    if environ["PATH_INFO"] == "/block":
        time.sleep(float(query["seconds"][0]))
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "8")])
        return [b"blocked\n"]
    if environ["PATH_INFO"] == "/ws" and ("gunicorn.socket" in environ or "werkzeug.socket" in environ):
        return echoes(environ)
    return reference(environ, start_response)


def echoes(environ: WSGIEnvironment) -> Iterable[bytes]:
    """Send each message of a WebSocket back. A WebSocket uses this thread, and a thread that simple-websocket
    starts.
    """
    from simple_websocket import ConnectionClosed, Server  # installed by the extra `compare`

    websocket = Server.accept(environ, max_message_size=None)
    try:
        while True:
            websocket.send(websocket.receive())
    except ConnectionClosed:
        return []
