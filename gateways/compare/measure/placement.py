"""Choose separate cores for the servers and for the load client. All contenders use the same cores."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateways.compare.machine import Placement

SIBLINGS = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"


def place(cores: list[int], siblings: dict[int, set[int]], workers: int = 1) -> Placement:
    """Return a core for the client, and one for each worker process of a server, if there are enough.

    siblings: for each logical core, the logical cores on the same physical core. If possible, client and server do not
    share a physical core. The client gets the first core, which often handles the interrupts of devices: the client
    measures its own lag, so the record shows such disturbances.
    """
    if len(cores) < 2:
        return Placement(tuple(cores), tuple(cores))
    client, *others = sorted(cores)
    apart = sorted(others, key=lambda core: (core in siblings.get(client, set()), -core))
    return Placement(tuple(sorted(apart[:workers])), (client,))


def here(workers: int = 1) -> Placement:
    """Return the placement on this machine, for servers with that number of worker processes."""
    if not hasattr(os, "sched_getaffinity"):
        return Placement((), ())
    cores = sorted(os.sched_getaffinity(0))
    return place(cores, {core: _siblings(core) for core in cores}, workers)


def _siblings(core: int) -> set[int]:
    try:
        return parse_cores(Path(SIBLINGS.format(core)).read_text(encoding="ascii"))
    except OSError:
        return {core}


def parse_cores(text: str) -> set[int]:
    """Parse a list of cores: `0,4-6` is {0, 4, 5, 6}."""
    found: set[int] = set()
    for part in filter(None, text.strip().split(",")):
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found


@contextmanager
def on(cores: tuple[int, ...]) -> Iterator[None]:
    """Pin this thread, and the processes that it starts, to these cores during the block."""
    if not cores:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
