"""A limit for the open WebSockets or detached streams of an adapter in a process.

The server's own limits do not count them. Each WebSocket or stream takes a place, and releases the place at its end.
Knows the limit and the number of taken places. It must not know WebSockets or streams.
"""

from __future__ import annotations

import threading
import weakref

from ..concurrency import forks

_all: weakref.WeakSet[Places] = weakref.WeakSet()


@forks.in_child
def _forked() -> None:
    for places in _all:
        places.forked()


class Places:
    """A limited number of places. Any thread may take and release them."""

    def __init__(self, limit: int) -> None:
        """Raises ValueError if the limit is not an int of at least 0."""
        if not isinstance(limit, int) or isinstance(limit, bool) or limit < 0:
            raise ValueError(
                f"websockets={limit!r}: expected an int of 0 or more, e.g. websockets=100; 0 turns WebSockets off"
            )
        self.limit = limit
        self.forked()
        _all.add(self)

    def forked(self) -> None:
        """Mark all places as free: in a forked child, the WebSockets of the parent do not count."""
        self._mutex = threading.Lock()
        self.taken = 0

    def take(self) -> bool:
        """Take a place. Return False if no place is free."""
        with self._mutex:
            if self.taken >= self.limit:
                return False
            self.taken += 1
            return True

    def release(self) -> None:
        with self._mutex:
            self.taken -= 1
