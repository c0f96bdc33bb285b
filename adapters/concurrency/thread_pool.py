"""Threads that run jobs: as many as there is work for, up to a bound, and none for longer than they are needed.

Knows threads, locks and forks. It must not know event loops (crossing.py does), nor what a job is.
"""

from __future__ import annotations

import contextvars
import threading
import weakref
from collections import deque
from collections.abc import Callable
from typing import Any

from . import forks

IDLE_SECONDS = 30.0  # how long a thread without work stays
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
    while there are jobs, somebody is on the way to them, or all threads are busy.
    """

    def __init__(self, limit: int, name: str) -> None:
        if not isinstance(limit, int):
            raise TypeError(f"threads={limit!r}: their number is wanted, e.g. threads=32")
        if limit < 1:
            raise ValueError(f"threads={limit!r}: at least one thread is needed, e.g. threads=32")
        self._limit, self._name = limit, name
        self.forked()
        _all.add(self)

    def forked(self) -> None:
        """Start anew: threads stay in the parent process."""
        self._mutex = threading.Lock()
        self._jobs: deque[tuple[Callable[..., object], Any]] = deque()
        self._idle: list[threading.Lock] = []  # the gates at which threads wait, the last to come on top
        self._waking = False  # a thread has been woken or started, and has not looked for a job yet
        self._threads = self._started = self._away = 0
        self._leaving = 0  # how many threads are to end instead of waiting

    def submit(self, call: Callable[..., object], argument: Any) -> None:
        """Have a thread run `call(argument)`, which must not raise. RuntimeError if not even one thread can be had."""
        with self._mutex:
            self._jobs.append((call, argument))
            if not self._waking:
                try:
                    self._wake()
                except RuntimeError:
                    self._jobs.pop()
                    raise

    def _wake(self) -> None:
        """Under the mutex, with a job waiting: have one more thread look for it, if there may be one more."""
        if self._idle:
            self._waking = True
            self._idle.pop().release()
        elif self._threads < self._limit + (min(self._away, MOST_AWAY) if self._limit > 1 else 0):
            self._started += 1
            name = f"{self._name}-{self._started}"
            thread = threading.Thread(target=self._work, args=(self._mutex,), name=name, daemon=True)
            self._waking = True
            self._threads += 1
            try:
                # From 3.14 on a thread may inherit the context of the request that happened to start it.
                contextvars.Context().run(thread.start)
            except RuntimeError:
                self._waking = False
                self._threads -= 1
                if not self._threads:
                    raise

    def _work(self, mutex: threading.Lock) -> None:
        gate = threading.Lock()
        gate.acquire()
        woken = True
        while True:
            with mutex:
                if woken:
                    self._waking = woken = False
                surplus = self._threads > self._limit + self._away
                if self._jobs and not surplus:
                    call, argument = self._jobs.popleft()
                    if self._jobs and not self._waking:
                        self._wake()
                elif surplus or self._leaving:
                    self._leaving -= bool(self._leaving)
                    self._threads -= 1
                    if self._jobs and not self._waking:
                        self._wake()
                    return
                else:
                    call = None
                    self._idle.append(gate)
            if call is not None:
                try:
                    call(argument)
                except BaseException:  # it must not; if it does, it takes this thread, but not its place
                    with mutex:
                        self._threads -= 1
                        if self._jobs and not self._waking:
                            self._wake()
                    raise
                del call, argument  # while it waits, a thread must not keep its last request alive
                continue
            woken = gate.acquire(timeout=IDLE_SECONDS)
            if not woken:
                with mutex:
                    if gate in self._idle:
                        self._idle.remove(gate)
                        self._threads -= 1
                        return
                gate.acquire()  # woken just now
                woken = True

    def leave(self) -> None:
        """From a thread in its job: it will wait for somebody outside; another may work in its place (if limit > 1)."""
        with self._mutex:
            self._away += 1
            if self._jobs and not self._waking:
                self._wake()

    def come_back(self) -> None:
        """From that thread: the wait is over."""
        with self._mutex:
            self._away -= 1

    def close(self) -> None:
        """Have the threads end, each when it has no job left. Does not wait; later jobs start new threads."""
        with self._mutex:
            self._leaving = self._threads
            for gate in self._idle:
                gate.release()
            self._idle.clear()
