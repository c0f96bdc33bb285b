"""Where a thread meets an event loop: bounded channels of blocks, both ways, over the loop's mailbox (loops.py).

The only module of this package that knows both sides. It must not know WSGI, ASGI or CGI: it moves calls and blocks.
Each wait, and what ends it:

====================  =============================  =================================================================
who waits             for what                       woken by
====================  =============================  =================================================================
a thread, Outbox      room for its next block        the loop's next get(), close(), or the loop found to be closed
a thread, Inbox       the next block of a body       the loop's put(), end(), close(), or the loop found to be closed
a coroutine, Outbox   the thread's next block        the thread's put() or end(), by one post(); or being cancelled
a coroutine, Inbox    room in the read-ahead         the thread's get(), by one post(); or being cancelled
a thread, Desk        blocks, a wish, or the end     the loop's put(), ask(), end(), check(); or close()
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

HIGH_WATER = 256 * 1024  # bytes that may wait in a channel before its writer has to
OVERFLOW = 4 * HIGH_WATER  # bytes that may wait in an Inbox that is not read; what follows is thrown away
LINGER = 1.0  # seconds that an Outbox takes items for a client that may read on, from the first of them
_LOOP_CHECK = 0.5  # seconds between a parked thread's looks at whether its loop is still there

_UNSET: Any = object()


Lent = Sequence[tuple[Token[Any], Any]]


def adopt(context: Context, before: Context) -> Lent:
    """Have the current context see what was set in `context`, where somebody else ran on this request's behalf.

    `before` is what `context` was a copy of: what the caller itself has set since then stays. Returns what undoes it,
    and the values.
    """
    if not context:
        return ()
    return [
        (variable.set(value), value) for variable, value in context.items() if before.get(variable, _UNSET) is not value
    ]


def harmless(error: BaseException) -> Exception:
    """An error in a form that ends neither the thread nor the loop nor the coroutine that it crosses to."""
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
    """What both directions share: one lock for the state, and a gate for each thread that is parked."""

    _gates: tuple[threading.Lock, ...] = ()  # an application may write, or read, from several threads
    _waiter: Future | None = None
    _size = 0  # bytes waiting

    def __init__(self, loop: Loop, workers: Workers | None = None) -> None:
        """`workers`, if the thread is one of theirs: they replace it while it waits here."""
        self._loop, self._workers = loop, workers
        # Reentrant: garbage collection in here may find a coroutine whose loop is gone, which then closes this channel.
        self._mutex = RLock()

    def _shut(self) -> threading.Lock:
        """Under the mutex: a gate for the calling thread to wait at."""
        gate = threading.Lock()
        gate.acquire()
        self._gates += (gate,)
        return gate

    def _open(self) -> None:
        """Under the mutex: let the parked threads go on."""
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
        """Resolve what the coroutine awaits, from a thread."""
        if waiter is not None:
            try:
                self._loop.post(waiter)
            except LoopClosed:
                self.close()

    @abstractmethod
    def close(self) -> None:
        """From anywhere: nobody waits for more."""


class Outbox(_Channel):
    """Items from one thread to one coroutine, bounded by their bytes."""

    _linger_until = 0.0
    taken = 0  # bytes of what the last get() returned, without those of end()

    def __init__(self, loop: Loop, workers: Workers | None = None) -> None:
        self._loop, self._workers, self._mutex = loop, workers, RLock()  # as _Channel's own, which costs another call
        self.closed = False  # the coroutine wants no more
        self._ended = self._draining = self._lingering = False
        self._gates = ()
        self._items: list[Any] = []

    def put(self, item: Any, size: int) -> None:
        """From the thread: hand over an item of `size` bytes; waits while HIGH_WATER or more are waiting.

        Raises ClientDisconnected once the coroutine has closed the channel.
        """
        with self._mutex:
            self._check()
            self._items.append(item)
            self._size += size
            waiter, self._waiter = self._waiter, None
            gate = self._shut() if self._size >= HIGH_WATER else None
        self._notify(waiter)
        if gate is not None:
            self._park(gate)
            self._check()

    def drain(self) -> None:
        """From the thread: wait until the coroutine is done with every item. Raises as put() does."""
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
        """From the thread: these, and no more. Never waits, never raises."""
        with self._mutex:
            if not self.closed:
                self._items += items
            self._ended = True
            waiter, self._waiter = self._waiter, None
        self._notify(waiter)

    @property
    def waiting(self) -> bool:
        """Whether get() would return at once."""
        return bool(self._items) or self._ended

    @property
    def is_ended(self) -> bool:
        """Whether the thread has put its last item."""
        return self._ended

    @property
    def parked(self) -> bool:
        """Whether a thread waits for room."""
        return bool(self._gates)

    async def get(self) -> tuple[list[Any], bool]:
        """From the coroutine, which is done with what it got before: all that waits, and whether it is the last."""
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
        """From the coroutine, before a thread writes: what to await before the first get()."""
        waiter = self._waiter = self._loop.create_future()
        return waiter

    async def ended(self) -> None:
        """From the coroutine: drop everything until there is no more."""
        while not (await self.get())[1]:
            pass

    def is_closed(self) -> bool:
        """Whether the client has left, as far as is known."""
        return self.closed or self._lingering

    def linger(self) -> None:
        """From the coroutine: the client has left, or has only ended its side: close LINGER seconds after an item."""
        self._lingering = True

    def close(self) -> None:
        """From anywhere: drop what waits, and have the thread stop at its next item."""
        with self._mutex:
            self.closed = True
            self._items, self._size = [], 0
            self._open()


class _ToThread(_Channel):
    """What a coroutine writes and a thread reads."""

    _overflowing = False  # nothing need wait for room
    _waiters: Sequence[Future] = ()  # of all that wait for room: an application may send from several tasks

    async def room(self) -> None:
        """From a coroutine: wait while HIGH_WATER or more bytes are waiting to be read."""
        while True:
            with self._mutex:
                if self._size < HIGH_WATER or self._overflowing:
                    return
                waiter = self._loop.create_future()
                self._waiters = [*self._waiters, waiter]
            await waiter

    def _read(self, size: int) -> Sequence[Future]:
        """Under the mutex: the thread has taken `size` bytes; what to resolve, if there is room again."""
        self._size -= size
        if self._size >= HIGH_WATER // 2:
            return ()
        waiters, self._waiters = self._waiters, ()
        return waiters


class Inbox(_ToThread):
    """Blocks of a body from one coroutine to one thread, bounded by their bytes and by the length that was promised."""

    def __init__(self, loop: Loop, workers: Workers, length: int | None, start: Callable[[], object]) -> None:
        """`length` in bytes, None if unknown; `start` is called on the loop once the thread first has to wait."""
        super().__init__(loop, workers)
        self._missing, self._start = length, start
        self._blocks: deque[bytes] = deque()
        self._ended = self._failed = False
        self.started = False  # the thread has had to wait
        self.begun = False  # the coroutine has put a block, or has said that there is none
        self._lost = False  # some of the body has been thrown away

    def put(self, block: bytes) -> None:
        """From the coroutine: one more block; what exceeds the promised length is left out."""
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
        """Whether the coroutine has to await room() before it goes on."""
        return self._size >= HIGH_WATER

    def overflow(self) -> None:
        """From the loop: have put() throw away what exceeds OVERFLOW, and room() not wait, until the thread reads."""
        with self._mutex:
            self._overflowing = True
            waiters, self._waiters = self._waiters, ()
        for waiter in waiters:
            _resolve(waiter)

    def give_up(self) -> None:
        """From the loop: what has not begun by now will not come; there is no body."""
        if not self.begun:
            self.end()

    def forget(self) -> None:
        """From the thread, whose request is over: the rest will not come, and nobody will be called to listen."""
        self.close()
        self.started, self._start = True, int

    def end(self) -> None:
        """From the coroutine: the body is over. It has failed if some of what was promised is missing."""
        with self._mutex:
            self.begun = self._ended = True
            self._failed = bool(self._missing)
            self._open()

    def close(self) -> None:
        """From anywhere: the rest of the body will not come."""
        with self._mutex:
            self._failed = not self._ended or self._failed
            self._ended = True
            self._open()

    @property
    def over(self) -> bool:
        """Whether nothing more will be put."""
        return self._ended

    def get(self) -> bytes:
        """From the thread: the next block, b"" at the end of the body.

        Raises ClientDisconnected where less came than was promised, OSError where some was thrown away.
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
                        f"the rest of the body was thrown away: the application had begun its response, and had left"
                        f" {OVERFLOW} bytes or more unread for about a second; read the body first, or more often"
                    )
                if self._failed:
                    raise ClientDisconnected("the client left before the whole body had come")
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
    """What a thread finds on its Desk."""

    items: list[Any]
    asked: bool  # the coroutine wants something of the thread
    ended: bool  # nothing will follow


