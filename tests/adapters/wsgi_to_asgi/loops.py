"""Event loops of each kind, each on its own thread. A test is then a sequence of a client's steps.

Knows asyncio, uvloop and trio, and how to start, watch and cancel a task on each. It must not know ASGI.
Every wait is limited by PATIENCE: a hang is a failure that names the expected event.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import trio

KINDS = ("asyncio", "uvloop", "trio")
PATIENCE = float(os.environ.get("CONTRACT_PATIENCE", "15"))  # seconds

Main = Callable[[], Awaitable[object]]


class Event(Protocol):
    """The common interface of asyncio.Event and trio.Event."""

    def set(self) -> None: ...

    async def wait(self) -> object: ...


class Running:
    """A started task: whether it has ended, and its result."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.error: BaseException | None = None  # its exception, except its own cancellation
        self.cancelled = False
        self.cancel_asked = False
        self._cancel: Callable[[], object] = lambda: None

    def on_cancel(self, cancel: Callable[[], object]) -> None:
        self._cancel = cancel
        if self.cancel_asked:
            cancel()

    def cancel(self) -> None:
        """Cancel the task as servers on this loop do; call it on the loop."""
        self.cancel_asked = True
        self._cancel()


class Loop(ABC):
    """A running loop. All public methods are for other threads."""

    def __init__(self) -> None:
        self.complaints: list[str] = []  # errors that reached the loop's own exception handler
        self._ready = threading.Event()
        self.thread = threading.Thread(target=self._run, name="server-loop", daemon=True)
        self.thread.start()
        assert self._ready.wait(PATIENCE), "the event loop did not start"

    @abstractmethod
    def _run(self) -> None: ...

    @abstractmethod
    def soon(self, function: Callable[..., object], *args: Any) -> None:
        """Call a function on the loop."""

    @abstractmethod
    def event(self) -> Event:
        """Return a new event; call it on the loop."""

    @abstractmethod
    def start(self, main: Main) -> Running:
        """Run an async function as a new task, in a copy of the caller's context."""

    @abstractmethod
    def tasks(self) -> int:
        """Return the number of tasks besides the loop's own and those of start(); call it on the loop."""

    @abstractmethod
    def _stop(self) -> None: ...

    def call(self, function: Callable[[], Any]) -> Any:
        """Call a function on the loop and return its result."""
        done = threading.Event()
        results: list[Any] = []

        def run() -> None:
            try:
                results.append(function())
            finally:
                done.set()

        self.soon(run)
        assert done.wait(PATIENCE), f"the event loop has been blocked for {PATIENCE} s"
        assert results, "the function failed on the loop"
        return results[0]

    def settle(self, turns: int = 30) -> None:
        """Return when all posted calls, and those that they posted, have run."""
        for _ in range(turns):
            self.call(lambda: None)

    def close(self) -> None:
        if self.thread.is_alive():
            self.soon(self._stop)
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive(), "the event loop did not stop"


class AsyncioLoop(Loop):
    """asyncio's own loop."""

    _loop: asyncio.AbstractEventLoop

    def _factory(self) -> asyncio.AbstractEventLoop:
        return asyncio.new_event_loop()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=self._factory) as runner:
            runner.run(self._main())

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(lambda _, context: self.complaints.append(str(context)))
        self._stopping = asyncio.Event()
        self._own: set[asyncio.Task[None]] = set()
        self._ready.set()
        await self._stopping.wait()

    def _stop(self) -> None:
        self._stopping.set()

    def soon(self, function: Callable[..., object], *args: Any) -> None:
        self._loop.call_soon_threadsafe(function, *args)

    def event(self) -> Event:
        return asyncio.Event()

    def start(self, main: Main) -> Running:
        running = Running()

        async def watch() -> None:
            try:
                await main()
            except asyncio.CancelledError as error:
                running.cancelled = running.cancel_asked
                running.error = None if running.cancel_asked else error
            except BaseException as error:
                running.error = error
            finally:
                running.ended.set()

        def spawn() -> None:
            task = self._loop.create_task(watch())
            self._own.add(task)
            task.add_done_callback(self._own.discard)
            running.on_cancel(task.cancel)

        self.soon(spawn)
        return running

    def tasks(self) -> int:
        return len(asyncio.all_tasks(self._loop) - self._own) - 1


class UvloopLoop(AsyncioLoop):
    """libuv's loop, as uvicorn runs it."""

    def _factory(self) -> asyncio.AbstractEventLoop:
        import uvloop

        return uvloop.new_event_loop()


class TrioLoop(Loop):
    """trio's loop, as hypercorn runs it."""

    def _run(self) -> None:
        trio.run(self._main)

    async def _main(self) -> None:
        self._token = trio.lowlevel.current_trio_token()
        self._stopping = trio.Event()
        async with trio.open_nursery() as self._nursery:
            self._ready.set()
            await self._stopping.wait()
            self._nursery.cancel_scope.cancel()

    def _stop(self) -> None:
        self._stopping.set()

    def soon(self, function: Callable[..., object], *args: Any) -> None:
        self._token.run_sync_soon(function, *args)

    def event(self) -> Event:
        return trio.Event()

    def start(self, main: Main) -> Running:
        running = Running()
        context = contextvars.copy_context()

        async def watch() -> None:
            try:
                with trio.CancelScope() as scope:
                    running.on_cancel(scope.cancel)
                    await main()
            except trio.Cancelled:
                running.cancelled = True
                raise
            except BaseException as error:  # errors that a server would have to survive
                running.error = error
            finally:
                running.cancelled |= scope.cancelled_caught
                running.ended.set()

        self.soon(context.run, self._nursery.start_soon, watch)
        return running

    def tasks(self) -> int:
        return 0  # trio has no task without a nursery, so no task is left over


def open_loop(kind: str) -> Loop:
    """A running loop of the named kind, one of KINDS."""
    return {"asyncio": AsyncioLoop, "uvloop": UvloopLoop, "trio": TrioLoop}[kind]()
