"""A gate at which a thread waits, based on an eventfd.

A thread opens the gate by writing to the eventfd, without holding the GIL. So the woken thread can run immediately.
Lock.release() wakes a thread while the caller holds the GIL. Then the woken thread must sleep again until the GIL is
free, and be woken a second time. Knows eventfd. It must not know jobs, or which thread waits.
"""

from __future__ import annotations

import os
import select
import sys
import threading
import weakref
from contextlib import suppress

from . import forks
from .descriptors import FD_SETSIZE, moved


class EventGate:
    """A gate for threads. Each release() lets one thread through.

    A thread that waits without a timeout needs only one system call.
    """

    _fd = -1
    waiting = False  # a thread waits, or its wait ended with a timeout or an exception, and release() may still follow

    def __init__(self) -> None:
        """Raises OSError if the process has no free descriptor."""
        assert sys.platform == "linux"
        self._fd = moved(os.eventfd(0, os.EFD_CLOEXEC | os.EFD_SEMAPHORE))

    @property
    def is_low(self) -> bool:
        """True if a server that calls select() could use the number of the descriptor for a connection."""
        return self._fd < FD_SETSIZE

    def release(self) -> None:
        """Let one thread through. Never blocks."""
        assert sys.platform == "linux"
        os.eventfd_write(self._fd, 1)

    def acquire(self, timeout: float) -> bool:
        """Wait. Return False after `timeout` seconds. If `timeout` is negative, wait without a limit."""
        assert sys.platform == "linux"
        self.waiting = True
        if timeout >= 0 and not self._is_open(timeout):
            return False
        while True:
            try:
                os.eventfd_read(self._fd)
            except InterruptedError:  # a signal handler has run, and os.eventfd_read() does not retry itself (PEP 475)
                continue
            self.waiting = False
            return True

    def _is_open(self, timeout: float) -> bool:
        poll = select.poll()  # a new object, because a poll object cannot be used by two threads at once
        poll.register(self._fd, select.POLLIN)
        return bool(poll.poll(timeout * 1000))

    def close(self) -> None:
        """Close the descriptor. In a forked child, no thread uses the gate, because its threads exist in the parent."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            with suppress(OSError):  # a forked child may have closed all descriptors
                os.close(fd)

    __del__ = close  # a thread that still has a reference may call release(), so nothing closes the gate earlier


def new_gate() -> EventGate | None:
    """Return an EventGate; None if eventfd or a descriptor is not available, or if threads are green (gevent)."""
    if not hasattr(os, "eventfd") or forks.threads_are_green():
        return None
    try:
        return EventGate()
    except OSError:
        return None


# Maximum number of gates that threads own, because each gate needs a descriptor. MAX_LOW applies if the process's limit
# of descriptors is so low that the server needs almost all of them for connections.
MAX_OWN, MAX_LOW = 64, 4

_own: weakref.WeakSet[EventGate] = weakref.WeakSet()


class _Thread(threading.local):
    """The gate of this thread, which is closed when the thread ends; None without a gate."""

    gate: EventGate | None = None
    tried = False  # thread_gate() has created a gate for this thread, or has failed to


_thread = _Thread()


@forks.in_child
def _forked() -> None:
    """Forget all gates: parent and child share each eventfd, so the child's release() could wake a parent's thread."""
    global _thread  # noqa: PLW0603
    _thread = _Thread()
    _own.clear()


def thread_gate() -> EventGate | None:
    """Return the calling thread's own gate; None if too many threads have a gate, or if creating it has failed.

    If the thread's last wait was interrupted, it gets a new gate. A late release() of the old gate would otherwise end
    the thread's next wait.
    """
    mine = _thread
    gate = mine.gate
    if gate is not None and not gate.waiting:
        return gate
    if gate is not None or not mine.tried:
        mine.tried = True
        gate = new_gate() if len(_own) < MAX_OWN else None
        if gate is not None and gate.is_low and len(_own) >= MAX_LOW:
            gate.close()
            gate = None
        mine.gate = gate
        if gate is not None:
            _own.add(gate)
    return gate
