"""Run async views of WSGI frameworks (Flask, Django) on the server's loop. asgiref would start a new loop per call.

Knows where asgiref looks for a loop: in `SyncToAsync.threadlocal`, which asgiref sets in its own threads. Does nothing
if asgiref is not installed or has changed. It must not know anything about a request.
"""

from __future__ import annotations

import asyncio
import importlib
import os
from functools import cache
from typing import Any

TASKS = "task_context"  # the tasks that async_to_sync() has created in this thread


@cache
def _threadlocal() -> Any:
    try:
        return getattr(importlib.import_module("asgiref.sync").SyncToAsync, "threadlocal", None)
    except (ImportError, AttributeError):
        return None


def lend_loop(loop: asyncio.AbstractEventLoop | None) -> dict[str, Any] | None:
    """Make async_to_sync() in this thread use `loop`, which runs in another thread. None restores asgiref's default.

    Returns asgiref's state for this thread; None without asgiref. At the end of its request, the caller sets the item
    TASKS of this state to None.
    """
    local = _threadlocal()
    if local is None:
        return None
    kept: dict[str, Any] = local.__dict__
    if kept.get("main_event_loop") is not loop:
        kept["main_event_loop"] = loop
        kept["main_event_loop_pid"] = os.getpid() if loop is not None else None
        kept[TASKS] = None
    return kept
