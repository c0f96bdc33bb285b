"""The limit of open WebSockets of a process. Adapters count the WebSockets, because servers do not.

Knows a lock, a number, and forks.
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
    """A limited number of places, taken and released from any thread."""

    def __init__(self, limit: int) -> None:
        """Raises ValueError for a limit that is not a number of at least 0."""
        if not isinstance(limit, int) or isinstance(limit, bool) or limit < 0:
            raise ValueError(f"websockets={limit!r}: expected a number, e.g. websockets=100, or 0 to turn them off")
        self.limit = limit
        self.forked()
        _all.add(self)

    def forked(self) -> None:
        """Reset to all places free: the parent's WebSockets do not count in a forked child."""
        self._mutex = threading.Lock()
        self.taken = 0

    def take(self) -> bool:
        """Take a place. Return False if all are taken."""
        with self._mutex:
            if self.taken >= self.limit:
                return False
            self.taken += 1
            return True

    def give_back(self) -> None:
        with self._mutex:
            self.taken -= 1
