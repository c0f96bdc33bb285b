"""How long a CGI program may take, and how many may run.

Pure but for one lock: it is told the time, and never asks for it. It must not know processes, loops or servers.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from .log import log

NEVER = float("inf")
LINGER = 1.0  # seconds of silence after which the children of a program that ended no longer keep its response open
SETTLE = 0.1  # seconds that a program which has closed its output gets to end, so that its exit status counts
UNHEARD = 5.0  # seconds that a program may go on after a head that is all its response: nobody gets what it writes
GRACE = 0.5  # seconds between SIGTERM and SIGKILL


class Timeouts(NamedTuple):
    """Seconds that a host waits; None waits for ever. After them the program is ended: a 504, or a response cut off.

    `head` counts from the last octet of the request that the program took to the end of its head, `idle` from the last
    octet that moved either way after that (also when it is the client that does not read), `total` from the start.
    `queue` is how long a request waits for its turn while `limit` programs run; then it gets a 503.
    """

    head: float | None = 120.0
    idle: float | None = 300.0
    total: float | None = 3600.0
    queue: float | None = 10.0


DEFAULT_TIMEOUTS = Timeouts()


class Patience:
    """When a program's time is up. Times are those of any monotonic clock, in seconds."""

    def __init__(self, timeouts: Timeouts, now: float) -> None:
        self.moved = now
        self.head_seen = False
        self.lingering = False  # waiting for output, though the program has ended
        self._timeouts = timeouts
        self._end = now + _seconds(timeouts.total)

    def due(self) -> float:
        """When the time is up, if nothing moves until then."""
        return min(self.moved + self._silence(), self._end)

    def hurry(self, now: float) -> None:
        """The head is all that is wanted of the program."""
        self._end = min(self._end, now + UNHEARD)

    def left(self, now: float) -> float:
        """Seconds that the program may go on when its response has ended."""
        return max(0.0, self._end - now)

    def verdict(self) -> str:
        """Why the time is up."""
        if self._end < self.moved + self._silence():
            return f"not done after {self._timeouts.total} seconds"
        return f"{'silent' if self.head_seen else 'without a head'} for {self._silence()} seconds"

    def _silence(self) -> float:
        if self.lingering:
            return LINGER
        return _seconds(self._timeouts.idle if self.head_seen else self._timeouts.head)


def _seconds(limit: float | None) -> float:
    return NEVER if limit is None else limit


class Slots:
    """At most `limit` programs at once; who comes later waits in line, a thread or a coroutine, each in its way.

    The line has room for `queue`; None: for any number.
    """

    def __init__(self, limit: int, queue: int | None = None) -> None:
        if limit < 1:
            raise ValueError(f"limit={limit!r} would let no program run; it is how many may at once, e.g. 64")
        if queue is not None and queue < 0:
            raise ValueError(f"queue={queue!r} is below 0; it is how many requests may wait, e.g. 100")
        self._free = limit
        self._queue = NEVER if queue is None else queue
        self._lock = threading.Lock()
        self._line: deque[Callable[[], None]] = deque()

    @property
    def waiting(self) -> int:
        """How many stand in line."""
        return len(self._line)

    @property
    def is_full(self) -> bool:
        """Whether one more could neither take a slot nor stand in line."""
        return self._free <= 0 and len(self._line) >= self._queue

    def take(self, wake: Callable[[], None]) -> bool | None:
        """Take a slot (True), or stand in line (False) and be woken by `wake()`, in any thread, with the slot taken.

        None: the line is full.
        """
        with self._lock:
            if self._free > 0:
                self._free -= 1
                return True
            if len(self._line) >= self._queue:
                return None
            self._line.append(wake)
            return False

    def leave(self, wake: Callable[[], None]) -> None:
        """Leave the line, and give the slot back if it had been given already."""
        with self._lock:
            if wake in self._line:
                self._line.remove(wake)
                return
        self.release()

    def release(self) -> None:
        """Give a slot back, to the first in line that can be woken (an event loop may have been closed)."""
        while True:
            with self._lock:
                if not self._line:
                    self._free += 1
                    return
                wake = self._line.popleft()
            try:
                return wake()
            except Exception as error:
                log.debug("a request that waited for its turn is gone: %r", error)
