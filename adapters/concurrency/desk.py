"""A channel from a coroutine to a thread, for the response of an ASGI application.

The coroutine can also wake the thread without an item, for example to make the thread read the request body. Knows that
the thread may need no more items. It must not know the items' meaning.
"""

from __future__ import annotations

from _thread import RLock
from collections.abc import Callable
from typing import Any

from .channels import HIGH_WATER, LOOP_CHECK, Gate, ToThread, resolve
from .loops import Loop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .gate import EventGate  # not at run time, because a CGI program does not need it

# The result of get(): the items; True if the coroutine has called ask(); True if no more items will follow.
Taken = tuple[list[Any], bool, bool]


def _no_gate() -> None:
    return None


class Desk(ToThread):
    """Items from one coroutine to one thread. Their total size is bounded. ask() wakes the thread without an item."""

    def __init__(
        self,
        loop: Loop,
        gone: Callable[[], bool] | None = None,
        alive: Callable[[], bool] | None = None,
        own_gate: Callable[[], EventGate | None] = _no_gate,
    ) -> None:
        """gone: returns True if the thread needs no more items. check() calls this function.

        alive: returns True if the loop runs. The waiting thread polls this function. None if other code calls close()
        at the end of the loop.

        own_gate: returns the gate of the waiting thread. If it returns None, the thread waits at a new lock.
        """
        self._loop, self._workers, self._mutex = loop, None, RLock()  # inlined super().__init__(), to save a call
        self._gone, self._alive, self._own_gate = gone, alive, own_gate
        self.closed = False  # the thread accepts no more items
        self.ended = False  # further items would be dropped
        self._items: list[Any] = []
        self._asked = False

    def put(self, item: Any, size: int, last: bool = False) -> None:
        """Queue an item of `size` bytes. After the end, discard it. Call it from the loop.

        last: True if no items follow.
        """
        with self._mutex:
            if not self.ended:
                self._items.append(item)
                self._size += size
                self.ended = last
                self._open()

    @property
    def full(self) -> bool:
        """Return True if the coroutine must wait for room() before it continues."""
        return self._size >= HIGH_WATER

    def ask(self) -> None:
        """Wake the thread: get() then returns True as its second value. Call it from the loop."""
        with self._mutex:
            self._asked = True
            self._open()

    def end(self) -> None:
        """End the channel, because no more items follow. Call it from the loop."""
        if self.ended:  # the usual case: put() has queued the last item, and woken the thread
            return
        with self._mutex:
            self.ended = True
            self._open()

    def get(self) -> Taken:
        """Return all queued items. Wait if the queue is empty. Call it from the thread."""
        while True:
            with self._mutex:
                if self._items or self._asked or self.ended:
                    taken = self._items, self._asked, self.ended
                    self._items, self._asked = [], False
                    waiters = self._read(self._size)
                    break
                gate = self._shut(self._own_gate())
            if self._alive is None:
                gate.acquire(timeout=-1)
            else:
                self._look(gate, self._alive)
        for waiter in waiters:
            self._notify(waiter)
        return taken

    def leave(self) -> Taken:
        """Return all queued items without waiting. Call it from the loop.

        Later items are discarded, because another object takes over the response.
        """
        with self._mutex:
            taken = self._items, self._asked, self.ended
            self._items, self.ended = [], True
            waiters = self._read(self._size)
        for waiter in waiters:
            resolve(waiter)
        return taken

    def _look(self, gate: Gate, alive: Callable[[], bool]) -> None:
        """Wait at the gate, and check the loop at intervals.

        The owner of the loop may stop it and run it again. So the loop counts as ended only if two consecutive checks
        find it stopped.
        """
        missed = 0
        while not gate.acquire(timeout=LOOP_CHECK):
            missed = 0 if alive() else missed + 1
            if missed == 2:
                self.close()

    def check(self) -> None:
        """End the thread's wait if the thread needs no more items. Call it from the loop, at intervals."""
        if self._gates and self._gone is not None and self._gone():
            self.close()

    def close(self) -> None:
        """Close the channel. Wake the waiting thread, and the coroutines that wait for room. Thread-safe."""
        with self._mutex:
            self.closed = self.ended = True
            self._items, waiters = [], self._read(self._size)
            self._open()
        for waiter in waiters:
            self._notify(waiter)
