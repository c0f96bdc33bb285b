"""Measure the resources of a server's process tree: memory, threads, processes, context switches. Knows psutil and
/proc.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from gateways.compare.machine import Resources

EVERY = 0.25
"""Sampling interval under load, in seconds. Sampling uses CPU time of the client's core."""


def tree(root: int) -> list[psutil.Process]:
    """Return the process and all running descendants."""
    try:
        process = psutil.Process(root)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def taken_by(root: int) -> Resources:
    """Return the current resources of the tree."""
    memory = resident = threads = processes = switches = 0
    for process in tree(root):
        try:
            own = _anonymous(process)
            resident += process.memory_info().rss
            threads += process.num_threads()
            switches += _switches(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, FileNotFoundError, ProcessLookupError):
            continue  # the process has exited
        memory += own
        processes += 1
    return Resources(memory, resident, threads, processes, switches)


def _anonymous(process: psutil.Process) -> int:
    if not psutil.LINUX:
        return int(process.memory_full_info().uss)
    for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
        name, _, value = line.partition(":")
        if name == "Pss_Anon":
            return int(value.split()[0]) * 1024
    return int(process.memory_full_info().uss)


def _switches(process: psutil.Process) -> int:
    """Return the number of context switches of all current threads."""
    if not psutil.LINUX:
        return sum(process.num_ctx_switches())
    total = 0
    for status in Path(f"/proc/{process.pid}/task").glob("*/status"):
        for line in status.read_text(encoding="ascii", errors="replace").splitlines()[-2:]:
            total += int(line.rpartition(":")[2])
    return total


class Peak:
    """The maximum of each resource so far."""

    def __init__(self) -> None:
        self.most = Resources()


@contextmanager
def watched(root: int) -> Iterator[Peak]:
    """Sample the resources in a thread during the block; yield their maximum."""
    peak, over = Peak(), threading.Event()

    def look() -> None:
        while True:
            started = time.monotonic()
            peak.most = peak.most.most(taken_by(root))
            # Sampling uses at most a tenth of the time.
            if over.wait(max(EVERY, 10 * (time.monotonic() - started))):
                return

    thread = threading.Thread(target=look, name="gateways-resources", daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()
