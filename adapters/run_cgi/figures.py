"""The counters of a CGI host: requests, errors, programs, and terminations by reason.

Knows numbers. It must not know programs or requests.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from ..stats import Stats


@dataclass(frozen=True, slots=True)
class CGIStats(Stats):
    """A CGI host's figures in this process. The fields of Stats count programs instead of threads.

    `busy` includes programs that are being started, and programs that continue after their response. `idle` is 0.
    `rejected` counts 503 responses to requests that got no slot. `errors` counts the host's other responses with a
    status of 500 or higher, and responses that were truncated.
    """

    kills: Mapping[str, int]  # programs that the host terminated, by reason: "disconnected", "timeout", "overtime", ...
    interpreters: int  # running warm interpreters


class Figures:
    """The counters. One lock protects them. Its cost is negligible compared with the start of a process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._kills: Counter[str] = Counter()

    def count(self, name: str, more: int = 1) -> None:
        """Add `more` to one of "started", "requests", "errors", "disconnects", "rejected" and "bytes"."""
        with self._lock:
            self._counts[name] += more

    def count_kill(self, name: str) -> None:
        """Count a program that the host has terminated. name: the reason, a key of CGIStats.kills."""
        with self._lock:
            self._kills[name] += 1

    def stats(self, busy: int, waiting: int, oldest: float, interpreters: int) -> CGIStats:
        """Return the counters, with the given current values."""
        with self._lock:
            counts, kills = self._counts.copy(), dict(self._kills)
        return CGIStats(
            busy=busy,
            idle=0,
            waiting=waiting,
            away=0,
            oldest=oldest,
            started=counts["started"],
            requests=counts["requests"],
            errors=counts["errors"],
            disconnects=counts["disconnects"],
            rejected=counts["rejected"],
            bytes=counts["bytes"],
            kills=kills,
            interpreters=interpreters,
        )
