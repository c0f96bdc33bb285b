"""stdout of a CGI program on an event loop: written as the server reads it, and watched for the server's leaving.

Knows descriptors and asyncio. It must not know what is written.
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
    """stdout on the loop. A pipe or socket that is full is waited for.

    Anything else, a file, is written at once: that waits for a disk at most, and without a thread no loop does better.
    """

    def __init__(self, fd: int, flushed: Callable[[], None], gone: Callable[[], None]) -> None:
        """`flushed` is called when all is written, `gone` when nobody will read it any more."""
        self._fd, self._on_flushed, self._on_gone = fd, flushed, gone
        self._loop = asyncio.get_running_loop()
        self._buffer = bytearray()
        self._closed = False
        self._moved = asyncio.Event()
        # A stderr that is the same pipe must go on blocking: others write there, too.
        os.set_blocking(fd, not is_stream(fd) or os.path.sameopenfile(fd, 2))
        if stat.S_ISFIFO(os.fstat(fd).st_mode):
            self._loop.add_reader(fd, gone)  # a pipe that is written has nothing to read, but the reader's end

    @property
    def full(self) -> bool:
        """Whether more should wait for room()."""
        return len(self._buffer) >= HIGH_WATER

    async def room(self) -> None:
        """Wait until less than HIGH_WATER octets wait."""
        while self.full and not self._closed:
            await self._moved.wait()

    async def flushed(self) -> None:
        """Wait until nothing waits."""
        while self._buffer and not self._closed:
            await self._moved.wait()

    def write(self, octets: bytes) -> None:
        """Write what goes, and the rest as the reader reads."""
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
                log.error("the response cannot be written: %s", error)
            self._on_gone()
        else:
            self._loop.remove_writer(self._fd)
            self._on_flushed()
        self._moved.set()
        self._moved = asyncio.Event()

    def close(self) -> None:
        """The end of the response, or of the interest in it."""
        if not self._closed:
            self._closed = True
            self._loop.remove_reader(self._fd)
            self._loop.remove_writer(self._fd)
            os.close(self._fd)
            self._moved.set()
