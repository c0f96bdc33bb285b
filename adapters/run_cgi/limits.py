"""The timeouts of a CGI program, and the limit of running programs.

Pure except for one lock: the time is an argument, it is never read here. It must not know processes, loops or servers.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from .log import log

NEVER = float("inf")
LINGER = 1.0  # silence after which children of an ended program no longer keep its response open, in seconds
SETTLE = 0.1  # timeout for the exit status of a program that has closed its output, in seconds
UNHEARD = 5.0  # time that a program may run on after a response without a body, in seconds; its output is discarded
GRACE = 0.5  # delay between SIGTERM and SIGKILL, in seconds


class Timeouts(NamedTuple):
    """Timeouts of a host in seconds; None waits forever. On a timeout the program is terminated: a 504, or a cut
    response.

    `head`: from the last byte of the request that the program has read, to the end of its response headers. `idle`:
    after that, from the last byte in either direction (also if the client does not read). `total`: from the start.
    `queue`: the time that a request waits for a free slot while `limit` programs run; then it gets a 503.
    """

    head: float | None = 120.0
    idle: float | None = 300.0
    total: float | None = 3600.0
    queue: float | None = 10.0


DEFAULT_TIMEOUTS = Timeouts()


class Patience:
    """The deadline of a program. Times are those of any monotonic clock, in seconds."""

    def __init__(self, timeouts: Timeouts, now: float) -> None:
        self.moved = now
        self.head_seen = False
        self.lingering = False  # waiting for output, although the program has ended
        self._timeouts = timeouts
        self._end = now + _seconds(timeouts.total)

    def due(self) -> float:
        """Return the deadline that applies without further activity."""
        return min(self.moved + self._silence(), self._end)

    def hurry(self, now: float) -> None:
        """Apply UNHEARD: only the response headers are needed."""
        self._end = min(self._end, now + UNHEARD)

    def left(self, now: float) -> float:
        """Return the seconds that the program may run on after its response has ended."""
        return max(0.0, self._end - now)

    def verdict(self) -> str:
        """Return a text that names the timeout that has passed."""
        if self._end < self.moved + self._silence():
            return f"not done after {self._timeouts.total} seconds"
        return f"{'silent' if self.head_seen else 'without response headers'} for {self._silence()} seconds"

    def _silence(self) -> float:
        if self.lingering:
            return LINGER
        return _seconds(self._timeouts.idle if self.head_seen else self._timeouts.head)


def _seconds(limit: float | None) -> float:
    return NEVER if limit is None else limit


class Slots:
    """At most `limit` programs at once. Further requests queue, each a thread or a coroutine.

    The queue has room for `queue` requests; None: no limit.
    """

    def __init__(self, limit: int, queue: int | None = None) -> None:
        if limit < 1:
            raise ValueError(
                f"limit={limit!r} allows no program to run; expected the maximum number of concurrent programs, e.g. 64"
            )
        if queue is not None and queue < 0:
            raise ValueError(f"queue={queue!r} is below 0; expected the maximum number of waiting requests, e.g. 100")
        self._free = limit
        self._queue = NEVER if queue is None else queue
        self._lock = threading.Lock()
        self._line: deque[Callable[[], None]] = deque()

    @property
    def waiting(self) -> int:
        """Number of queued requests."""
        return len(self._line)

    @property
    def is_full(self) -> bool:
        """Return True if a request could neither take a slot nor queue."""
        return self._free <= 0 and len(self._line) >= self._queue

    def take(self, wake: Callable[[], None]) -> bool | None:
        """Take a slot (True), or queue (False); `wake()` is then called, in any thread, with the slot taken.

        Returns None if the queue is full.
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
        """Leave the queue; release the slot if this request has one already."""
        with self._lock:
            if wake in self._line:
                self._line.remove(wake)
                return
        self.release()

    def release(self) -> None:
        """Release a slot to the first queued request that can be woken (an event loop may have been closed)."""
        while True:
            with self._lock:
                if not self._line:
                    self._free += 1
                    return
                wake = self._line.popleft()
            try:
                return wake()
            except Exception as error:
                log.debug("a queued request cannot be continued: %r", error)
