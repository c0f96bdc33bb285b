"""Delay signals while a process is started. Knows signal handlers. It must not know the process."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def deferred_signals() -> Iterator[None]:
    """Delay the handlers of SIGINT, SIGTERM and SIGHUP until the end of the block.

    In the block, start a process, and store it where other code will end it. Without this, an exception from a handler
    (Ctrl-C) could occur before the process is stored, and leave it running.
    """
    received: list[int] = []
    handlers: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    deferred = {number: handler for number, handler in handlers.items() if callable(handler)}
    for number in deferred:
        signal.signal(number, lambda number, _frame: received.append(number))
    try:
        yield
    finally:
        for number, handler in deferred.items():
            signal.signal(number, handler)
        for number in received:
            signal.raise_signal(number)
