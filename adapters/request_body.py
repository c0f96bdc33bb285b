"""The body of an ASGI request as `wsgi.input` (PEP 3333, "Input and Error Streams").

Knows `receive`, and how much of a body may be where: in memory, in a temporary file, or still with the client. It must
not know the application, nor run on two sides at once: collect() runs on the loop, what it returns is read in a thread.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import IO, Any

from .crossing import HIGH_WATER, Inbox, Loop

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
InThread = Callable[[Callable[[], object]], Awaitable[None]]

SMALL = HIGH_WATER  # bytes of a body that are collected before a thread is taken, so that a stalled upload holds none
_SPOOL_WRITE = 1024 * 1024  # bytes that are collected for one write to the temporary file


class _Raw(io.RawIOBase):
    """What was spooled, then what comes from the loop."""

    def __init__(self, inbox: Inbox, spooled: IO[bytes] | None = None) -> None:
        self._inbox, self._spooled, self._rest = inbox, spooled, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        if self._spooled is not None:
            size: int = self._spooled.readinto(buffer)  # type: ignore[attr-defined]
            if size:
                return size
            self._spooled = None
        if not self._rest:
            self._rest = memoryview(self._inbox.get())
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


class Body:
    """A request's body. Made on the loop; after collect(), `input` is the stream for the application."""

    def __init__(self, loop: Loop, receive: Receive, length: int | None, listen: Callable[[], object]) -> None:
        """`length` in bytes, None if the request does not say; `listen` has the loop receive the rest into the inbox."""
        self._receive, self._length = receive, length
        self.inbox = Inbox(loop, length, listen)
        self.input: Any = None
        self._spooled: IO[bytes] | None = None
        self._failed = self._postponed = False

    def postpone(self) -> None:
        """Receive nothing before the application reads (RFC 9110, 10.1.1: the server sends 100 at the first receive)."""
        self._postponed = True
        self._stream()

    @property
    def postponed(self) -> bool:
        """Whether the application has yet to ask for the body."""
        return self._postponed and not self.inbox.started

    async def collect(self, spool: int, in_thread: InThread) -> int | None:
        """Receive what may be received before the application starts. Returns the body's length where that is known.

        A small body is in memory then. One of unknown length is in a temporary file, up to `spool` bytes of it, since
        many applications (Django, Bottle, Falcon) see no body without CONTENT_LENGTH. Others stream.
        """
        blocks, size, complete = await self._some(SMALL)
        while not complete and self._length is None and size < spool:
            if self._spooled is None:
                self._spooled = tempfile.TemporaryFile(prefix="wsgi-input-")
            await in_thread(partial(self._spooled.writelines, blocks))
            blocks, more, complete = await self._some(_SPOOL_WRITE)
            size += more
        if self._spooled is not None:
            await in_thread(partial(self._spooled.writelines, blocks))
            await in_thread(partial(self._spooled.seek, 0))
            blocks = []
        if complete and not self._failed:
            size = size if self._length is None else min(size, self._length)
            self.input = self._spooled or io.BytesIO(b"".join(blocks)[:size])
            return size
        for block in blocks:
            self.inbox.put(block)
        if complete:
            self.inbox.close()
        self._stream()
        return self._length

    async def _some(self, limit: int) -> tuple[list[bytes], int, bool]:
        """Blocks of at least `limit` bytes together, or all there is: with their size, and whether no more will come."""
        blocks: list[bytes] = []
        size = 0
        while size < limit:
            message = await self._receive()
            if message["type"] != "http.request":
                self._failed = True
                return blocks, size, True
            block = message.get("body", b"")
            if block:
                blocks.append(block)
                size += len(block)
            if not message.get("more_body", False):
                self._failed = self._length is not None and size < self._length
                return blocks, size, True
            if self._length is not None and size >= self._length:
                return blocks, size, True
        return blocks, size, False

    def _stream(self) -> None:
        self.input = io.BufferedReader(_Raw(self.inbox, self._spooled), 64 * 1024)

    def close(self) -> None:
        """Free the temporary file."""
        if self._spooled is not None:
            self._spooled.close()
