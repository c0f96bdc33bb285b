"""Bounded channels of blocks between a thread and an event loop, both ways, over the loop's mailbox (loops.py).

Only this module knows both threads and loops. It must not know WSGI, ASGI or CGI: it moves calls and blocks.
The table lists each wait, and the events that end it:

====================  =============================  =================================================================
waiting side          waits for                      woken by
====================  =============================  =================================================================
a thread, Outbox      room for its next block        the loop's next get(), close(), or the loop found to be closed
a thread, Inbox       the next block of a body       the loop's put(), end(), close(), or the loop found to be closed
a coroutine, Outbox   the thread's next block        the thread's put() or end(), by one post(); or being cancelled
a coroutine, Inbox    room in the read-ahead         the thread's get(), by one post(); or being cancelled
a thread, Desk        blocks, a request, or the end  the loop's put(), ask(), end(), check(); or close()
a coroutine, Desk     room for its next block        the thread's get(), by one post(); close(); or being cancelled
====================  =============================  =================================================================
"""

from __future__ import annotations

import threading
from _thread import RLock
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import Context, Token
from time import monotonic
from typing import Any, NamedTuple

from ..errors import ClientDisconnected
from .loops import Future, Loop, LoopClosed
from .thread_pool import Workers

HIGH_WATER = 256 * 1024  # number of queued bytes above which a channel's writer waits
OVERFLOW = 4 * HIGH_WATER  # number of queued bytes above which an unread Inbox discards data
LINGER = 1.0  # time that an Outbox accepts items for a client that may have disconnected, in seconds
_LOOP_CHECK = 0.5  # interval at which a parked thread checks whether its loop still runs, in seconds

_UNSET: Any = object()


Lent = Sequence[tuple[Token[Any], Any]]


def adopt(context: Context, before: Context) -> Lent:
    """Set in the current context the variables that were set in `context`, where other code ran for this request.

    `before` is the context that `context` was copied from: values that the caller itself has set since then stay.
    Returns the tokens that undo this, and the values.
    """
    if not context:
        return ()
    return [
        (variable.set(value), value) for variable, value in context.items() if before.get(variable, _UNSET) is not value
    ]


def harmless(error: BaseException) -> Exception:
    """Return an error in a form that terminates neither the thread nor the loop nor the coroutine that receives it."""
    if isinstance(error, Exception) and not isinstance(error, (StopIteration, StopAsyncIteration)):
        return error
    try:
        text = repr(error)
    except Exception:
        text = type(error).__name__
    wrapped = RuntimeError(f"the application raised {text}")
    wrapped.__cause__ = error
    return wrapped


def _resolve(future: Future) -> None:
    if not future.done():
        future.set_result(None)


class _Channel(ABC):
    """The part that both directions share: one lock for the state, and a gate for each parked thread."""

    _gates: tuple[threading.Lock, ...] = ()  # an application may write, or read, from several threads
    _waiter: Future | None = None
    _size = 0  # bytes waiting

    def __init__(self, loop: Loop, workers: Workers | None = None) -> None:
        """If the thread belongs to `workers`, they replace it while it waits here."""
        self._loop, self._workers = loop, workers
        # Reentrant: garbage collection in here may find a coroutine whose loop is gone, and close this channel.
        self._mutex = RLock()

    def _shut(self) -> threading.Lock:
        """Return a gate for the calling thread to wait at. Call it under the mutex."""
        gate = threading.Lock()
        gate.acquire()
        self._gates += (gate,)
        return gate

    def _open(self) -> None:
        """Let the parked threads continue. Call it under the mutex."""
        if self._gates:
            gates, self._gates = self._gates, ()
            for gate in gates:
                gate.release()

    def _park(self, gate: threading.Lock) -> None:
        if self._workers is not None:
            self._workers.leave()
        while not gate.acquire(timeout=_LOOP_CHECK):
            if self._loop.closed():
                self.close()
        if self._workers is not None:
            self._workers.come_back()

    def _notify(self, waiter: Future | None) -> None:
        """Resolve the future that the coroutine awaits. Call it from a thread."""
        if waiter is not None:
            try:
                self._loop.post(waiter)
            except LoopClosed:
                self.close()

    @abstractmethod
    def close(self) -> None:
        """Close the channel. Thread-safe."""


