"""Forks. Threads do not survive a fork, so a child process must forget its parent's threads.

Knows which callbacks to run in a child process, and how servers start their processes. A fork in C code does not run
Python's hooks, so it is detected by the changed process id. A process that changes to green threads must also forget
its old threads, because an old lock would block all green threads.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from sys import modules
from typing import Any

_forgetting: list[Callable[[], object]] = []


def in_child(forget: Callable[[], object]) -> Callable[[], object]:
    """Register `forget`, a function that is called in each child process before other code of this package."""
    _forgetting.append(forget)
    return forget


def threads_are_green() -> bool:
    """Return True if gevent or eventlet has patched `threading`: new threads are then green."""
    gevent: Any = modules.get("gevent.monkey")
    if gevent is not None and gevent.is_module_patched("threading"):
        return True
    eventlet: Any = modules.get("eventlet.patcher")
    return eventlet is not None and bool(eventlet.is_monkey_patched("thread"))


_pid = os.getpid()
_green = threads_are_green()


def check() -> None:
    """Detect a fork in C code, and a late patch of threads.

    With gunicorn --preload, the app is imported before gevent patches threads.
    """
    if os.getpid() != _pid:
        _forked()
    elif not _green and ("gevent.monkey" in modules or "eventlet.patcher" in modules) and threads_are_green():
        _forked()  # this function runs for each request, so the fast checks come first


def has_siblings() -> bool:
    """Return True if a server has started this process as one of several that may serve the application.

    uvicorn, hypercorn and granian start their workers with multiprocessing. gunicorn forks its workers, and sets
    SERVER_SOFTWARE.
    """
    multiprocessing: Any = modules.get("multiprocessing.process")
    if multiprocessing is not None and multiprocessing.parent_process() is not None:
        return True
    return os.environ.get("SERVER_SOFTWARE", "").startswith("gunicorn")


def _forked() -> None:
    global _pid, _green
    _pid, _green = os.getpid(), threads_are_green()
    for forget in _forgetting:
        forget()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_forked)
