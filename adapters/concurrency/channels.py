"""Bounded channels of blocks between a thread and an event loop, in both directions. They use the loop's mailbox.

Knows threads and loops (loops.py). Contains the common part of the three channels (outbox.py, inbox.py, desk.py). It
must not know WSGI, ASGI or CGI. The table lists each wait, and the events that end it:

====================  =============================  =================================================================
waiting side          waits for                      woken by
====================  =============================  =================================================================
a thread, Outbox      space for its next block       the loop's next get() or close(); or a check of the loop
a thread, Inbox       the next block of a body       the loop's put(), end() or close(); or a check of the loop
a coroutine, Outbox   the thread's next block        the thread's put() or end(), with one post(); or cancellation
a coroutine, Inbox    space for its next block       the thread's get(), with one post(); or cancellation
a thread, Desk        blocks, a request, or the end  the loop's put(), ask(), end(), check(); or close()
a coroutine, Desk     space for its next block       the thread's get(), with one post(); close(); or cancellation
====================  =============================  =================================================================

The check runs every LOOP_CHECK seconds, and ends the wait if the loop is closed. A Desk on a borrowed loop polls the
loop at the same interval. Inbox.overflow() also ends the wait of its coroutine, and so does Desk.leave().
"""

from __future__ import annotations

import threading
from _thread import RLock
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Protocol

from .loops import Future, Loop, LoopClosed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .gate import EventGate
    from .thread_pool import Workers  # not at run time, because a CGI program does not need it

HIGH_WATER = 256 * 1024  # if this much data is queued in a channel, in bytes, its writer must wait
LOOP_CHECK = 0.5  # interval at which a waiting thread checks whether its loop is still running, in seconds


def resolve(future: Future) -> None:
    if not future.done():
        future.set_result(None)


class Gate(Protocol):
    """A lock or an EventGate: one thread waits until another thread calls release()."""

    def acquire(self, *, timeout: float) -> bool: ...
    def release(self) -> None: ...


class Channel(ABC):
    """The common part of all channels: one lock for the state, and a gate for each waiting thread."""

    _gates: tuple[Gate, ...] = ()  # one gate for each waiting thread; an application may use several threads
    _waiter: Future | None = None
    _size = 0  # size of the queued data, in bytes

    def __init__(self, loop: Loop, workers: Workers | None = None) -> None:
        """`workers`: the thread's pool. While the thread waits here, its pool may start another thread."""
        self._loop, self._workers = loop, workers
        # Reentrant, because garbage collection may close this channel while the calling thread holds the mutex.
        self._mutex = RLock()

    def _shut(self, own: EventGate | None = None) -> Gate:
        """Return a gate at which the calling thread waits: its own gate or a new lock. Call it under the mutex."""
        gate: Gate = own or threading.Lock()
        if own is None:
            gate.acquire(timeout=-1)
        self._gates += (gate,)
        return gate

    def _open(self) -> None:
        """Wake the waiting threads. Call it under the mutex."""
        if self._gates:
            gates, self._gates = self._gates, ()
            for gate in gates:
                gate.release()

    def _park(self, gate: Gate) -> None:
        if self._workers is not None:
            self._workers.leave()
        while not gate.acquire(timeout=LOOP_CHECK):
            if self._loop.closed():
                self.close()
        if self._workers is not None:
            self._workers.come_back()

    def _notify(self, waiter: Future | None) -> None:
        """Resolve the future that the coroutine awaits. Call it from a thread."""
        if waiter is not None:
            try:
                self._loop.post(waiter)
            except LoopClosed:
                self.close()

    @abstractmethod
    def close(self) -> None:
        """Close the channel. Thread-safe."""


class ToThread(Channel):
    """A channel to which a coroutine writes, and from which a thread reads."""

    _overflowing = False  # if True, writers never wait for free space in the queue
    _waiters: Sequence[Future] = ()  # coroutines that wait in room(); an application may send from several tasks

    async def room(self) -> None:
        """Wait until less than HIGH_WATER bytes are queued. Call it from a coroutine."""
        while True:
            with self._mutex:
                if self._size < HIGH_WATER or self._overflowing:
                    return
                waiter = self._loop.create_future()
                self._waiters = [*self._waiters, waiter]
            await waiter

    def _read(self, size: int) -> Sequence[Future]:
        """Count `size` bytes as read. Return the futures to resolve if space is free again. Call it under the mutex."""
        self._size -= size
        if self._size >= HIGH_WATER // 2:
            return ()
        waiters, self._waiters = self._waiters, ()
        return waiters
