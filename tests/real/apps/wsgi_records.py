"""Records of the apps of this folder: counts of blocks and hooks, digests of received data.

It must not know frameworks or adapters.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

DOWNLOAD = Path(os.environ.get("DOWNLOAD", __file__))
"""The file that each app gives at /download."""

_BLOCK = 64 * 1024


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Counts:
    """Number of occurrences of each event in this process."""

    def __init__(self) -> None:
        self._counter: Counter[str] = Counter()
        self._mutex = threading.Lock()

    def add(self, what: str, count: int = 1) -> None:
        with self._mutex:
            self._counter[what] += count

    def report(self) -> dict[str, int]:
        with self._mutex:
            return dict(self._counter)


counts = Counts()


def digest(stream: Readable) -> dict[str, Any]:
    """Read to the end, block by block."""
    sha256, length = hashlib.sha256(), 0
    while block := stream.read(_BLOCK):
        sha256.update(block)
        length += len(block)
    return {"length": length, "sha256": sha256.hexdigest()}


class Blocks:
    """The body of /stream: `count` blocks of `size` bytes; endless if `count` is negative.

    Before each block except the first, it waits for `delay` seconds, and for `gate`. It counts started and closed
    streams, requested bytes, and calls on other threads than the app's.
    """

    def __init__(self, count: int, size: int, delay: float, gate: threading.Event | None) -> None:
        self._count, self._block, self._delay, self._gate = count, b"." * (size - 1) + b"\n", delay, gate
        self._thread = threading.get_ident()
        self._begun = False
        counts.add("streams begun")

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        self._check_thread()
        if self._count == 0:
            raise StopIteration
        self._count -= 1
        if self._begun:
            time.sleep(self._delay)
            if self._gate is not None and not self._gate.wait(10):
                raise TimeoutError("nobody opened the gate")
        self._begun = True
        counts.add("bytes streamed", len(self._block))
        return self._block

    def close(self) -> None:
        self._check_thread()
        counts.add("streams closed")

    def _check_thread(self) -> None:
        if threading.get_ident() != self._thread:
            counts.add("calls on a foreign thread")


gates: defaultdict[str, threading.Event] = defaultdict(threading.Event)
"""Gates at which streams wait for the test, by name."""


def blocks(query: Any) -> Blocks:
    """Return the stream of a query with `blocks`, `size`, `delay` and `gate`; the query has a dict's get()."""
    gate = query.get("gate")
    return Blocks(
        int(query.get("blocks") or 3),
        int(query.get("size") or 10),
        float(query.get("delay") or 0),
        gates[gate] if gate else None,
    )
