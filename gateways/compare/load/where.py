"""The address that a name stands for, found before anything is measured: looking it up must not be in the figures."""

import contextlib
import socket
from functools import lru_cache

PATIENCE = 2.0
"""Seconds that each of several addresses gets to accept a connection."""


@lru_cache
def address(host: str, port: int) -> tuple[str, int]:
    """The address and port to connect to: of several, the first that accepts a connection.

    `localhost` is ::1 and 127.0.0.1, and a server may listen on one of them only.

    Raises:
        OSError: there is no such name.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    several = [(str(each[4][0]), port) for each in found]
    for each in several if len(several) > 1 else ():
        with contextlib.suppress(OSError):
            socket.create_connection(each, PATIENCE).close()
            return each
    return several[0]
