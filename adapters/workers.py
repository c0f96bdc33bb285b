"""Threads that run jobs: as many as there is work for, up to a bound, and none for longer than they are needed.

Knows threads, a queue and forks. It must not know event loops (crossing.py does), nor what a job is.
"""

from __future__ import annotations

import contextvars
import os
import queue
import threading
from collections.abc import Callable
from typing import Any

IDLE_SECONDS = 30.0  # how long a thread without work stays

generation = 0  # how many forks led to this process: threads do not survive one, so what belongs to them must be remade


def _forked() -> None:
    global generation
    generation += 1


os.register_at_fork(after_in_child=_forked)

Job = tuple[Callable[..., object], Any]  # a callable that does not raise, and its one argument


class Workers:
    """Up to `limit` daemon threads on one queue. A job waits only while all of them are busy.

    Each queued job is claimed at once: by a thread known to be idle, by a new thread, or, at the limit, by the backlog
    that a finishing thread takes from. So no count is ever a guess, and a blocking job cannot strand another behind it.
    """

    def __init__(self, limit: int, name: str) -> None:
        if limit < 1:
            raise ValueError(f"threads={limit!r}: at least one thread is needed, e.g. threads=32")
        self.limit, self._name = limit, name
        self._reset()

    def _reset(self) -> None:
        self._generation = generation
        self._lock = threading.Lock()
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._threads = self._idle = self._backlog = self._started = 0

    def submit(self, call: Callable[..., object], argument: Any) -> None:
        """Have a thread run `call(argument)`. Raises RuntimeError where not even one thread can be started."""
        if self._generation != generation:
            self._reset()
        with self._lock:
            if self._idle:
                self._idle -= 1
            elif self._threads >= self.limit or not self._start():
                self._backlog += 1
            self._jobs.put((call, argument))

    def _start(self) -> bool:
        """Start a thread that has already claimed a job; False where the system gives none but others will do."""
        self._started += 1
        thread = threading.Thread(
            target=self._work, args=(self._jobs,), name=f"{self._name}-{self._started}", daemon=True
        )
        try:
            # From 3.14 on a thread may inherit the context of the request that happened to start it.
            contextvars.Context().run(thread.start)
        except RuntimeError:
            if not self._threads:
                raise
            return False
        self._threads += 1
        return True

    def _work(self, jobs: queue.SimpleQueue[Job | None]) -> None:
        lock = self._lock
        while True:
            try:
                job = jobs.get(timeout=IDLE_SECONDS)
            except queue.Empty:
                with lock:
                    if not self._idle:
                        continue  # claimed just now: the job is on its way
                    self._idle -= 1
                    self._threads -= 1
                    return
            if job is None:
                return
            job[0](job[1])
            del job  # while it waits for the next, a thread must not keep the last request alive
            with lock:
                if self._backlog:
                    self._backlog -= 1
                else:
                    self._idle += 1

    def close(self) -> None:
        """End the idle threads now and the busy ones' idle time soon. Does not wait; new jobs start new threads."""
        if self._generation != generation:
            return self._reset()
        with self._lock:
            while self._idle:
                self._idle -= 1
                self._threads -= 1
                self._jobs.put(None)
