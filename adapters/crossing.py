"""Where a thread meets an event loop: a mailbox per loop, and bounded channels of blocks in both directions.

The only module of this package that knows both sides. It must not know WSGI, ASGI or CGI: it moves calls and blocks.
Each wait, and what ends it:

====================  =============================  =================================================================
who waits             for what                       woken by
====================  =============================  =================================================================
a thread, Outbox      room for its next block        the loop's next get(), close(), or the loop found to be closed
a thread, Inbox       the next block of a body       the loop's put(), end(), close(), or the loop found to be closed
a coroutine, Outbox   the thread's next block        the thread's put() or end(), by one post(); or being cancelled
a coroutine, Inbox    room in the read-ahead         the thread's get(), by one post(); or being cancelled
a thread, Desk        blocks, a wish, or the end     the loop's put(), ask(), end(); close(); or the loop being closed
a coroutine, Desk     room for its next block        the thread's get(), by one post(); close(); or being cancelled
====================  =============================  =================================================================
"""

from __future__ import annotations

import asyncio
import sys
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import Context, copy_context
from functools import partial
from typing import Any, NamedTuple, Protocol, cast

from .disconnected import ClientDisconnected as ClientDisconnected  # noqa: PLC0414 (handed on)
from .workers import Workers

HIGH_WATER = 256 * 1024  # bytes that may wait in a channel before its writer has to
LISTEN_AFTER = 0.05  # seconds until a request that is still running is worth watching for a client that leaves
_LOOP_CHECK = 0.5  # seconds between a parked thread's looks at whether its loop, or its client, is still there

Main = Callable[[], Coroutine[Any, Any, None]]


class LoopClosed(RuntimeError):
    """The event loop has ended: nothing that is posted to it will run."""


class Future(Protocol):
    """What a coroutine awaits and its loop resolves: asyncio's future, or its like on trio."""

    def done(self) -> bool: ...
    def set_result(self, result: None, /) -> None: ...
    def __await__(self) -> Any: ...


class Task(NamedTuple):
    """A task that runs beside the one that spawned it."""

    cancel: Callable[[], object]
    ended: Callable[[], Awaitable[object]]  # waits until it has


class Calls(NamedTuple):
    """What a kind of event loop must offer."""

    wake: Callable[[Callable[[], None]], object]  # from any thread: run this on the loop soon; RuntimeError if it ended
    closed: Callable[[], bool]
    create_future: Callable[[], Future]
    call_later: Callable[[float, Callable[[], None]], object]
    spawn: Callable[[Main], Task]


class Loop:
    """An event loop as the threads see it: a mailbox. And a sweep, as its own coroutines see it: attend().

    The mailbox costs one wake-up for everything posted since the loop last looked. Nothing is lost in either order: a
    thread appends, then reads the flag; the loop clears the flag, then empties the box.
    """

    def __init__(self, calls: Calls, asyncio_loop: asyncio.AbstractEventLoop | None) -> None:
        self.asyncio_loop = asyncio_loop
        self.wake, self.closed, self.create_future, self.call_later, self.spawn = calls
        self._box: deque[Callable[[], object]] = deque()
        self._posted = False
        self._attended: dict[Callable[[], object], int] = {}
        self._tick = 0
        self._sweeping = False

    def post(self, call: Callable[[], object]) -> None:
        """Have `call`, which must not raise, run on the loop, in order. From any thread; raises LoopClosed."""
        self._box.append(call)
        if not self._posted:
            self._posted = True
            try:
                self.wake(self._drain)
            except RuntimeError:
                self._posted = False
                self._box.clear()
                raise LoopClosed("the event loop has ended") from None

    def _drain(self) -> None:
        self._posted = False
        box = self._box
        while box:
            box.popleft()()

    def attend(self, call: Callable[[], object]) -> None:
        """Have `call` run on the loop in one to two LISTEN_AFTER unless leave() comes first. On the loop's thread only.

        One timer serves all of the loop's requests: one that is over at once pays for no timer of its own.
        """
        self._attended[call] = self._tick
        if not self._sweeping:
            self._sweeping = True
            self.call_later(LISTEN_AFTER, self._sweep)

    def leave(self, call: Callable[[], object]) -> None:
        """Undo attend(), if it has not run yet. On the loop's thread only."""
        self._attended.pop(call, None)

    def _sweep(self) -> None:
        due = [call for call, tick in self._attended.items() if tick < self._tick]
        self._tick += 1
        for call in due:
            del self._attended[call]
            call()
        self._sweeping = bool(self._attended)
        if self._sweeping:
            self.call_later(LISTEN_AFTER, self._sweep)


