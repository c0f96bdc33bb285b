"""Forks: threads do not survive them, so the child must forget its parent's threads.

Knows which callbacks to run in a child process. A fork that Python does not see (by C code) shows in the process id.
"""

from __future__ import annotations

import os
from collections.abc import Callable

_pid = os.getpid()
_forgetting: list[Callable[[], object]] = []


def in_child(forget: Callable[[], object]) -> Callable[[], object]:
    """Register `forget` to be called in each child process, before any other code of this package runs there."""
    _forgetting.append(forget)
    return forget


def check() -> None:
    """Detect a fork that Python did not see."""
    if os.getpid() != _pid:
        _forked()


def _forked() -> None:
    global _pid  # noqa: PLW0603 - there is one process
    _pid = os.getpid()
    for forget in _forgetting:
        forget()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_forked)
