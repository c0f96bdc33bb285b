"""A pool of threads that run jobs. It may exceed its limit while some of its threads wait for slow clients.

Knows threads, locks and forks. It must not know event loops (channels.py does), or the meaning of jobs.
"""

from __future__ import annotations

import contextvars
import gc
import threading
import weakref
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any

from . import forks
from .gate import EventGate, new_gate

STAND_IN_SECONDS = 1.0  # idle timeout in seconds of a stand-in: a thread beyond the limit
IDLE_SECONDS = 30.0  # interval in seconds between checks by other idle threads, and between garbage collections
MAX_AWAY = 512  # number of waiting threads that do not count for the pool's limit

_Job = tuple[Callable[..., Any], Any, contextvars.Context | None]  # a function, its argument, and its context

_all: weakref.WeakSet[Workers] = weakref.WeakSet()


@forks.in_child
def _forked() -> None:
    for workers in _all:
        workers.forked()  # the pool's threads exist only in the parent process


class Workers:
    """Up to `limit` daemon threads that run jobs in order.

    The pool wakes one thread at a time. A woken thread first wakes the next thread if more jobs are queued, and then
    runs its own job. So one thread can run several short jobs that arrive together, without a thread switch. A job that
    blocks does not delay the jobs behind it, because another thread has been woken, or all threads are busy.

    One idle thread waits at the front gate, and the other idle threads wait at locks. A job that arrives alone opens
    the front gate, whose thread starts immediately. For several jobs at once, the pool wakes a thread at a lock. This
    thread must wait for the GIL until the caller has submitted all jobs, and can then run them all.

    Threads within the limit stay until close(), because applications may keep expensive objects in thread-locals
    (database connections). A stand-in replaces a thread that waits for a client. It ends after STAND_IN_SECONDS without
    work.
    """

    _front: EventGate | None = None

    def __init__(self, limit: int, name: str) -> None:
        if not isinstance(limit, int):
            raise TypeError(f"threads={limit!r} is not an int, e.g. threads=32")
        if limit < 1:
            raise ValueError(f"threads={limit!r}: the minimum is 1, e.g. threads=32")
        self.limit, self._name = limit, name
        self.forked()
        _all.add(self)

    def forked(self) -> None:
        """Reset the pool in a forked child, because its threads exist only in the parent process."""
        self._mutex = threading.Lock()
        self._jobs: deque[_Job] = deque()
        self._idle: list[
            threading.Lock | EventGate
        ] = []  # gates of idle threads: the front gate first, the most recent lock last
        if self._front is not None:
            self._front.close()
            self._front = None
        self._front_made = False  # the front gate has been created, or creating it has failed
        self._waking = False  # a thread has been woken or started and has not taken a job yet
        self._threads = 0
        self.started = self.away = 0  # number of threads started so far; number of threads that wait for a client
        self._leaving = 0  # number of threads that must end instead of waiting
        self._abandoned = False  # all threads must end
        self._ended: threading.Thread | None = None  # the last stand-in that ended; its thread-locals may still exist
        self._collected = -IDLE_SECONDS  # time of the last garbage collection (time.monotonic)

    @property
    def waiting(self) -> int:
        """The number of queued jobs."""
        return len(self._jobs)

    @property
    def idle(self) -> int:
        """The number of threads without a job."""
        return len(self._idle) + self._waking

    @property
    def busy(self) -> int:
        """The number of threads with a job."""
        return max(0, self._threads - self.idle)

    def queue_for_new_job(self) -> int:
        """Return the number of jobs that would wait in the queue before a new job; negative if threads are free."""
        ahead = self._ahead()
        if ahead >= 0:  # a thread that is being woken may have been counted twice
            with self._mutex:
                ahead = self._ahead()
        return ahead

    def _ahead(self) -> int:
        return self.waiting + self.busy - self._allowed

    @property
    def _allowed(self) -> int:
        """The number of threads that may be busy."""
        return self.limit + min(self.away, MAX_AWAY) if self.limit > 1 else 1

    def submit(
        self, call: Callable[..., Any], argument: Any, alone: bool = False, context: contextvars.Context | None = None
    ) -> None:
        """Run `call(argument)` in a thread. Raises RuntimeError if the pool has no thread and cannot start one.

        `call` must not raise. It returns None, or a function for the thread to call between two jobs: after it has
        taken its next job from the queue, but before it runs that job. If no job is queued, the thread first counts
        itself as idle or ended, and then calls the function.

        alone: True if the caller has no other job to submit, and will wait for this job.

        context: the context in which `call` runs; None for the thread's own context.
        """
        front = None
        with self._mutex:
            self._jobs.append((call, argument, context))
            if not self._waking:
                idle = self._idle
                if alone and idle and idle[0] is self._front and self._threads - len(idle) < self.limit:
                    self._waking = True
                    front = idle.pop(0)
                else:
                    if alone and not self._front_made:
                        self._front, self._front_made = new_gate(), True
                    try:
                        self._wake()
                    except RuntimeError:
                        self._jobs.pop()
                        raise
        if front is not None:
            front.release()

    def withdraw(self, call: Callable[..., Any], argument: Any, context: contextvars.Context | None = None) -> bool:
        """Remove a queued job. Return False if a thread has already begun it."""
        with self._mutex:
            try:
                self._jobs.remove((call, argument, context))
            except ValueError:
                return False
            return True

    def _wake(self) -> None:
        """Wake or start a thread for a queued job, if one more thread may be busy. Call it under the mutex."""
        idle = self._idle
        if self._threads - len(idle) >= self._allowed:
            return
        if idle:
            self._waking = True
            idle.pop().release()
            return
        self.started += 1
        name = f"{self._name}-{self.started}"
        thread = threading.Thread(target=self._work, args=(self._mutex,), name=name, daemon=True)
        self._waking = True
        self._threads += 1
        try:
            # Since Python 3.14, a thread may inherit the context of the request that starts it.
            contextvars.Context().run(thread.start)
        except RuntimeError:
            self._waking = False
            self._threads -= 1
            self.started -= 1
            if not self._threads:
                raise

    def _work(self, mutex: threading.Lock) -> None:
        lock = threading.Lock()
        lock.acquire()
        woken = True
        last: Callable[[], object] | None = None
        while True:
            with mutex:
                if woken:
                    self._waking = woken = False
                if self._jobs and self._threads - len(self._idle) <= self.limit + self.away:
                    call, argument, context = self._jobs.popleft()
                    if self._jobs and not self._waking:
                        self._wake()
                elif self._leaving or self._abandoned:
                    self._leaving = max(0, self._leaving - 1)
                    self._end()
                    break
                else:
                    call = None
                    gate, timeout = self._rest(lock)
            if last is not None:
                last()
                last = None
            if call is not None:
                try:
                    last = call(argument) if context is None else context.run(call, argument)
                except BaseException:  # the job has raised, which is not allowed: end this thread
                    with mutex:
                        self._end()
                    raise
                del call, argument, context  # otherwise a waiting thread would keep its last request alive
                continue
            while not (woken := gate.acquire(timeout=timeout)):
                with mutex:
                    if gate in self._idle and (self._threads > self.limit or self._abandoned):
                        self._idle.remove(gate)
                        self._end()
                        return
                    timeout = IDLE_SECONDS
                    self._collect_soon()
        if last is not None:
            last()

    def _rest(self, lock: threading.Lock) -> tuple[threading.Lock | EventGate, float]:
        """Count this thread as idle. Return the gate at which to wait, and the timeout. Call it under the mutex."""
        idle, front = self._idle, self._front
        surplus = self._threads > self.limit
        if front is None or surplus or (idle and idle[0] is front):
            idle.append(lock)
            return lock, STAND_IN_SECONDS if surplus else IDLE_SECONDS
        idle.insert(0, front)
        return front, -1 if self._ended is None else IDLE_SECONDS

    def _end(self) -> None:
        """Prepare the end of this thread. Call it under the mutex."""
        if self._threads > self.limit:
            self._ended = threading.current_thread()
        self._threads -= 1
        self._collect_soon()
        if self._jobs and not self._waking:
            self._wake()
        front = self._front
        if front is not None and self._abandoned:
            front.release()  # abandon() lets one thread through; each thread that ends lets the next one through
        elif self._ended is not None and not self._waking and self._idle and self._idle[0] is front:
            self._waking = True
            self._idle.pop(0).release()  # the thread at the front gate has no timeout: wake it to collect garbage
        if not self._threads:
            self._front, self._front_made = None, False

    def _collect_soon(self) -> None:
        """Queue a garbage collection to free the thread-locals of ended stand-ins. Call it under the mutex.

        Django's database connections are in reference cycles, so only a garbage collection frees them. One collection
        serves all stand-ins that end within IDLE_SECONDS.
        """
        due = self._threads <= self.limit and monotonic() - self._collected >= IDLE_SECONDS
        if self._ended is not None and due and gc.isenabled():
            self._jobs.append((_collect, self._ended, None))
            self._ended, self._collected = None, monotonic()
            if not self._waking:
                self._wake()

    def leave(self) -> None:
        """Record that the calling thread is about to wait for a client. If the limit is above 1, a stand-in may run.

        Call it in a job, and call come_back() after the wait.
        """
        with self._mutex:
            self.away += 1
            if self._jobs and not self._waking:
                self._wake()

    def come_back(self) -> None:
        """Record that the wait is over. Call it from the thread that called leave()."""
        with self._mutex:
            self.away -= 1

    def close(self) -> None:
        """Stop the threads when no jobs are left. Does not block. Later jobs start new threads."""
        with self._mutex:
            self._leaving = self._threads
            for gate in self._idle:
                gate.release()
            self._idle.clear()

    def abandon(self) -> None:
        """Stop all threads permanently. Takes no lock: a finalizer calls this, and may interrupt the lock's holder."""
        self._abandoned = True
        front = self._front
        if front is not None:
            front.release()  # for a thread that read _abandoned before it was set, and is about to wait at the gate
        with suppress(IndexError):
            while True:
                self._idle.pop().release()


def _collect(ended: threading.Thread) -> None:
    """Free the objects that only thread-locals of an ended thread referenced, including reference cycles."""
    ended.join()
    gc.collect()
