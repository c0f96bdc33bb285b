"""stdout of a CGI program on an event loop. It is written at the server's pace, and watched for a disconnect.

Knows descriptors and asyncio. It must not know the content.
"""

from __future__ import annotations

import asyncio
import logging
import os
import stat
from collections.abc import Callable

from ..concurrency.channels import HIGH_WATER
from .request import is_stream

log = logging.getLogger("gateways.asgi")


class Stdout:
    """stdout on the loop. If a pipe or socket is full, the rest is written later, because the loop must not block.

    If stdout is a file, each write may block until the disk has written. A loop without threads cannot avoid that.
    """

    def __init__(self, fd: int, flushed: Callable[[], None], gone: Callable[[], None]) -> None:
        """`flushed` is called when all data is written.

        `gone` is called when the reader has closed its end, or a write fails.
        """
        self._fd, self._on_flushed, self._on_gone = fd, flushed, gone
        self._loop = asyncio.get_running_loop()
        self._buffer = bytearray()
        self._closed = False
        self._moved = asyncio.Event()
        # If stderr is the same pipe, it must stay blocking, because other code writes to stderr.
        os.set_blocking(fd, not is_stream(fd) or os.path.sameopenfile(fd, 2))
        if stat.S_ISFIFO(os.fstat(fd).st_mode):
            self._loop.add_reader(fd, gone)  # the write end of a pipe becomes readable when the reader closes its end

    @property
    def full(self) -> bool:
        """Return True if the writer should wait for room()."""
        return len(self._buffer) >= HIGH_WATER

    async def room(self) -> None:
        """Wait until fewer than HIGH_WATER bytes are queued."""
        while self.full and not self._closed:
            await self._moved.wait()

    async def flushed(self) -> None:
        """Wait until all data is written."""
        while self._buffer and not self._closed:
            await self._moved.wait()

    def write(self, octets: bytes) -> None:
        """Write as much as possible now. Write the rest when the reader has read some data."""
        self._buffer += octets
        if len(self._buffer) == len(octets):
            self._flush()

    def _flush(self) -> None:
        try:
            while self._buffer:
                del self._buffer[: os.write(self._fd, self._buffer)]
        except BlockingIOError:
            self._loop.add_writer(self._fd, self._flush)
        except OSError as error:
            if not isinstance(error, ConnectionError):
                log.error("cannot write the response: %s", error)
            self._on_gone()
        else:
            self._loop.remove_writer(self._fd)
            self._on_flushed()
        self._moved.set()
        self._moved = asyncio.Event()

    def close(self) -> None:
        """Close stdout: the response has ended, or the client has disconnected."""
        if not self._closed:
            self._closed = True
            self._loop.remove_reader(self._fd)
            self._loop.remove_writer(self._fd)
            os.close(self._fd)
            self._moved.set()
