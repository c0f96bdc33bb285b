"""Discard the output of a WSGI server after the end of its response, on a connection that was taken over.

Many servers write the last chunk after they have closed the response. If that write failed, cheroot would keep the
chunk in a buffer, whose destructor logs a traceback on Python 3.13 and later.

Knows the other end of the server's replacement socket. It must not know servers or responses.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from functools import partial

from ..concurrency.loops import Loop, LoopClosed, running_loop
from .client import is_readable

_SIZE = 65536


def discard(sock: socket.socket, loop: Loop) -> None:
    """Read from the socket until the server has closed its end, then close it. Thread-safe."""
    discarded = _Discarded(sock.detach())
    try:
        loop.post(partial(loop.attend, discarded))
    except LoopClosed:
        discarded.close()


class _Discarded:
    """Reads and discards the output of one server. The loop calls look() at intervals.

    Intervals are sufficient, because most servers close their end immediately. If the loop ends before the server
    closes its end, Python deletes this object, whose destructor closes the socket. The object therefore keeps a
    descriptor: a socket object could be deleted first, with a warning that it was not closed.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def look(self) -> None:
        try:
            is_open = not is_readable(self._fd) or bool(os.read(self._fd, _SIZE))
        except OSError:
            is_open = False
        if is_open:
            running_loop().attend(self)
        else:
            self.close()

    def close(self, close: Callable[[int], None] = os.close) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            close(fd)

    __del__ = close