def asyncio_loop(loop: asyncio.AbstractEventLoop) -> Loop:
    """An asyncio event loop as Loop."""

    def spawn(main: Main) -> Task:
        task = loop.create_task(main())
        return Task(task.cancel, partial(asyncio.wait, [task]))

    calls = Calls(loop.call_soon_threadsafe, loop.is_closed, loop.create_future, loop.call_later, spawn)
    return Loop(calls, loop)


class _TrioFuture:
    """As much of a future as one waiting task needs."""

    def __init__(self, trio: Any) -> None:
        self._trio, self._task, self._done = trio, None, False

    def done(self) -> bool:
        return self._done

    def set_result(self, result: None, /) -> None:
        self._done = True
        if self._task is not None:
            self._trio.lowlevel.reschedule(self._task)

    def _cancelled(self, raise_cancel: object) -> Any:
        self._task, self._done = None, True
        return self._trio.lowlevel.Abort.SUCCEEDED

    def __await__(self) -> Any:
        if not self._done:
            self._task = self._trio.lowlevel.current_task()
            yield from self._trio.lowlevel.wait_task_rescheduled(self._cancelled).__await__()


def _trio_loop(token: Any) -> Loop:
    trio: Any = sys.modules["trio"]

    def call_later(seconds: float, call: Callable[[], None]) -> None:
        async def wait() -> None:
            await trio.sleep(seconds)
            call()

        trio.lowlevel.spawn_system_task(wait)

    def spawn(main: Main) -> Task:
        scope, over = trio.CancelScope(), trio.Event()

        async def run() -> None:
            with scope:
                await main()
            over.set()

        trio.lowlevel.spawn_system_task(run, context=copy_context())
        return Task(scope.cancel, over.wait)

    def closed() -> bool:
        try:
            token.run_sync_soon(int)  # any call will do: the token alone knows
        except trio.RunFinishedError:
            return True
        return False

    return Loop(Calls(token.run_sync_soon, closed, partial(_TrioFuture, trio), call_later, spawn), None)


_here = threading.local()


def running_loop() -> Loop:
    """The loop that the caller runs on: asyncio's (uvloop's, any other), else trio's. RuntimeError outside of both."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        if "trio" not in sys.modules:
            raise
        return _known(sys.modules["trio"].lowlevel.current_trio_token(), _trio_loop)
    try:
        if _here.key is loop:
            return cast(Loop, _here.loop)
    except AttributeError:
        pass
    return _known(loop, asyncio_loop)


def _known(key: Any, make: Callable[[Any], Loop]) -> Loop:
    if getattr(_here, "key", None) is not key:
        _here.loop, _here.key = make(key), key
    return cast(Loop, _here.loop)


_UNSET: Any = object()


def adopt(context: Context) -> None:
    """Have the current context see what was set in `context`, where somebody else ran on this request's behalf."""
    for variable, value in context.items():
        if variable.get(_UNSET) is not value:
            variable.set(value)


def _resolve(future: Future) -> None:
    if not future.done():
        future.set_result(None)


class _Channel(ABC):
    """What both directions share: one lock for the state, one gate at a time for the thread that is parked."""

    def __init__(self, loop: Loop, workers: Workers | None = None) -> None:
        """`workers`, if the thread is one of theirs: they replace it while it waits here."""
        self._loop, self._workers = loop, workers
        self._mutex = threading.Lock()
        self._gate: threading.Lock | None = None
        self._waiter: Future | None = None
        self._size = 0  # bytes waiting

    def _shut(self) -> threading.Lock:
        """Under the mutex: a gate for the calling thread to wait at."""
        gate = self._gate = threading.Lock()
        gate.acquire()
        return gate

    def _open(self) -> None:
        """Under the mutex: let the parked thread go on, if one is."""
        if self._gate is not None:
            self._gate.release()
            self._gate = None

    def _park(self, gate: threading.Lock, gone: Callable[[], bool] | None = None) -> None:
        if self._workers is not None:
            self._workers.leave()
        while not gate.acquire(timeout=_LOOP_CHECK):
            if self._loop.closed() or (gone is not None and gone()):
                self.close()
        if self._workers is not None:
            self._workers.come_back()

    def _notify(self, waiter: Future | None) -> None:
        """Resolve what the coroutine awaits, from a thread."""
        if waiter is not None:
            try:
                self._loop.post(partial(_resolve, waiter))
            except LoopClosed:
                self.close()

    @abstractmethod
    def close(self) -> None:
        """From anywhere: nobody waits for more."""


