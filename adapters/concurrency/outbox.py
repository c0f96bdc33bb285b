"""A channel from a thread to a coroutine, for the response of a WSGI application to an ASGI server.

Knows when an item is queued, received by the coroutine, and handled. It must not know the meaning of items.
"""

from __future__ import annotations

from _thread import RLock
from collections.abc import Sequence
from time import monotonic
from typing import Any

from ..errors import ClientDisconnected
from .channels import HIGH_WATER, Channel
from .loops import MAX_IN_A_ROW, Future, Loop
from .thread_pool import Workers

LINGER = 1.0  # time in which an Outbox still accepts items although its client may have disconnected, in seconds


class Outbox(Channel):
    """Items from one thread to one coroutine. Their total size is bounded."""

    _linger_until = 0.0
    got_size = 0  # size in bytes of the items that the last get() returned; items passed to end() count as 0
    _in_a_row = 0  # number of times in a row that get() has returned without a wait
    _last: Sequence[Any] = ()  # the items of end(), until take_last() returns them

    def __init__(self, loop: Loop, workers: Workers | None = None) -> None:
        self._loop, self._workers, self._mutex = loop, workers, RLock()  # inlined super().__init__(), to save a call
        self.closed = False  # the coroutine accepts no more items
        self._ended = self._draining = self._lingering = False
        self._gates = ()
        self._items: list[Any] = []
        self._waiter, self._size = None, 0  # also in the class, but CPython 3.11 is slow to read a default of the class

    def put(self, item: Any, size: int) -> None:
        """Queue an item of `size` bytes. Then wait while HIGH_WATER or more bytes are queued. Call it from the thread.

        Raises ClientDisconnected if the channel is closed, or if the time after linger() has passed.
        """
        with self._mutex:
            if self.closed or self._lingering:
                self._check()
            self._items.append(item)
            self._size += size
            waiter, self._waiter = self._waiter, None
            gate = self._shut() if self._size >= HIGH_WATER else None
        if waiter is not None:
            self._notify(waiter)
        if gate is not None:
            self._park(gate)
            self._check()

    def drain(self) -> None:
        """Wait until the coroutine has handled all items. Raises the errors of put(). Call it from the thread."""
        with self._mutex:
            self._check()
            if self._waiter is not None:
                return
            self._draining = True
            gate = self._shut()
        self._park(gate)
        self._check()

    def _check(self) -> None:
        if self.closed or (self._lingering and self._has_lingered()):
            raise ClientDisconnected("the client has disconnected")

    def _has_lingered(self) -> bool:
        if not self._linger_until:
            self._linger_until = monotonic() + LINGER
        return monotonic() > self._linger_until

    def end(self, items: Sequence[Any] = ()) -> None:
        """Queue the last items. Never blocks, never raises. Call it from the thread."""
        with self._mutex:
            if not self.closed:
                self._items += items
                self._last = items
            self._ended = True
            waiter, self._waiter = self._waiter, None
        if waiter is not None:
            self._notify(waiter)

    def take_last(self) -> Sequence[Any]:
        """Return the items of end(). A second call returns none. Call it from the coroutine, after the last get()."""
        last, self._last = self._last, ()
        return last

    @property
    def waiting(self) -> bool:
        """Return True if get() would return immediately."""
        return bool(self._items) or self._ended

    @property
    def is_ended(self) -> bool:
        """Return True if the thread has queued its last item."""
        return self._ended

    @property
    def parked(self) -> bool:
        """Return True if a thread waits for the coroutine to get items."""
        return bool(self._gates)

    def take(self) -> tuple[list[Any], bool] | None:
        """Return the result of get() if the thread has queued its last item, and no thread waits; else None.

        Call it from the coroutine.
        """
        if not self._ended or self._gates:
            return None
        items, self._items = self._items, []
        return items, True

    async def get(self) -> tuple[list[Any], bool]:
        """Return all queued items, and True if no more items will follow. Call it from the coroutine.

        The items that earlier calls returned now count as handled.
        """
        if self._items:
            self._in_a_row += 1
            if self._in_a_row > MAX_IN_A_ROW:
                self._in_a_row = 0
                await self._loop.sleep(0)
        while True:
            with self._mutex:
                items, self.got_size, self._items, self._size = self._items, self._size, [], 0
                if items or self._ended:
                    if not self._draining:
                        self._open()
                    return items, self._ended
                self._draining = False
                self._open()
                waiter = self._waiter = self._loop.create_future()
                self._in_a_row = 0
            await waiter

    def expect(self) -> Future:
        """Return a future to await before the first get(). Call it from the coroutine, before a thread queues items."""
        waiter = self._waiter = self._loop.create_future()
        return waiter

    def expect_more(self) -> Future | None:
        """Return a future to await before the next get(), None if get() would not wait. Call it from the coroutine.

        The task that awaits the future continues in the callback that resolves it. This saves an iteration of the loop.
        """
        with self._mutex:
            if self._items or self._ended:
                return None
            waiter = self._waiter = self._loop.create_waiter()
            return waiter

    async def ended(self) -> None:
        """Discard all items until the thread has ended. Call it from the coroutine."""
        while not (await self.get())[1]:
            pass

    def is_closed(self) -> bool:
        """Return True if the channel is closed, or if linger() was called because the client may have disconnected."""
        return self.closed or self._lingering

    def linger(self) -> None:
        """Let put() raise ClientDisconnected from LINGER seconds after its next call. Nothing is discarded.

        Call it if the client may have disconnected.
        """
        self._lingering = True

    def close(self) -> None:
        """Discard the queued items, and stop the thread at its next item. Thread-safe."""
        with self._mutex:
            self.closed = True
            self._items, self._size = [], 0
            self._open()