class Outbox(_Channel):
    """Items from one thread to one coroutine, bounded by their bytes."""

    _linger_until = 0.0
    taken = 0  # bytes that the last get() returned, without those of end()
    _last: Sequence[Any] = ()  # the items of end(), until take_last()

    def __init__(self, loop: Loop, workers: Workers | None = None) -> None:
        self._loop, self._workers, self._mutex = loop, workers, RLock()  # as _Channel's own, which costs another call
        self.closed = False  # the coroutine accepts no more items
        self._ended = self._draining = self._lingering = False
        self._gates = ()
        self._items: list[Any] = []

    def put(self, item: Any, size: int) -> None:
        """Queue an item of `size` bytes; wait while HIGH_WATER or more bytes are queued. Call it from the thread.

        Raises ClientDisconnected once the coroutine has closed the channel.
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
        """Wait until the coroutine is done with every item. Raises as put() does. Call it from the thread."""
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

    def end(self, *items: Any) -> None:
        """Queue these as the last items. Never waits, never raises. Call it from the thread."""
        with self._mutex:
            if not self.closed:
                self._items += items
                self._last = items
            self._ended = True
            waiter, self._waiter = self._waiter, None
        self._notify(waiter)

    def take_last(self) -> Sequence[Any]:
        """Return the items of end(), once. Call it from the coroutine, after the last get()."""
        last, self._last = self._last, ()
        return last

    @property
    def waiting(self) -> bool:
        """Return True if get() would return at once."""
        return bool(self._items) or self._ended

    @property
    def is_ended(self) -> bool:
        """Return True if the thread has put its last item."""
        return self._ended

    @property
    def parked(self) -> bool:
        """Return True if a thread waits for room."""
        return bool(self._gates)

    async def get(self) -> tuple[list[Any], bool]:
        """Return all queued items, and whether they are the last; the previous ones count as done. Call it from the
        coroutine.
        """
        while True:
            with self._mutex:
                items, self.taken, self._items, self._size = self._items, self._size, [], 0
                if items or self._ended:
                    if not self._draining:
                        self._open()
                    return items, self._ended
                self._draining = False
                self._open()
                waiter = self._waiter = self._loop.create_future()
            await waiter

    def expect(self) -> Future:
        """Return the future to await before the first get(). Call it from the coroutine, before a thread writes."""
        waiter = self._waiter = self._loop.create_future()
        return waiter

    async def ended(self) -> None:
        """Drop all items until the thread has ended. Call it from the coroutine."""
        while not (await self.get())[1]:
            pass

    def is_closed(self) -> bool:
        """Return True if the client is known to have disconnected."""
        return self.closed or self._lingering

    def linger(self) -> None:
        """Close LINGER seconds after the next item: the client has disconnected, or only shut down its sending side."""
        self._lingering = True

    def close(self) -> None:
        """Drop the queued items, and stop the thread at its next item. Thread-safe."""
        with self._mutex:
            self.closed = True
            self._items, self._size = [], 0
            self._open()


class _ToThread(_Channel):
    """A channel that a coroutine writes and a thread reads."""

    _overflowing = False  # if True, writers never wait for room
    _waiters: Sequence[Future] = ()  # all that wait for room: an application may send from several tasks

    async def room(self) -> None:
        """Wait while HIGH_WATER or more bytes are queued. Call it from a coroutine."""
        while True:
            with self._mutex:
                if self._size < HIGH_WATER or self._overflowing:
                    return
                waiter = self._loop.create_future()
                self._waiters = [*self._waiters, waiter]
            await waiter

    def _read(self, size: int) -> Sequence[Future]:
        """Count `size` bytes as read. Return the futures to resolve if there is room again. Call it under the mutex."""
        self._size -= size
        if self._size >= HIGH_WATER // 2:
            return ()
        waiters, self._waiters = self._waiters, ()
        return waiters


class Inbox(_ToThread):
    """Blocks of a body from one coroutine to one thread, bounded by their bytes and by the announced length."""

    def __init__(self, loop: Loop, workers: Workers, length: int | None, start: Callable[[], object]) -> None:
        """`length` in bytes, None if unknown; `start` is called on the loop when the thread first has to wait."""
        super().__init__(loop, workers)
        self._missing, self._start = length, start
        self._blocks: deque[bytes] = deque()
        self._ended = self._failed = False
        self.started = False  # the thread has had to wait
        self.begun = False  # the coroutine has put a block, or the end
        self._lost = False  # part of the body has been discarded
        self._closed_by_writer = False

    def put(self, block: bytes) -> None:
        """Queue one more block; bytes beyond the announced length are dropped. Call it from the coroutine."""
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
        """Return True if the coroutine has to await room() before it continues."""
        return self._size >= HIGH_WATER

    def overflow(self) -> None:
        """Until the thread reads, put() discards what exceeds OVERFLOW, and room() does not wait. Call it from the
        loop.
        """
        with self._mutex:
            self._overflowing = True
            waiters, self._waiters = self._waiters, ()
        for waiter in waiters:
            _resolve(waiter)

    def give_up(self) -> None:
        """End the body if it has not begun yet. Call it from the loop."""
        if not self.begun:
            self.end()

    def forget(self) -> None:
        """Drop the rest of the body, because the request is over; `start` is never called. Call it from the thread."""
        self.close()
        self.started, self._start = True, int

    def end(self) -> None:
        """End the body. It has failed if bytes of the announced length are missing. Call it from the coroutine."""
        with self._mutex:
            self.begun = self._ended = self._closed_by_writer = True
            self._failed = bool(self._missing)
            self._open()

    def close(self) -> None:
        """Close the channel: the rest of the body will not arrive. Thread-safe."""
        with self._mutex:
            self._failed = not self._ended or self._failed
            self._ended = True
            self._open()

    @property
    def whole(self) -> bool:
        """Return True if the coroutine has put all of the body."""
        return self._closed_by_writer or self._missing == 0

    @property
    def over(self) -> bool:
        """Return True if no more blocks will be put."""
        return self._ended

    def get(self) -> bytes:
        """Return the next block, b"" at the end of the body. Call it from the thread.

        Raises ClientDisconnected if the body is shorter than announced, OSError if part of it was discarded.
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
                        f"the rest of the body was discarded: the application had begun its response and had left"
                        f" {OVERFLOW} bytes or more unread for about a second; read the body first, or more often"
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


