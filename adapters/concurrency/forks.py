"""Forks: threads do not survive one, so what belongs to them must be forgotten in the child.

Knows who wants to be told in a child process. A fork that Python does not see (by C code) shows in the process's id.
"""

from __future__ import annotations

import os
from collections.abc import Callable

_pid = os.getpid()
_forgetting: list[Callable[[], object]] = []


def in_child(forget: Callable[[], object]) -> Callable[[], object]:
    """Have `forget` called in each child process, before it runs anything else that is ours."""
    _forgetting.append(forget)
    return forget


def check() -> None:
    """Notice a fork that Python did not see."""
    if os.getpid() != _pid:
        _forked()


def _forked() -> None:
    global _pid  # noqa: PLW0603 - there is one process
    _pid = os.getpid()
    for forget in _forgetting:
        forget()


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_forked)
