"""The timeouts of a CGI program, and the maximum number of programs that run at once.

Pure except for one lock: the current time is an argument. It must not know processes, loops or servers.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from .log import log

NEVER = float("inf")
LINGER = 1.0  # idle timeout for the output of a program's children after the program has exited, in seconds
SETTLE = 0.1  # time to wait for the exit status of a program that has closed its output, in seconds
BODILESS_SECONDS = 5.0  # time that a program may continue, with its output discarded, if its response has no body
GRACE = 0.5  # delay from SIGTERM to SIGKILL, in seconds


class Timeouts(NamedTuple):
    """Timeouts of a host, in seconds; None for no timeout.

    head: limit for the time without data in either direction, until the response headers are complete.
    idle: the same limit after the response headers. It also applies if the client does not read.
    total: limit for the whole run of the program.
    queue: limit for the time that a request waits for a free slot. The request then gets a 503.

    When `head`, `idle` or `total` expires, the program is terminated. The client gets a 504, or a truncated response if
    the response headers have already been sent.
    """

    head: float | None = 120.0
    idle: float | None = 300.0
    total: float | None = 3600.0
    queue: float | None = 10.0


DEFAULT_TIMEOUTS = Timeouts()


class Deadline:
    """The deadline of a program. Times are in seconds, of any monotonic clock."""

    def __init__(self, timeouts: Timeouts, now: float) -> None:
        self.moved = now
        self.head_seen = False
        self.lingering = False  # the program has exited, and its children may still write output
        self._timeouts = timeouts
        self._end = now + _seconds(timeouts.total)
        self._shortened = False

    def due(self) -> float:
        """Return the time at which the program times out, if there is no activity until then."""
        return min(self.moved + self._silence(), self._end)

    def shorten(self, now: float) -> None:
        """Limit the remaining time to BODILESS_SECONDS, because only the response headers are needed."""
        if now + BODILESS_SECONDS < self._end:
            self._end, self._shortened = now + BODILESS_SECONDS, True

    def left(self, now: float) -> float:
        """Return the seconds that the program may continue after its response has ended."""
        return max(0.0, self._end - now)

    def description(self) -> str:
        """Return a text that names the timeout that has expired."""
        if self._end < self.moved + self._silence():
            if self._shortened:
                return f"still running {BODILESS_SECONDS} seconds after the headers of a response without a body"
            return f"still running after {self._timeouts.total} seconds"
        return f"{'no data' if self.head_seen else 'no response headers'} for {self._silence()} seconds"

    def _silence(self) -> float:
        if self.lingering:
            return LINGER
        return _seconds(self._timeouts.idle if self.head_seen else self._timeouts.head)


def _seconds(limit: float | None) -> float:
    return NEVER if limit is None else limit


class Slots:
    """Slots for at most `limit` programs at once. Further requests wait in a queue, each with its thread or coroutine.

    queue: size limit of the queue; None for no limit.
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
        """The number of requests in the queue."""
        return len(self._line)

    @property
    def is_full(self) -> bool:
        """True if no slot is free and the queue is full."""
        return self._free <= 0 and len(self._line) >= self._queue

    def take(self, wake: Callable[[], None]) -> bool | None:
        """Return True if a slot was taken, False if the request was queued, and None if the queue is full.

        When a queued request gets its slot, `wake()` is called, in any thread.
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
        """Leave the queue. If the request has already got a slot, release the slot."""
        with self._lock:
            if wake in self._line:
                self._line.remove(wake)
                return
        self.release()

    def release(self) -> None:
        """Give the slot to the first queued request, or free it if the queue is empty.

        If the event loop of a request is closed, try the next request.
        """
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