class Taken(NamedTuple):
    """The items that a thread gets from its Desk."""

    items: list[Any]
    asked: bool  # the coroutine has called ask()
    ended: bool  # no more items will follow


class Desk(_ToThread):
    """Items from one coroutine to one thread, bounded by their bytes; the coroutine can also wake the thread with
    ask().
    """

    def __init__(
        self, loop: Loop, gone: Callable[[], bool] | None = None, alive: Callable[[], bool] | None = None
    ) -> None:
        """`gone` tells check() whether the thread still needs what it waits for.

        `alive` tells whether the loop runs; given if the loop's end would not close() this. The thread then checks it.
        """
        super().__init__(loop)
        self._gone, self._alive = gone, alive
        self.closed = False  # the thread accepts no more items
        self._items: list[Any] = []
        self._asked = self._ended = False

    def put(self, item: Any, size: int, last: bool = False) -> None:
        """Queue an item of `size` bytes, `last` if it is the last; drop it after the end. Call it from the loop."""
        with self._mutex:
            if not self._ended:
                self._items.append(item)
                self._size += size
                self._ended = last
                self._open()

    @property
    def ended(self) -> bool:
        """Return True if further items would be dropped."""
        return self._ended

    @property
    def full(self) -> bool:
        """Return True if the coroutine has to await room() before it continues."""
        return self._size >= HIGH_WATER

    def ask(self) -> None:
        """Make the thread's get() return `asked`. Call it from the loop."""
        with self._mutex:
            self._asked = True
            self._open()

    def end(self) -> None:
        """End the channel: no more items will follow. Call it from the loop."""
        with self._mutex:
            self._ended = True
            self._open()

    def get(self) -> Taken:
        """Return all queued items; wait if the queue is empty. Call it from the thread."""
        while True:
            with self._mutex:
                if self._items or self._asked or self._ended:
                    taken = Taken(self._items, self._asked, self._ended)
                    self._items, self._asked = [], False
                    waiters = self._read(self._size)
                    break
                gate = self._shut()
            if self._alive is None:
                gate.acquire()
            else:
                self._look(gate, self._alive)
        for waiter in waiters:
            self._notify(waiter)
        return taken

    def leave(self) -> Taken:
        """Return all queued items without waiting, and drop later ones: another object takes the place of this desk.
        Call it from the loop.
        """
        with self._mutex:
            taken = Taken(self._items, self._asked, self._ended)
            self._items, self._ended = [], True
            waiters = self._read(self._size)
        for waiter in waiters:
            _resolve(waiter)
        return taken

    def _look(self, gate: threading.Lock, alive: Callable[[], bool]) -> None:
        """Wait at the gate. A loop counts as gone if it is found stopped twice: its owner may run it piece by piece."""
        missed = 0
        while not gate.acquire(timeout=_LOOP_CHECK):
            missed = 0 if alive() else missed + 1
            if missed == 2:
                self.close()

    def check(self) -> None:
        """End the thread's wait if its result is no longer needed. Call it from the loop, at intervals."""
        if self._gates and self._gone is not None and self._gone():
            self.close()

    def close(self) -> None:
        """Close the channel. A coroutine that waits for room continues. Call it from a thread."""
        with self._mutex:
            self.closed = self._ended = True
            self._items, waiters = [], self._read(self._size)
            self._open()
        for waiter in waiters:
            self._notify(waiter)
