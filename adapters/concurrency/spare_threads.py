"""Threads for calls that may block for a long time. Each call has a thread to itself; idle threads are reused.

Knows threads and forks. It must not know why a call blocks.
"""

from __future__ import annotations

import contextvars
import queue
import threading
from collections.abc import Callable

from . import forks

IDLE_SECONDS = 10.0  # idle timeout of a thread, in seconds

Call = Callable[[], object]

_mutex = threading.Lock()
_calls: queue.SimpleQueue[Call] = queue.SimpleQueue()
_idle = 0  # number of threads that wait for a call, minus the number of queued calls


@forks.in_child
def _forked() -> None:
    global _mutex, _calls, _idle
    _mutex, _calls, _idle = threading.Lock(), queue.SimpleQueue(), 0


def run(call: Call) -> None:
    """Run `call`, which must not raise, in a spare thread. Raises RuntimeError if no thread can be started."""
    global _idle  # noqa: PLW0603
    with _mutex:
        if _idle:
            _idle -= 1
            _calls.put(call)
            return
    thread = threading.Thread(target=_work, args=(call, _calls), name="asgi-to-wsgi-spare", daemon=True)
    # Since Python 3.14, a thread may inherit the context of the request that starts it.
    contextvars.Context().run(thread.start)


def _work(call: Call, calls: queue.SimpleQueue[Call]) -> None:
    global _idle  # noqa: PLW0603
    while True:
        call()
        del call  # otherwise a waiting thread would keep its last call alive
        with _mutex:
            _idle += 1
        try:
            call = calls.get(timeout=IDLE_SECONDS)
        except queue.Empty:
            with _mutex:
                if _idle:
                    _idle -= 1
                    return
            call = calls.get()  # run() has already reserved this thread, so its call is in the queue
