"""Whether the client of a WSGI request has left: PEP 3333 has no word for it, but some servers let it be seen.

Knows where those servers keep a connection. It must not know what an adapter does about it.
"""

from __future__ import annotations

import os
import select
import stat
from collections.abc import Mapping
from contextlib import suppress
from typing import Any


def descriptor(environ: Mapping[str, Any]) -> int:
    """The client's socket, wherever the server shows it (gunicorn, waitress, cheroot, werkzeug, wsgiref); else -1."""
    channel = getattr(environ.get("waitress.client_disconnected"), "__self__", None)
    source = environ.get("wsgi.input")
    for holder in (
        environ.get("gunicorn.socket"),
        environ.get("werkzeug.socket"),
        getattr(channel, "socket", None),
        getattr(source, "rfile", source),  # cheroot, and wsgiref, whose input is the socket itself
    ):
        with suppress(AttributeError, OSError, ValueError):  # none, not of a file, closed
            if stat.S_ISSOCK(os.fstat(found := holder.fileno()).st_mode):  # type: ignore[union-attr]
                return int(found)
    return -1


def has_left(environ: Mapping[str, Any]) -> bool:
    """Whether the client has left, as far as the server lets it be seen."""
    connection = descriptor(environ)
    if connection >= 0:
        return _ended(connection)
    disconnected = environ.get("waitress.client_disconnected")
    return disconnected is not None and bool(disconnected())


def _ended(connection: int) -> bool:
    """Whether the peer has closed its side, with nothing of what it sent left to read."""
    import fcntl  # here: Windows has neither of these, and no descriptor() of a socket either
    import termios

    readable = select.poll()
    readable.register(connection, select.POLLIN)
    if not readable.poll(0):
        return False
    try:
        unread = fcntl.ioctl(connection, termios.FIONREAD, bytes(4))
    except OSError:
        return True
    return not any(unread)  # readable, and nothing to read: the end
