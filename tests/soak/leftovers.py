"""The resources of this process at several times during a soak, and a check whether they have grown at the end.

Knows processes and Python's allocator. It must not know the work of the soak.
"""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections.abc import Sequence
from typing import NamedTuple

import psutil

MB = 1000 * 1000


class Held(NamedTuple):
    """The resources of a process after a number of requests."""

    requests: int
    seconds: float
    rss: int  # bytes
    blocks: int  # allocated by Python: more exact than `rss`, but without the memory of C libraries
    threads: int
    tasks: int
    descriptors: int


LEEWAY = {"rss": 8 * MB, "blocks": 1000, "threads": 0, "tasks": 0, "descriptors": 0}
"""Accepted growth of each resource. Memory is not freed to the byte, but the other resources are exact counts."""

_began = time.monotonic()
_process = psutil.Process()


def held(requests: int, tasks: int) -> Held:
    """Return the current resources; call it when no request is running."""
    gc.collect()
    return Held(
        requests,
        time.monotonic() - _began,
        _process.memory_info().rss,
        sys.getallocatedblocks(),
        threading.active_count(),
        tasks,
        _process.num_fds(),
    )


def header() -> str:
    return (
        f"{'requests':>10} {'seconds':>8} {'RSS, MB':>8} {'blocks':>8} {'threads':>8} {'tasks':>6} {'descriptors':>12}"
    )


def row(now: Held) -> str:
    return (
        f"{now.requests:>10,} {now.seconds:>8.0f} {now.rss / MB:>8.1f} {now.blocks:>8,}"
        f" {now.threads:>8} {now.tasks:>6} {now.descriptors:>12}"
    )


def grown(first: Held, last: Held) -> list[str]:
    """Return a line for each resource that is larger at the end than at the start."""
    return [
        f"{name} have grown from {before:,} to {after:,}; {leeway:,} more would count as none"
        for name, leeway in LEEWAY.items()
        if (after := getattr(last, name)) > (before := getattr(first, name)) + leeway
    ]


def verdict(rows: Sequence[Held]) -> int:
    """Print the resources that have grown since the first row; return the exit status."""
    lines = grown(rows[0], rows[-1])
    print("\n".join(lines) if lines else "Nothing has grown.", flush=True)
    return 1 if lines else 0
