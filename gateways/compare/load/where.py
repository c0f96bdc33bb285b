"""Resolve a host name before the measurement, because the figures must not include the lookup."""

import contextlib
import socket
from functools import lru_cache

PATIENCE = 2.0
"""Timeout for the connection to each of several addresses, in seconds."""


@lru_cache
def address(host: str, port: int) -> tuple[str, int]:
    """Return the address and port to connect to: the first address of the name that accepts a connection.

    For example, `localhost` is ::1 and 127.0.0.1, and a server may listen on only one of them. If no address accepts a
    connection, return the first.

    Raises: OSError: unknown name.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    several = [(str(each[4][0]), port) for each in found]
    for each in several if len(several) > 1 else ():
        with contextlib.suppress(OSError):
            socket.create_connection(each, PATIENCE).close()
            return each
    return several[0]
