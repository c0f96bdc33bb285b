"""A channel from a coroutine to a thread, for the request body of a WSGI application.

Knows the announced length, and how a body ends. It must not know ASGI messages.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from ..errors import ClientDisconnected
from .channels import HIGH_WATER, ToThread, resolve
from .loops import Loop, LoopClosed
from .thread_pool import Workers

OVERFLOW = 4 * HIGH_WATER  # size limit of queued data that the thread does not read, in bytes; more is discarded


class Inbox(ToThread):
    """Blocks of a body from one coroutine to one thread. The queue and the body's length are bounded."""

    def __init__(self, loop: Loop, workers: Workers, length: int | None, start: Callable[[], object]) -> None:
        """length: of the body in bytes, None if unknown.

        start: called on the loop before the thread waits for the first time.
        """
        super().__init__(loop, workers)
        self._missing, self._start = length, start
        self._blocks: deque[bytes] = deque()
        self._ended = self._failed = False
        self.started = False  # the thread has begun to wait for data
        self.begun = False  # the coroutine has queued a block, or has ended the body
        self._lost = False  # part of the body has been discarded
        self._closed_by_writer = False

    def put(self, block: bytes) -> None:
        """Queue the next block. Bytes beyond the announced length are discarded. Call it from the coroutine."""
        with self._mutex:
            self.begun = True
            if self._missing is not None:
                block = block[: self._missing]
                self._missing -= len(block)
                self._ended = not self._missing
            self._lost = self._lost or (self._overflowing and self._size + len(block) > OVERFLOW)
            if block and not self._lost:
                self._blocks.append(block)
                self._size += len(block)
            if block or self._ended:
                self._open()

    @property
    def full(self) -> bool:
        """Return True if the coroutine must wait for room() before it continues."""
        return self._size >= HIGH_WATER

    def overflow(self) -> None:
        """Stop limiting the coroutine: until the thread reads again, room() returns at once.

        put() then discards data beyond OVERFLOW bytes. Call it from the loop.
        """
        with self._mutex:
            self._overflowing = True
            waiters, self._waiters = self._waiters, ()
        for waiter in waiters:
            resolve(waiter)

    def give_up(self) -> None:
        """End the body if no data has arrived yet. Call it from the loop."""
        if not self.begun:
            self.end()

    def forget(self) -> None:
        """Receive no more of the body, because the request has ended. Later reads do not call `start`. Thread-safe."""
        self.close()
        self.started, self._start = True, int

    def end(self) -> None:
        """End the body. Reading then fails if it is shorter than the announced length. Call it from the coroutine."""
        with self._mutex:
            self.begun = self._ended = self._closed_by_writer = True
            self._failed = bool(self._missing)
            self._open()

    def close(self) -> None:
        """Close the channel, because the rest of the body will not arrive. Thread-safe."""
        with self._mutex:
            self._failed = not self._ended or self._failed
            self._ended = True
            self._open()

    @property
    def whole(self) -> bool:
        """Return True if the coroutine has queued the complete body."""
        return self._closed_by_writer or self._missing == 0

    @property
    def over(self) -> bool:
        """Return True if no more blocks will be queued."""
        return self._ended

    def get(self) -> bytes:
        """Return the next block, b"" at the end of the body. Call it from the thread.

        Raises ClientDisconnected if the body is incomplete, and OSError if put() has discarded data.
        """
        while True:
            with self._mutex:
                if self._blocks:
                    block = self._blocks.popleft()
                    self._overflowing = self._lost
                    waiters = self._read(len(block))
                    break
                if self._lost:
                    raise OSError(
                        f"the rest of the body was discarded: the application began its response and then left"
                        f" {OVERFLOW} bytes or more unread for about a second; read the body first, or read faster"
                    )
                if self._failed:
                    raise ClientDisconnected("the client disconnected before the whole body had arrived")
                if self._ended:
                    return b""
                gate = self._shut()
                start, self.started = not self.started, True
            if start:
                try:
                    self._loop.post(self._start)
                except LoopClosed:
                    self.close()
            self._park(gate)
        for waiter in waiters:
            self._notify(waiter)
        return block
