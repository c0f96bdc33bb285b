"""The event loop that a process keeps for ASGI applications on WSGI servers, on a thread of its own.

Knows when such a loop begins and ends: on first use in this process, shared by all who name the same factory, gone when
the last has let go of it. It must not know what runs on it.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import os
import sys
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any

from . import forks
from .loops import Loop, Wake, asyncio_loop

log = logging.getLogger("gateways.asgi")

LoopFactory = Callable[[], asyncio.AbstractEventLoop]

START_SECONDS = 10.0  # how long a new thread may take until its loop runs


class BorrowedLoop:
    """A loop that the caller runs in another thread, and ends. `loop` is its mailbox for other threads."""

    ended = False  # the loop has run and will not run again
    failure: str | None = None  # why, if that is known

    def __init__(self, loop: asyncio.AbstractEventLoop, wake: Wake | None = None) -> None:
        self._asyncio = loop
        self.at_end: set[Callable[[], object]] = set()  # called when a LoopThread has ended; not of a borrowed loop
        self.loop: Loop = asyncio_loop(loop, wake)

    def run(self, main: Coroutine[Any, Any, Any]) -> Future[Any]:
        """Run a coroutine on the loop, from another thread."""
        return asyncio.run_coroutine_threadsafe(main, self._asyncio)

    def inside(self) -> bool:
        """Whether the caller runs on this loop, where waiting for it would be for ever."""
        return asyncio._get_running_loop() is self._asyncio  # noqa: SLF001 - get_running_loop() raises where none is

    def alive(self) -> bool:
        """Whether what is posted to the loop will run."""
        return self._asyncio.is_running()

    @property
    def watched(self) -> Callable[[], bool] | None:
        """What a thread that waits for the loop must look at, because the loop's end will not wake it."""
        return self.alive

    def refuse_inside(self) -> None:
        """Raise RuntimeError where the caller runs on this loop."""
        if self.inside():
            raise RuntimeError(
                "ASGIToWSGI was called on its own event loop, which it would wait for: use another thread"
            )


class _Bell:
    """Wakes a loop from any thread by one write, where call_soon_threadsafe() takes a handle, a write and two reads."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Raises OSError or NotImplementedError where the system or the loop cannot."""
        self._mutex = threading.RLock()  # reentrant: garbage collection in here may find a response, which rings
        self._call: Callable[[], None]
        self._fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        try:
            loop.add_reader(self._fd, self._heard)
        except BaseException:
            os.close(self._fd)
            raise

    def ring(self, call: Callable[[], None]) -> None:
        """Have the loop run `call`, always the same. Raises RuntimeError once the bell is closed."""
        with self._mutex:
            if self._fd < 0:
                raise RuntimeError("the event loop has ended")
            self._call = call
            os.eventfd_write(self._fd, 1)

    def _heard(self) -> None:
        os.eventfd_read(self._fd)
        self._call()

    def close(self, loop: asyncio.AbstractEventLoop) -> None:
        """Before the loop is closed: nothing rings any more."""
        with self._mutex:
            if self._fd < 0:
                return
            loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1  # the number may be another file's from now on


def _bell(loop: asyncio.AbstractEventLoop) -> _Bell | None:
    if not hasattr(os, "eventfd"):  # Linux has it
        return None
    try:
        return _Bell(loop)
    except (OSError, NotImplementedError):
        return None