class Outbox(_Channel):
    """Items from one thread to one coroutine, bounded by their bytes."""

    def __init__(self, loop: Loop, workers: Workers | None = None) -> None:
        super().__init__(loop, workers)
        self.closed = False  # the coroutine wants no more
        self._items: list[Any] = []
        self._ended = self._draining = False

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
        if self.closed:
            raise ClientDisconnected("the client has left")

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

    async def get(self) -> tuple[list[Any], bool]:
        """From the coroutine, which is done with what it got before: all that waits, and whether it is the last."""
        while True:
            with self._mutex:
                items, self._items, self._size = self._items, [], 0
                if items or self._ended:
                    if not self._draining:
                        self._open()
                    return items, self._ended
                self._draining = False
                self._open()
                waiter = self._waiter = self._loop.create_future()
            await waiter

    async def ended(self) -> None:
        """From the coroutine: drop everything until there is no more."""
        while not (await self.get())[1]:
            pass

    def is_closed(self) -> bool:
        """Whether the coroutine wants no more."""
        return self.closed

    def close(self) -> None:
        """From anywhere: drop what waits, and have the thread stop at its next item."""
        with self._mutex:
            self.closed = True
            self._items, self._size = [], 0
            self._open()


class _ToThread(_Channel):
    """What a coroutine writes and a thread reads."""

    async def room(self) -> None:
        """From the coroutine: wait while HIGH_WATER or more bytes are waiting to be read."""
        while True:
            with self._mutex:
                if self._size < HIGH_WATER:
                    return
                waiter = self._waiter = self._loop.create_future()
            await waiter

    def _read(self, size: int) -> Future | None:
        """Under the mutex: the thread has taken `size` bytes; what to resolve, if there is room again."""
        self._size -= size
        if self._size >= HIGH_WATER // 2:
            return None
        waiter, self._waiter = self._waiter, None
        return waiter


class Inbox(_ToThread):
    """Blocks of a body from one coroutine to one thread, bounded by their bytes and by the length that was promised."""

    def __init__(self, loop: Loop, workers: Workers, length: int | None, start: Callable[[], object]) -> None:
        """`length` in bytes, None if unknown; `start` is called on the loop once the thread first has to wait."""
        super().__init__(loop, workers)
        self._missing, self._start = length, start
        self._blocks: deque[bytes] = deque()
        self._ended = self._failed = False
        self.started = False  # the thread has had to wait

    def put(self, block: bytes) -> None:
        """From the coroutine: one more block; what exceeds the promised length is left out."""
        with self._mutex:
            if self._missing is not None:
                block = block[: self._missing]
                self._missing -= len(block)
                self._ended = not self._missing
            if block:
                self._blocks.append(block)
                self._size += len(block)
            if block or self._ended:
                self._open()

    def forget(self) -> None:
        """From the thread, whose request is over: the rest will not come, and nobody will be called to listen."""
        self.close()
        self.started, self._start = True, int

    def end(self) -> None:
        """From the coroutine: the body is over. It has failed if some of what was promised is missing."""
        with self._mutex:
            self._ended = True
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

        Raises ClientDisconnected where less came than was promised.
        """
        while True:
            with self._mutex:
                if self._blocks:
                    block = self._blocks.popleft()
                    waiter = self._read(len(block))
                    break
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
        self._notify(waiter)
        return block


class Taken(NamedTuple):
    """What a thread finds on its Desk."""

    items: list[Any]
    asked: bool  # the coroutine wants something of the thread
    ended: bool  # nothing will follow


class Desk(_ToThread):
    """Items from one coroutine to one thread, bounded by their bytes; the coroutine may also ask the thread."""

    def __init__(self, loop: Loop, gone: Callable[[], bool] | None = None) -> None:
        """`gone` tells the thread, while it waits, whether what it waits for is still wanted."""
        super().__init__(loop)
        self._gone = gone
        self.closed = False  # the thread wants no more
        self._items: list[Any] = []
        self._asked = self._ended = False

    def put(self, item: Any, size: int, last: bool = False) -> None:
        """From the loop: hand over an item of `size` bytes, `last` if nothing will follow. Dropped once closed."""
        with self._mutex:
            if not self.closed:
                self._items.append(item)
                self._size += size
                self._ended = last
                self._open()

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
                    waiter = self._read(self._size)
                    break
                gate = self._shut()
            self._park(gate, self._gone)
        self._notify(waiter)
        return taken

    def close(self) -> None:
        """From the thread: no more is wanted. A coroutine that waits for room goes on."""
        with self._mutex:
            self.closed = self._ended = True
            self._items, waiter = [], self._read(self._size)
            self._open()
        if waiter is not None:
            try:
                self._loop.post(partial(_resolve, waiter))
            except LoopClosed:
                return  # then nobody waits there either
