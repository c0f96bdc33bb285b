"""Numbers of the adapters' own descriptors: above the limit of select().

A server that calls select(), such as waitress, ends with an error when it gets a connection whose number is FD_SETSIZE
or higher. So the numbers below are left to the server. Knows descriptors. It must not know their use.
"""

from __future__ import annotations

import os

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

FD_SETSIZE = 1024  # of Linux, macOS and the BSDs


def duplicate(descriptor: int) -> int:
    """Return a duplicate with a number from FD_SETSIZE, or any number if the process's limit allows no such number.

    Raises OSError if no descriptor is free.
    """
    number = _high(descriptor)
    return os.dup(descriptor) if number is None else number


def moved(descriptor: int) -> int:
    """Return a duplicate with a number from FD_SETSIZE, and close the descriptor.

    If no such number is available, return the descriptor itself.
    """
    number = _high(descriptor)
    if number is None:
        return descriptor
    os.close(descriptor)
    return number


def _high(descriptor: int) -> int | None:
    if fcntl is None:
        return None
    try:
        return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, FD_SETSIZE)
    except OSError:  # RLIMIT_NOFILE is FD_SETSIZE or lower, or all higher numbers are in use
        return None
