"""Async views of WSGI frameworks (Flask, Django) on the server's own loop, where asgiref would start one for each call.

Knows where asgiref looks for a loop: `SyncToAsync.threadlocal`, which it sets itself in its own threads. Does nothing
if asgiref is not installed or has changed. It must not know anything about a request.
"""

from __future__ import annotations

import asyncio
import importlib
import os
from functools import cache
from typing import Any


@cache
def _threadlocal() -> Any:
    try:
        return getattr(importlib.import_module("asgiref.sync").SyncToAsync, "threadlocal", None)
    except (ImportError, AttributeError):
        return None


def lend_loop(loop: asyncio.AbstractEventLoop | None) -> None:
    """Make async_to_sync() in this thread use `loop`, which runs in another thread; None restores asgiref's default."""
    local = _threadlocal()
    if local is not None and local.__dict__.get("main_event_loop") is not loop:
        local.main_event_loop = loop
        local.main_event_loop_pid = os.getpid() if loop is not None else None
        local.task_context = None


def forget_tasks() -> None:
    """Release the tasks that async_to_sync() created in this thread."""
    local = _threadlocal()
    if local is not None and local.__dict__.get("task_context"):
        local.task_context = None
