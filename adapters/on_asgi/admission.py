"""Limits for requests that wait for a thread, and log messages for requests that wait, get a 503, or are slow.

Knows the worker threads and the counters. It must not know a request's body or response.
"""

from __future__ import annotations

import logging
import sys
from time import monotonic
from traceback import format_stack

from ..concurrency.thread_pool import Workers
from ..stats import Tally, WarningLimit

log = logging.getLogger("gateways.wsgi")


class Admission:
    """Decides if a request may wait for a thread, and how long."""

    def __init__(self, workers: Workers, queue: int | None, timeout: float | None, slow: float | None) -> None:
        """At most `queue` requests may wait for a thread, each for at most `timeout` seconds. None means no limit.

        A request that uses a thread for `slow` seconds is logged. None turns this off.
        """
        for name, bound in (("queue", queue), ("queue_timeout", timeout), ("slow", slow)):
            if bound is not None and bound < 0:
                raise ValueError(f"{name}={bound!r} is negative; use None for no limit, or e.g. {name}=10")
        self._workers = workers
        self.queue, self.timeout, self.slow = queue, timeout, slow
        self._waits, self._rejections = WarningLimit(), WarningLimit()

    def is_full(self) -> bool:
        """Return True if no more requests may wait."""
        return self.queue is not None and self._workers.queue_for_new_job() >= self.queue

    def rejects(self, tally: Tally) -> bool:
        """Return True if a new request must get a 503 immediately, and count it as rejected."""
        if not self.is_full():
            return False
        self.rejected(tally)
        return True

    def is_overdue(self, since: float) -> bool:
        """Return True if a request that arrived at `since` (time.monotonic) has waited too long for a thread."""
        return self.timeout is not None and monotonic() - since >= self.timeout

    def rejected(self, tally: Tally) -> None:
        """Count a request that gets a 503. Log a warning if one is due."""
        tally.rejected += 1
        if count := self._rejections.count():
            log.warning(
                "%d requests rejected with 503: all threads are busy (threads=%d, queue=%s, queue_timeout=%s)",
                count,
                self._workers.limit,
                self.queue,
                self.timeout,
            )

    def waited(self) -> None:
        """Count a request that waits because all threads are busy. Log a warning if one is due (see WarningLimit)."""
        if self._workers.busy < self._workers.limit:
            return
        if count := self._waits.count():
            log.warning(
                "%d requests have waited for a thread, because all threads are busy; %d wait now. Increase threads=%d,"
                " or limit the wait with queue= and queue_timeout=. Use slow= to log requests that occupy a thread",
                count,
                self._workers.waiting,
                self._workers.limit,
            )

    def log_slow(self, method: str, target: str, thread: int, seconds: float) -> None:
        """Log a slow request, with the stack of its thread."""
        frame = sys._current_frames().get(thread)  # noqa: SLF001 - a documented function, despite the underscore
        stack = "".join(format_stack(frame)) if frame is not None else ""
        log.warning(
            "slow request: %s %s has used a thread for %.1f s; stack of the thread:\n%s", method, target, seconds, stack
        )