class LoopThread(BorrowedLoop):
    """A loop on a thread of its own, until stop()."""

    def __init__(self, factory: LoopFactory | None) -> None:
        """Start the thread. RuntimeError with the reason if it, or the loop on it, cannot run."""
        loop = (factory or asyncio.new_event_loop)()
        self._bell = _bell(loop)
        super().__init__(loop, self._bell.ring if self._bell else None)
        self.users = 0
        self._stop = loop.create_future()
        self._turned = False  # the loop has run since it was last entered
        self._running = threading.Event()  # or it has failed to
        self._thread = threading.Thread(target=self._run, name="asgi-to-wsgi-loop", daemon=True)
        try:
            contextvars.Context().run(self._thread.start)  # from 3.14 on a thread may inherit this request's context
        except BaseException:
            self._close()
            raise
        if not self._running.wait(START_SECONDS):
            self.failure = f"it has not begun after {START_SECONDS} seconds"
        if self.failure is not None:
            raise RuntimeError(f"the event loop of ASGIToWSGI does not run: {self.failure}")

    def inside(self) -> bool:
        """Whether the caller is this thread. Under gevent the running loop seems to be every greenlet's."""
        return threading.get_ident() == self._thread.ident

    def alive(self) -> bool:
        return self._thread.is_alive()

    @property
    def watched(self) -> None:
        return None  # at_end wakes it

    def _run(self) -> None:
        root: asyncio.Task[None] | None = None
        try:
            asyncio.set_event_loop(self._asyncio)
            ready = self._asyncio.create_future()
            ready.set_result(None)
            self._asyncio.run_until_complete(ready)  # fails where another loop runs, before there is a task
            root = self._asyncio.create_task(self._root())
            while not root.done():
                self._turn(root)
        except BaseException as error:
            self.failure = repr(error)
            log.error("the event loop of ASGIToWSGI has failed", exc_info=error)
        finally:
            self.ended = True
            if root is not None:
                root._log_destroy_pending = False  # type: ignore[attr-defined]  # noqa: SLF001 - its loop has failed
            try:
                asyncio.set_event_loop(None)
                self._close()
            except Exception as error:  # of a loop that is broken: those who wait must go on all the same
                log.error("the event loop of ASGIToWSGI could not be closed", exc_info=error)
            self._running.set()
            for call in list(self.at_end):
                call()

    def _turn(self, root: asyncio.Task[None]) -> None:
        """Run the loop until `root` is done, or something has thrown the loop out of its round."""
        self._turned = False
        self._asyncio.call_soon(self._has_turned)
        try:
            self._asyncio.run_until_complete(root)
        except (SystemExit, KeyboardInterrupt) as error:  # asyncio lets these out of any task
            log.error("a task raised %r; the event loop goes on", error, exc_info=error)
        except RuntimeError:
            if not self._turned or root.done() or self._asyncio.is_closed():
                raise
            log.error("a task stopped the event loop; it goes on")

    def _has_turned(self) -> None:
        self._turned = True

    async def _root(self) -> None:
        """Last as long as the loop does: AnyIO keeps its worker threads for as long as the task that run() was given.

        Cancelling "all tasks", as some applications do when they shut down, does not end it.
        """
        self._running.set()
        if (3, 12) <= sys.version_info < (3, 12, 2):  # there no thread can be started at exit: the executor has one
            await self._asyncio.run_in_executor(None, int)
        while not self._stop.done():
            try:
                await asyncio.wait([self._stop])
            except asyncio.CancelledError:
                log.debug("the loop's own task was cancelled; it goes on")
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        if rest:
            await asyncio.wait(rest, timeout=1)
        await self._asyncio.shutdown_asyncgens()

    def _close(self) -> None:
        if self._bell is not None:
            self._bell.close(self._asyncio)
        self._asyncio.close()

    def stop(self) -> None:
        """Cancel what still runs, end the loop and its thread. Waits a few seconds at most."""
        try:
            self._asyncio.call_soon_threadsafe(self._stopped)
        except RuntimeError:
            return  # closed already
        if not self.inside():
            self._thread.join(timeout=5)

    def _stopped(self) -> None:
        if not self._stop.done():
            self._stop.set_result(None)


_loops: dict[LoopFactory | None, LoopThread] = {}
# Their threads are the parent's; collecting them would end tasks that still run there.
_inherited: list[LoopThread] = []
_mutex = threading.Lock()


@forks.in_child
def _forked() -> None:
    global _mutex  # noqa: PLW0603 - it may have been held by a thread that is not here
    _inherited.extend(_loops.values())
    _loops.clear()
    _mutex = threading.Lock()


def acquire(factory: LoopFactory | None) -> LoopThread:
    """The process's loop of this factory; it runs until release() has been called as often."""
    with _mutex:
        thread = _loops.get(factory)
        if thread is None:
            thread = _loops[factory] = LoopThread(factory)
        thread.users += 1
        return thread


def release(factory: LoopFactory | None, thread: LoopThread) -> None:
    """Let go of a loop that acquire() gave; the last to do so ends it."""
    with _mutex:
        thread.users -= 1
        if thread.users:
            return
        if _loops.get(factory) is thread:
            del _loops[factory]
    thread.stop()
