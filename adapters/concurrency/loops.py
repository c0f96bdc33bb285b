"""An event loop of asyncio (including uvloop) or trio, with a mailbox for threads. Also its futures, timers and tasks.

Knows both kinds of loop. It must not know threads or requests. It must not block.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import Context
from functools import partial
from typing import Any, NamedTuple, Protocol, cast

from .waiter import Waiter

log = logging.getLogger("gateways.loops")

CROWD = 4  # after concurrent requests, attend() returns True only after this number of requests that come one at a time
# Number of times in a row that a coroutine may get data without waiting. After that, it lets other tasks run. Otherwise
# a fast application could block the loop on a server whose send() never waits. Other requests would then stop, and the
# adapter would not detect that its client has disconnected.
MAX_IN_A_ROW = 16
LISTEN_AFTER = 0.05  # delay before a running request is watched for a disconnect, in seconds

Main = Callable[[], Coroutine[Any, Any, None]]


class LoopClosed(RuntimeError):
    """The event loop has ended. Calls that are posted to it will not run."""


class Future(Protocol):
    """An object that a coroutine awaits and its loop resolves: an asyncio future, or the equivalent on trio."""

    def done(self) -> bool: ...
    def set_result(self, result: None, /) -> None: ...
    def __await__(self) -> Any: ...


class Watched(Protocol):
    """A running request. The loop calls its look() after a delay, unless leave() is called first."""

    def look(self) -> object: ...


class Task(NamedTuple):
    """A task that runs concurrently with the task that spawned it."""

    cancel: Callable[[], object]
    ended: Callable[[], Awaitable[object]]  # waits until the task has ended


class Calls(NamedTuple):
    """The functions that each kind of event loop provides."""

    # Run the function on the loop soon. Thread-safe. Raises RuntimeError if the loop has ended.
    wake: Callable[[Callable[[], None]], object]
    closed: Callable[[], bool]
    create_future: Callable[[], Future]
    create_waiter: Callable[[], Future]  # a future that resolves itself, and runs its task, when it is called
    call_later: Callable[[float, Callable[[], None]], object]
    spawn: Callable[[Main, Context], Task]  # runs the task in a copy of the given context, not of the caller's


class Loop:
    """An event loop. Threads use its mailbox (post()). Its own coroutines use its timer for checks (attend()).

    The mailbox needs only one wake-up for all calls that are posted before the loop empties it. No call is lost: a
    thread appends its call and then reads `_posted`, whereas the loop clears `_posted` and then empties the mailbox.
    """

    def __init__(self, calls: Calls, asyncio_loop: asyncio.AbstractEventLoop | None) -> None:
        self.asyncio_loop = asyncio_loop
        self.wake, self.closed, self.create_future, self.create_waiter, self.call_later, self.spawn = calls
        self._box: deque[Callable[[], object] | Future] = deque()
        self._posted = False
        self._attended: dict[Watched, int] = {}
        self._tick = self._crowded = 0
        self._sweeping = False

    def post(self, call: Callable[[], object] | Future) -> None:
        """Call a function or resolve a future on the loop, in the order of posting. Thread-safe. Raises LoopClosed."""
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
        try:
            while box:
                call = box.popleft()
                if callable(call):
                    call()
                elif not call.done():
                    call.set_result(None)
        finally:
            if box:  # a call or a signal handler has raised: the remaining calls must still run
                self._posted = True
                self.wake(self._drain)

    async def sleep(self, seconds: float) -> None:
        """Sleep, in a coroutine on the loop."""
        await (asyncio if self.asyncio_loop is not None else cast(Any, sys.modules["trio"])).sleep(seconds)

    def attend(self, watched: Watched) -> bool:
        """Call `watched.look()` after one to two times LISTEN_AFTER, unless leave() is called first.

        One timer serves all requests of the loop, so a short request costs no timer. Call this in the loop's thread.

        Returns True if requests come one at a time: no other request is being watched, and this was also the case for
        the last CROWD requests.
        """
        attended = self._attended
        attended[watched] = self._tick
        if not self._sweeping:
            self._sweep_later()
        if len(attended) > 1:
            self._crowded = CROWD
        elif self._crowded:
            self._crowded -= 1
        else:
            return True
        return False

    def leave(self, watched: Watched) -> None:
        """Undo attend() if look() has not been called yet. Call it in the loop's thread only."""
        self._attended.pop(watched, None)

    def _sweep_later(self) -> None:
        # A timer keeps a reference to the context in which it is created. In the request's own context, it would keep
        # the request's objects alive.
        Context().run(self.call_later, LISTEN_AFTER, self._sweep)
        self._sweeping = True

    def _sweep(self) -> None:
        """Call look() of all objects that are due.

        If one call raises, the error is logged. The other objects follow in the next sweep.
        """
        self._sweeping = False
        due = [watched for watched, tick in self._attended.items() if tick < self._tick]
        self._tick += 1
        try:
            for watched in due:
                if self._attended.pop(watched, None) is not None:
                    watched.look()
        except Exception:  # on trio, an exception from this method would cancel all tasks
            log.exception("cannot check a request for a disconnect; it will not be checked again")
        finally:
            if self._attended and not self._sweeping:
                self._sweep_later()


Wake = Callable[[Callable[[], None]], object]


def asyncio_loop(loop: asyncio.AbstractEventLoop, wake: Wake | None = None) -> Loop:
    """Return a Loop for an asyncio event loop. `wake` replaces the loop's call_soon_threadsafe()."""

    def spawn(main: Main, context: Context) -> Task:
        task = context.run(lambda: loop.create_task(main()))
        return Task(task.cancel, partial(asyncio.wait, [task]))

    waiter = partial(Waiter, loop=loop)
    calls = Calls(wake or loop.call_soon_threadsafe, loop.is_closed, loop.create_future, waiter, loop.call_later, spawn)
    return Loop(calls, loop)


class _TrioFuture:
    """A future for trio, which only one task may await."""

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

    def spawn(main: Main, context: Context) -> Task:
        scope, over = trio.CancelScope(), trio.Event()

        async def run() -> None:
            with scope:
                await main()
            over.set()

        trio.lowlevel.spawn_system_task(run, context=context.copy())
        return Task(scope.cancel, over.wait)

    def closed() -> bool:
        try:
            token.run_sync_soon(int)  # raises if the run has ended, which cannot be detected in another way
        except trio.RunFinishedError:
            return True
        return False

    future = partial(_TrioFuture, trio)
    return Loop(Calls(token.run_sync_soon, closed, future, future, call_later, spawn), None)


class _Current(threading.local):
    """The asyncio or trio loop that runs in this thread, and its Loop."""

    known: tuple[Any, Loop | None] = (None, None)


_current = _Current()


def running_loop() -> Loop:
    """Return the Loop of the caller's running loop, of asyncio or trio. Raises RuntimeError if no loop is running."""
    trio = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_run() and trio.lowlevel.in_trio_task():  # also in guest mode
        return _known(trio.lowlevel.current_trio_token(), _trio_loop)
    loop = asyncio.get_running_loop()
    key, known = _current.known
    return known if known is not None and key is loop else _known(loop, asyncio_loop)


def _known(key: Any, make: Callable[[Any], Loop]) -> Loop:
    last, loop = _current.known
    if loop is None or last is not key:
        loop = make(key)
        _current.known = (key, loop)
    return loop