class Desk(_ToThread):
    """Items from one coroutine to one thread, bounded by their bytes; the coroutine may also ask the thread."""

    def __init__(
        self, loop: Loop, gone: Callable[[], bool] | None = None, alive: Callable[[], bool] | None = None
    ) -> None:
        """`gone` tells check() whether what the thread waits for is still wanted.

        `alive` tells whether the loop runs, where its end would not close() this: the thread then looks by itself.
        """
        super().__init__(loop)
        self._gone, self._alive = gone, alive
        self.closed = False  # the thread wants no more
        self._items: list[Any] = []
        self._asked = self._ended = False

    def put(self, item: Any, size: int, last: bool = False) -> None:
        """From the loop: hand over an item of `size` bytes, `last` if nothing will follow. Dropped after the end."""
        with self._mutex:
            if not self._ended:
                self._items.append(item)
                self._size += size
                self._ended = last
                self._open()

    @property
    def ended(self) -> bool:
        """Whether what is put now would be dropped."""
        return self._ended

    @property
    def full(self) -> bool:
        """Whether the coroutine has to await room() before it goes on."""
        return self._size >= HIGH_WATER

    def ask(self) -> None:
        """From the loop: have the thread's get() return with `asked`."""
        with self._mutex:
            self._asked = True
            self._open()

    def end(self) -> None:
        """From the loop: nothing will follow."""
        with self._mutex:
            self._ended = True
            self._open()

    def get(self) -> Taken:
        """From the thread: all that there is; waits for something."""
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

    def _look(self, gate: threading.Lock, alive: Callable[[], bool]) -> None:
        """Wait at the gate. A loop is gone if it is found stopped twice: its owner may run it piece by piece."""
        missed = 0
        while not gate.acquire(timeout=_LOOP_CHECK):
            missed = 0 if alive() else missed + 1
            if missed == 2:
                self.close()

    def check(self) -> None:
        """From the loop, now and then: end the wait of the thread if nothing is wanted of it any more."""
        if self._gates and self._gone is not None and self._gone():
            self.close()

    def close(self) -> None:
        """From a thread: no more is wanted. A coroutine that waits for room goes on."""
        with self._mutex:
            self.closed = self._ended = True
            self._items, waiters = [], self._read(self._size)
            self._open()
        for waiter in waiters:
            self._notify(waiter)
