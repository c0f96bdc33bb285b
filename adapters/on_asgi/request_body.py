"""The body of an ASGI request as `wsgi.input` (PEP 3333, "Input and Error Streams").

Knows `receive`, and how much of a body may be kept in memory, in a temporary file, or unread at the client. It must not
know the application. collect() runs on the loop. A thread reads the stream that collect() returns.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Awaitable, Callable
from functools import partial
from typing import IO, Any, NamedTuple, Protocol, Self

from ..asgi_types import Message, Receive
from ..concurrency.channels import HIGH_WATER
from ..concurrency.inbox import Inbox
from ..concurrency.loops import Loop
from ..concurrency.thread_pool import Workers

InThread = Callable[[Callable[[], object]], Awaitable[None]]

SMALL = HIGH_WATER  # bytes that are received before a thread is used: a stalled upload then occupies no thread
_SPOOL_WRITE = HIGH_WATER  # size of one write to the temporary file, in bytes


class _Raw(io.RawIOBase):
    """Reads the spooled part of a body, then the blocks from the loop."""

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


class BodyOpener(Protocol):
    """A request that can start to receive its body."""

    def open_body(self) -> IO[bytes]: ...


class Unannounced(io.BytesIO):
    """`wsgi.input` of a request whose headers announce no body. Only a read checks whether a body arrives.

    The first read calls `request.open_body()`. If `request` is None, the body is empty.
    """

    request: BodyOpener | None = None
    _body: IO[bytes] | None = None

    def _open(self) -> IO[bytes]:
        if self._body is None:
            request, self.request = self.request, None
            self._body = io.BytesIO() if request is None else request.open_body()
        return self._body

    def read(self, size: int | None = -1, /) -> bytes:
        return self._open().read(-1 if size is None else size)

    def read1(self, size: int | None = -1, /) -> bytes:
        return self._open().read1(-1 if size is None else size)  # type: ignore[attr-defined, no-any-return]

    def readinto(self, buffer: Any, /) -> int:
        return self._open().readinto(buffer)  # type: ignore[attr-defined, no-any-return]

    def readline(self, size: int | None = -1, /) -> bytes:
        return self._open().readline(-1 if size is None else size)

    def readlines(self, hint: int | None = -1, /) -> list[bytes]:
        return self._open().readlines(-1 if hint is None else hint)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        return next(self._open())


class Body:
    """A request body that the first message does not complete, or of which no message has been received yet."""

    def __init__(
        self, loop: Loop, workers: Workers, receive: Receive, length: int | None, listen: Callable[[], object]
    ) -> None:
        """length: in bytes, None if unknown. listen: called on the loop to start receiving the rest of the body."""
        self._receive, self._length = receive, length
        self.inbox = Inbox(loop, workers, length, listen)
        self._spooled: IO[bytes] | None = None
        self._postponed = False
        self.collected = False  # collect() has received the whole body
        self._refused = False  # the body was postponed and never read
        self.left = False  # the client has disconnected while collect() received the body

    def postponed(self) -> io.BufferedReader:
        """Return a stream that calls receive() only when it is read. The first receive() makes the server send 100
        Continue (RFC 9110, 10.1.1).
        """
        self._postponed = True
        return self.stream()

    @property
    def arrives(self) -> bool:
        """Return True if the client is still sending the body."""
        return self.asked_for and not self._refused and not self.collected and not self.inbox.whole

    @property
    def asked_for(self) -> bool:
        """Return True if the adapter may call receive().

        If the client waits for 100 Continue, this is False until the application reads from the body.
        """
        return not self._postponed or self.inbox.started

    async def collect(self, first: Message, spool: int, in_thread: InThread) -> tuple[IO[bytes], int | None]:
        """Receive as much as possible before the application starts. Return a stream, and the body's length if known.

        A small body is received completely, in memory. If the length is unknown, up to `spool` bytes are received into
        a temporary file, because many applications (Django, Bottle, Falcon) ignore a body without CONTENT_LENGTH. In
        all other cases, the rest is received while the application reads.
        """
        try:
            return await self._collect(first, spool, in_thread)
        except BaseException:
            self.close()
            raise

    async def _collect(self, first: Message, spool: int, in_thread: InThread) -> tuple[IO[bytes], int | None]:
        chunk = await self._some(first, SMALL if spool or self._length is not None else 0)
        size = chunk.size
        while chunk.end is None and self._length is None and size < spool:
            if self._spooled is None:
                self._spooled = tempfile.TemporaryFile(prefix="wsgi-input-")  # noqa: SIM115 - see close()
            await in_thread(partial(self._spooled.writelines, chunk.blocks))
            chunk = await self._some(await self._receive(), _SPOOL_WRITE)
            size += chunk.size
        if self._spooled is not None:
            await in_thread(partial(_rewind, self._spooled, chunk.blocks))
            chunk = chunk._replace(blocks=[])
        self.collected = chunk.end is not None
        if chunk.end and size >= (self._length or 0):
            size = size if self._length is None else self._length
            return self._spooled or io.BytesIO(b"".join(chunk.blocks)[:size]), size
        for block in chunk.blocks:
            self.inbox.put(block)
        if chunk.end is not None:
            self.left = not chunk.end
            self.inbox.close()
        return self.stream(), self._length

    async def _some(self, message: Message, limit: int) -> _Chunk:
        """Return the data of `message` and of the next messages, up to `limit` bytes or the end of the body."""
        blocks: list[bytes] = []
        size = 0
        while message["type"] == "http.request":
            block = message.get("body", b"")
            if block:
                blocks.append(block)
                size += len(block)
            if not message.get("more_body", False) or (self._length is not None and size >= self._length):
                return _Chunk(blocks, size, True)
            if size >= limit:
                return _Chunk(blocks, size, None)
            message = await self._receive()
        return _Chunk(blocks, size, False)

    def stream(self) -> io.BufferedReader:
        """Return a stream that reads the collected data, then the inbox."""
        return io.BufferedReader(_Raw(self.inbox, self._spooled), 64 * 1024)

    def close(self) -> None:
        """Delete the temporary file at the end of the request, and receive no more of the body."""
        self._refused = not self.asked_for
        self.inbox.forget()
        if self._spooled is not None:
            self._spooled.close()


class _Chunk(NamedTuple):
    blocks: list[bytes]
    size: int
    end: bool | None  # True: the body is complete; False: the client has disconnected; None: more data follows


def _rewind(file: IO[bytes], blocks: list[bytes]) -> None:
    file.writelines(blocks)
    file.seek(0)
