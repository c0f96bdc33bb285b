"""Choose numbers above the limit of select() for the adapters' own descriptors.

A server that calls select(), such as waitress, fails if the descriptor of a connection is FD_SETSIZE or higher. So the
adapters leave lower numbers to the server. Knows descriptors. It must not know their use.
"""

from __future__ import annotations

import os

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

FD_SETSIZE = 1024  # select() supports lower numbers only, on Linux, macOS and the BSDs


def duplicate(descriptor: int) -> int:
    """Return a duplicate whose number is FD_SETSIZE or higher; any number if the process's limit allows no such number.

    Raises OSError if no descriptor is free.
    """
    number = _high(descriptor)
    return os.dup(descriptor) if number is None else number


def moved(descriptor: int) -> int:
    """Return a duplicate whose number is FD_SETSIZE or higher, and close the descriptor.

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
