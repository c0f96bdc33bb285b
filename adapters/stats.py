"""What an adapter tells of itself in production: its figures, and warnings that do not fill a log.

Knows how requests are counted without a lock. It must not know what runs them: threads, programs or tasks.
"""

from __future__ import annotations

import time
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

WARN_EVERY = 60.0  # seconds between two warnings of one kind
RETRY_AFTER = 5  # seconds, the Retry-After of a 503 for want of a thread or a program


@dataclass(frozen=True, slots=True)
class Stats:
    """An adapter's figures in this process, taken without a lock: each is right by itself.

    `busy` to `oldest` are of this moment, the others since the adapter was made. A request's thread is, in a CGI host,
    its program.
    """

    busy: int  # threads that have a request
    idle: int  # threads that have none
    waiting: int  # requests that no thread has taken yet
    away: int  # busy threads that wait for a slow client; others may stand in for them
    oldest: float  # seconds since the oldest request under way came; 0.0 without any
    started: int  # threads that were started
    requests: int  # requests that came, the rejected ones included
    errors: int  # requests that the application failed
    disconnects: int  # requests whose client left before the response was complete
    rejected: int  # requests that got a 503 for want of a thread
    bytes: int  # bytes of response bodies that were given to the server


@dataclass(frozen=True, slots=True)
class ASGIStats:
    """Figures of an ASGI application on a WSGI server in this process, in the words of Stats.

    `tasks` to `oldest` are of this moment, the others since the adapter was made.
    """

    tasks: int  # requests whose response is not complete
    background: int  # requests whose response is complete, and whose task still works
    websockets: int  # WebSockets that are open
    oldest: float  # seconds since the oldest of all these came; 0.0 without any
    requests: int  # requests that reached the application, handshakes of WebSockets included
    errors: int  # requests that the application failed, or whose background work it did
    disconnects: int  # requests whose client left before the response was complete
    bytes: int  # bytes of response bodies that were given to the server


class Tally:
    """The counters of one event loop's requests: changed by its thread only, read by any."""

    __slots__ = ("bytes", "disconnects", "errors", "live", "rejected", "requests")

    def __init__(self) -> None:
        self.requests = self.errors = self.disconnects = self.rejected = self.bytes = 0
        self.live: dict[Any, float] = {}  # requests under way, and when each came (time.monotonic)

    def add(self, other: Tally) -> None:
        """Take over the counts of another one."""
        for name in ("requests", "errors", "disconnects", "rejected", "bytes"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


class Tallies:
    """The counters of an adapter, apart for each event loop, so that counting needs no lock."""

    def __init__(self) -> None:
        self._of: dict[Any, Tally] = {}
        self._past = Tally()  # of loops that have ended

    def of(self, loop: Hashable) -> Tally:
        """Return the counters of a loop, which has closed()."""
        tally = self._of.get(loop)
        if tally is None:
            for ended in [known for known in list(self._of) if known.closed()]:
                self._past.add(self._of.pop(ended))
            tally = self._of[loop] = Tally()
        return tally

    def total(self) -> Tally:
        """Return the sum; `live` has the requests of all loops."""
        total = Tally()
        for tally in (self._past, *self._of.values()):
            total.add(tally)
            total.live.update(tally.live)
        return total


def age(live: dict[Any, float]) -> float:
    """Return the seconds since the oldest of `live` came; 0.0 without any."""
    return time.monotonic() - min(live.values()) if live else 0.0


class Seldom:
    """Counts what happens, and says when it is time to warn of it: at once, then every WARN_EVERY seconds."""

    def __init__(self) -> None:
        self._count, self._due = 0, 0.0

    def count(self) -> int:
        """Count one more. Returns how many there were since the last warning if one is due now, else 0."""
        self._count += 1
        now = time.monotonic()
        if now < self._due:
            return 0
        self._due, count, self._count = now + WARN_EVERY, self._count, 0
        return count
