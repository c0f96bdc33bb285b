"""What a CGI host counts: requests, errors, programs, and why it ended some of them.

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
    """A CGI host's figures in this process: those of Stats, in which a thread is a program, and two more.

    `busy` counts programs that work on after their response, too; `idle` is 0; `rejected` are the 503 for want of a
    turn, `errors` the other answers from 500 on that are the host's, and the responses that were cut off.
    """

    kills: Mapping[str, int]  # programs that the host ended, by reason: "disconnected", "timeout", "overtime", ...
    interpreters: int  # warm interpreters that are running


class Figures:
    """The counters. Each is changed under one lock, which costs nothing beside a process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._kills: Counter[str] = Counter()

    def count(self, name: str, more: int = 1) -> None:
        """Add to one of "started", "requests", "errors", "disconnects", "rejected", "bytes"."""
        with self._lock:
            self._counts[name] += more

    def count_kill(self, name: str) -> None:
        """Add a program that the host ended for this reason."""
        with self._lock:
            self._kills[name] += 1

    def stats(self, busy: int, waiting: int, oldest: float, interpreters: int) -> CGIStats:
        """The figures, with those of this moment."""
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
