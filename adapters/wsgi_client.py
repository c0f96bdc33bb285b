"""Whether the client of a WSGI request has left: PEP 3333 has no word for it, but some servers offer a way to see it.

Knows those servers' keys of the environ. It must not know what an adapter does about it.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any


def left(environ: Mapping[str, Any]) -> Callable[[], bool] | None:
    """A callable that tells whether the client has left; None where the server has nothing to tell.

    waitress knows with `channel_request_lookahead` above 0; gunicorn and werkzeug pass the connection's socket on.
    """
    disconnected: Callable[[], bool] | None = environ.get("waitress.client_disconnected")
    if disconnected is not None:
        return disconnected
    connection = environ.get("gunicorn.socket") or environ.get("werkzeug.socket")
    return partial(_ended, connection) if isinstance(connection, socket.socket) else None


def _ended(connection: socket.socket) -> bool:
    """Whether the peer has closed its side, with nothing of what it sent left to read."""
    try:
        readable = select.poll()
        readable.register(connection, select.POLLIN)
        if not readable.poll(0):  # gevent's recv() would wait in spite of MSG_DONTWAIT
            return False
        # The plain socket's recv(): a TLS socket knows no flags, and its end of file is the connection's, too.
        return socket.socket.recv(connection, 1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except (OSError, ValueError):  # ValueError: it is closed on this side
        return True
