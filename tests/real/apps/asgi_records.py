"""Records of ASGI apps: lines in the file that RECORDS names, each with its process.

It is a file, because a server may run several processes, and because the last lines are written when the process exits.
It must not know frameworks or adapters.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

DOWNLOAD = Path(os.environ.get("DOWNLOAD", __file__))
"""The file that each app gives at /download."""

PERMITTED = Path(os.environ.get("RECORDS", os.devnull) + ".permitted")
"""The file that a test creates when it has received the response of /background."""

_records = os.open(os.environ.get("RECORDS", os.devnull), os.O_WRONLY | os.O_APPEND | os.O_CREAT)


def note(what: str) -> None:
    """Add a line, in one write."""
    os.write(_records, f"{os.getpid()} {what}\n".encode())


class Digest:
    """Length and SHA-256 of data, which is fed in blocks."""

    def __init__(self) -> None:
        self._sha256, self._length = hashlib.sha256(), 0

    def feed(self, block: bytes) -> None:
        """Add a block."""
        self._sha256.update(block)
        self._length += len(block)

    def report(self) -> dict[str, Any]:
        """The result, for JSON."""
        return {"length": self._length, "sha256": self._sha256.hexdigest()}


def digest(block: bytes) -> dict[str, Any]:
    """Return the length and SHA-256 of one block."""
    one = Digest()
    one.feed(block)
    return one.report()


async def blocks(count: int) -> AsyncIterator[bytes]:
    """The body of /stream: numbered lines with short pauses."""
    for number in range(count):
        yield b"block %d\n" % number
        await asyncio.sleep(0.01)


async def breaking() -> AsyncIterator[bytes]:
    """The body of /breaks: a block, then an error."""
    yield b"the first block\n"
    await asyncio.sleep(0.05)
    raise RuntimeError("broken down in mid-stream")


async def events(name: str) -> AsyncIterator[bytes]:
    """The body of /events: endless server-sent events; it records its own end."""
    note(f"{name} events begun")
    number = 0
    try:
        while True:
            yield b"data: %d\n\n" % number
            number += 1
            await asyncio.sleep(0.05)
    finally:
        note(f"{name} events ended")


async def work(name: str) -> None:
    """Do the work of /background when the test permits it, or after ten seconds."""
    for _ in range(1000):
        if PERMITTED.exists():  # noqa: ASYNC240 (another process creates it)
            break
        await asyncio.sleep(0.01)
    note(f"{name} worked")
