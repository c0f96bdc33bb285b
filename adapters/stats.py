"""An adapter's figures for monitoring, and a limit for the frequency of warnings.

Knows how to count requests without a lock. It must not know whether threads, programs or tasks serve them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

WARN_EVERY = 60.0  # delay between two warnings of one kind, in seconds
RETRY_AFTER = 5  # value of Retry-After in seconds, in a 503 that is sent because no thread or program is free


@dataclass(frozen=True, slots=True)
class Stats:
    """An adapter's figures in this process. Counts are exact, although no lock is taken.

    The figures from `busy` to `oldest` are current values, which may be inexact for a moment. The others count since
    the adapter was created. A CGI host counts its programs as threads.
    """

    busy: int  # threads that serve a request
    idle: int  # threads that serve no request
    waiting: int  # requests that wait for a thread
    away: int  # busy threads that wait for a slow client; other threads may be started in their place
    oldest: float  # age of the oldest running request in seconds; 0.0 if no request is running
    started: int  # threads started
    requests: int  # requests received, including rejected ones
    errors: int  # requests that failed in the application
    disconnects: int  # requests whose client disconnected before the response was complete
    rejected: int  # requests that got a 503 because no thread was free
    bytes: int  # bytes of response bodies that were passed to the server


@dataclass(frozen=True, slots=True)
class ASGIStats:
    """Figures of an ASGI application on a WSGI server in this process, named as in Stats.

    The figures from `tasks` to `oldest` are current values. The others count since the adapter was created.
    """

    tasks: int  # requests whose response is not complete
    background: int  # requests whose response is complete and whose task is still running
    websockets: int  # open WebSockets
    detached: int  # event streams that hold no thread of the server
    oldest: float  # age in seconds of the oldest task, WebSocket or stream; 0.0 if there is none
    requests: int  # requests that reached the application, including WebSocket handshakes
    errors: int  # requests that failed in the application or in its background work
    disconnects: int  # requests whose client disconnected before the response was complete
    bytes: int  # bytes of response bodies that were passed to the server


class Tally:
    """The counters of one event loop's requests. Only the loop's thread changes them; any thread may read them."""

    __slots__ = ("bytes", "disconnects", "errors", "live", "rejected", "requests")

    def __init__(self) -> None:
        self.requests = self.errors = self.disconnects = self.rejected = self.bytes = 0
        self.live: dict[Any, float] = {}  # running requests, with the arrival time of each (time.monotonic)

    def add(self, other: Tally) -> None:
        """Add the counts of another tally."""
        for name in ("requests", "errors", "disconnects", "rejected", "bytes"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


class Tallies(dict[Any, Tally]):
    """The counters of an adapter. Each event loop has its own set, so counting needs no lock.

    A loop's counters are created when they are first looked up. A loop must have a method closed().
    """

    def __init__(self) -> None:
        super().__init__()
        self._past = Tally()  # the sum of the counters of loops that have ended

    def __missing__(self, loop: Any) -> Tally:
        for ended in [known for known in list(self) if known.closed()]:
            self._past.add(self.pop(ended))
        tally = self[loop] = Tally()
        return tally

    def total(self) -> Tally:
        """Return the sum of all loops' counters. Its `live` contains the requests of all loops."""
        total = Tally()
        for tally in (self._past, *self.values()):
            total.add(tally)
            total.live.update(tally.live)
        return total


def age(live: dict[Any, float]) -> float:
    """Return the age in seconds of the oldest entry of `live`; 0.0 if it is empty."""
    return time.monotonic() - min(live.values()) if live else 0.0


class WarningLimit:
    """Counts events, and decides when to warn: at the first event, then at most once in WARN_EVERY seconds."""

    def __init__(self) -> None:
        self._count, self._due = 0, 0.0

    def count(self) -> int:
        """Count one event. Return the number of events since the last warning if a warning is due now, else 0."""
        self._count += 1
        now = time.monotonic()
        if now < self._due:
            return 0
        self._due, count, self._count = now + WARN_EVERY, self._count, 0
        return count
