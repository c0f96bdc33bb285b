"""The apps of benchmarks/tails.py. The environment variable WITHOUT names the cause of slow responses that is turned
off.

Knows how to turn off each cause in the adapters and in Python. It must not know how responses are measured.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
from typing import Any

from gateways.adapters.concurrency import loops, thread_pool

from .apps import a2wsgi_on_asgi, a2wsgi_on_wsgi, asgi, ours_on_asgi, ours_on_wsgi, wsgi

__all__ = ["a2wsgi_on_asgi", "a2wsgi_on_wsgi", "asgi", "ours_on_asgi", "ours_on_wsgi", "wsgi"]

NEVER = 3600.0  # seconds


def _start_all_threads() -> None:
    workers = ours_on_asgi._terms.workers  # noqa: SLF001 - the pool has no option to start all threads at once
    all_of_them = threading.Barrier(workers.limit + 1)

    def meet(_: object) -> None:
        all_of_them.wait()

    for _ in range(workers.limit):
        workers.submit(meet, None)
    all_of_them.wait()


def _lock_gates() -> None:
    setattr(thread_pool, "new_gate", lambda: None)  # noqa: B010 - replaces a function, as in a test


TURN_OFF: dict[str, Any] = {
    "gc": gc.disable,
    "sweep": lambda: setattr(loops, "LISTEN_AFTER", NEVER),
    "switches": lambda: sys.setswitchinterval(1.0),
    "starts": _start_all_threads,
    "gate": _lock_gates,
}

if os.environ.get("WITHOUT"):
    TURN_OFF[os.environ["WITHOUT"]]()
