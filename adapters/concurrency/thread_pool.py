"""Threads that run jobs: as many as there is work for, up to a bound; more while some wait for slow clients.

Knows threads, locks and forks. It must not know event loops (channels.py does), nor what a job is.
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

STAND_IN_SECONDS = 1.0  # how long a thread beyond the bound stays without work
IDLE_SECONDS = 30.0  # how often the others look whether there is anything to do; between two collections
MOST_AWAY = 512  # how many threads may wait for clients beyond the bound

_all: weakref.WeakSet[Workers] = weakref.WeakSet()


@forks.in_child
def _forked() -> None:
    for workers in _all:
        workers.forked()  # their threads stayed in the parent


class Workers:
    """Up to `limit` daemon threads that take jobs in order.

    At most one thread is being woken at any time. It wakes the next before its own job if there are jobs left. So short
    jobs that come together are done by one thread, without a switch, and yet a job that blocks holds up no other:
    while there are jobs, a thread is on the way to them, or all threads are busy.

    Threads within the bound stay until close(), because what applications keep in thread-locals (database connections)
    must not be made again and again. Threads that stood in for waiting ones end after STAND_IN_SECONDS without work.
    """

    def __init__(self, limit: int, name: str) -> None:
        if not isinstance(limit, int):
            raise TypeError(f"threads={limit!r}: their number is wanted, e.g. threads=32")
        if limit < 1:
            raise ValueError(f"threads={limit!r}: at least one thread is needed, e.g. threads=32")
        self.limit, self._name = limit, name
        self.forked()
        _all.add(self)

    def forked(self) -> None:
        """Start again without threads: they stayed in the parent process."""
        self._mutex = threading.Lock()
        self._jobs: deque[tuple[Callable[..., Any], Any]] = deque()
        self._idle: list[threading.Lock] = []  # the gates at which threads wait, the last to come on top
        self._waking = False  # a thread has been woken or started, and has not looked for a job yet
        self._threads = 0
        self.started = self.away = 0  # threads started so far; threads in jobs that wait for a client
        self._leaving = 0  # how many threads are to end instead of waiting
        self._abandoned = False  # all are
        self._ended: threading.Thread | None = None  # the last stand-in whose thread-locals may still be there
        self._collected = -IDLE_SECONDS  # when that was last looked for (time.monotonic)

    @property
    def waiting(self) -> int:
        """Jobs that no thread has begun."""
        return len(self._jobs)

    @property
    def idle(self) -> int:
        """Threads without a job."""
        return len(self._idle) + self._waking

    @property
    def busy(self) -> int:
        """Threads with a job."""
        return max(0, self._threads - self.idle)

    def queue_for_new_job(self) -> int:
        """Return how many jobs would have to begin before a thread is free for a new one; below 0, threads are."""
        ahead = self._ahead()
        if ahead >= 0:  # a thread on its way to a job may just have been counted twice
            with self._mutex:
                ahead = self._ahead()
        return ahead

    def _ahead(self) -> int:
        return self.waiting + self.busy - self._allowed

    @property
    def _allowed(self) -> int:
        """How many threads may be busy."""
        return self.limit + min(self.away, MOST_AWAY) if self.limit > 1 else 1

    def submit(self, call: Callable[..., Any], argument: Any) -> None:
        """Have a thread run `call(argument)`, which must not raise. RuntimeError if not even one thread can be had.

        It returns None, or what the thread calls once it counts as idle again, or is about to begin the next job.
        """
        with self._mutex:
            self._jobs.append((call, argument))
            if not self._waking:
                try:
                    self._wake()
                except RuntimeError:
                    self._jobs.pop()
                    raise

    def withdraw(self, call: Callable[..., Any], argument: Any) -> bool:
        """Take a job back; False if a thread has begun it."""
        with self._mutex:
            try:
                self._jobs.remove((call, argument))
            except ValueError:
                return False
            return True

    def _wake(self) -> None:
        """Under the mutex, with a job waiting: have one more thread look for it, if there may be one more."""
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
            # From 3.14 on a thread may inherit the context of the request that happened to start it.
            contextvars.Context().run(thread.start)
        except RuntimeError:
            self._waking = False
            self._threads -= 1
            self.started -= 1
            if not self._threads:
                raise

    def _work(self, mutex: threading.Lock) -> None:
        gate = threading.Lock()
        gate.acquire()
        woken = True
        last: Callable[[], object] | None = None
        while True:
            with mutex:
                if woken:
                    self._waking = woken = False
                if self._jobs and self._threads - len(self._idle) <= self.limit + self.away:
                    call, argument = self._jobs.popleft()
                    if self._jobs and not self._waking:
                        self._wake()
                elif self._leaving or self._abandoned:
                    self._leaving = max(0, self._leaving - 1)
                    self._end()
                    break
                else:
                    call = None
                    self._idle.append(gate)
                    patience = STAND_IN_SECONDS if self._threads > self.limit else IDLE_SECONDS
            if last is not None:
                last()
                last = None
            if call is not None:
                try:
                    last = call(argument)
                except BaseException:  # it must not; if it does, it takes this thread, but not its place
                    with mutex:
                        self._end()
                    raise
                del call, argument  # while it waits, a thread must not keep its last request alive
                continue
            while not (woken := gate.acquire(timeout=patience)):
                with mutex:
                    if gate in self._idle and (self._threads > self.limit or self._abandoned):
                        self._idle.remove(gate)
                        self._end()
                        return
                    patience = IDLE_SECONDS
                    self._collect_soon()
        if last is not None:
            last()

    def _end(self) -> None:
        """Under the mutex: this thread is about to end."""
        if self._threads > self.limit:
            self._ended = threading.current_thread()
        self._threads -= 1
        self._collect_soon()
        if self._jobs and not self._waking:
            self._wake()

    def _collect_soon(self) -> None:
        """Under the mutex: have the thread-locals of stand-ins collected; Django's connections are parts of cycles.

        All stand-ins of a burst are collected together, and bursts that follow each other, too.
        """
        due = self._threads <= self.limit and monotonic() - self._collected >= IDLE_SECONDS
        if self._ended is not None and due and gc.isenabled():
            self._jobs.append((_collect, self._ended))
            self._ended, self._collected = None, monotonic()
            if not self._waking:
                self._wake()

    def leave(self) -> None:
        """From a thread in its job: it will wait for a client; another may work in its place (if limit > 1)."""
        with self._mutex:
            self.away += 1
            if self._jobs and not self._waking:
                self._wake()

    def come_back(self) -> None:
        """From that thread: the wait is over."""
        with self._mutex:
            self.away -= 1

    def close(self) -> None:
        """Have the threads end, each when it has no job left. Does not wait; later jobs start new threads."""
        with self._mutex:
            self._leaving = self._threads
            for gate in self._idle:
                gate.release()
            self._idle.clear()

    def abandon(self) -> None:
        """As close(), from a finalizer: takes no lock, which the interrupted code may hold. For good."""
        self._abandoned = True
        with suppress(IndexError):
            while True:
                self._idle.pop().release()


def _collect(ended: threading.Thread) -> None:
    """Free what only the thread-locals of a thread held, cycles included."""
    ended.join()
    gc.collect()
