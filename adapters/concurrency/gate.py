"""A gate at which an idle thread waits, based on an eventfd.

A thread opens the gate by writing to the eventfd, without holding the GIL. So the woken thread can run immediately.
Lock.release() wakes a thread while the caller holds the GIL: the woken thread must sleep again until the GIL is free,
and be woken a second time. Knows eventfd. It must not know jobs, or which thread waits.
"""

from __future__ import annotations

import os
import select
import sys
from contextlib import suppress

from . import forks


class EventGate:
    """A gate for threads. Each release() lets one thread through.

    A thread that waits without a timeout needs only one system call.
    """

    _fd = -1

    def __init__(self) -> None:
        """Raises OSError if the process has no free descriptor."""
        assert sys.platform == "linux"
        self._fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_SEMAPHORE)

    def release(self) -> None:
        """Let one thread through. Never blocks."""
        assert sys.platform == "linux"
        os.eventfd_write(self._fd, 1)

    def acquire(self, timeout: float) -> bool:
        """Wait for release(). Return False after `timeout` seconds. A negative `timeout` means no limit."""
        assert sys.platform == "linux"
        if timeout >= 0 and not self._is_rung(timeout):
            return False
        while True:
            try:
                os.eventfd_read(self._fd)
            except InterruptedError:  # from a signal handler of the application: os.eventfd_read() does not retry
                continue
            return True

    def _is_rung(self, timeout: float) -> bool:
        poll = select.poll()  # a new object, because a poll object cannot be used by two threads at once
        poll.register(self._fd, select.POLLIN)
        return bool(poll.poll(timeout * 1000))

    def close(self) -> None:
        """Close the descriptor in a forked child, because the threads that use it exist only in the parent."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            with suppress(OSError):  # a forked child may have closed all descriptors
                os.close(fd)

    __del__ = close  # not earlier, because a thread that has a reference may still call release()


def new_gate() -> EventGate | None:
    """Return an EventGate; None if eventfd or a descriptor is not available, or if threads are green (gevent)."""
    if not hasattr(os, "eventfd") or forks.threads_are_green():
        return None
    try:
        return EventGate()
    except OSError:
        return None
