"""The event loop that a process runs for ASGI applications on WSGI servers. It runs on its own thread.

Knows when such a loop starts and stops. A loop starts at its first use in a process. All adapters with the same factory
share one loop, which stops when the last adapter releases it. This module must not know the code that runs on the loop.
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

from . import forks, green
from .descriptors import moved
from .loops import Loop, Wake, asyncio_loop

log = logging.getLogger("gateways.asgi")

LoopFactory = Callable[[], asyncio.AbstractEventLoop]

START_SECONDS = 10.0  # timeout for starting a loop on its thread, in seconds
CANCEL_SECONDS = 10.0  # timeout for cancelled tasks at the end of the loop, in seconds; asyncio.run() has no timeout


class BorrowedLoop:
    """A loop that other code starts and stops in another thread. Threads reach it through its mailbox, `loop`."""

    ended = False  # the loop has stopped permanently
    failure: str | None = None  # the reason why the loop has stopped, if known

    def __init__(self, loop: asyncio.AbstractEventLoop, wake: Wake | None = None) -> None:
        self._asyncio = loop
        self.at_end: set[Callable[[], object]] = set()  # called when a LoopThread has ended; not used for other loops
        self.loop: Loop = asyncio_loop(loop, wake)

    def run(self, main: Coroutine[Any, Any, Any]) -> Future[Any]:
        """Run a coroutine on the loop. Call it from another thread."""
        return asyncio.run_coroutine_threadsafe(main, self._asyncio)

    def inside(self) -> bool:
        """Return True if the caller runs on this loop. Waiting for the loop would then deadlock."""
        return asyncio._get_running_loop() is self._asyncio  # noqa: SLF001 - get_running_loop() may raise

    def alive(self) -> bool:
        """Return True if the loop will run calls that are posted to it."""
        return self._asyncio.is_running()

    @property
    def watched(self) -> Callable[[], bool] | None:
        """A function that waiting threads poll to detect the end of the loop; None if the loop's end wakes them."""
        return self.alive

    def refuse_inside(self) -> None:
        """Raise RuntimeError if the caller runs on this loop."""
        if self.inside():
            raise _inside()


def _inside() -> RuntimeError:
    return RuntimeError(
        "ASGIToWSGI was called on its own event loop, which would deadlock: call it from another thread"
    )


class _Bell:
    """Wakes a loop from any thread with one write. call_soon_threadsafe() needs a handle, a write and two reads."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Raises OSError or NotImplementedError if the operating system or the loop does not support a bell."""
        # Reentrant, because garbage collection in the locked code may free a response, which rings this bell.
        self._mutex = threading.RLock()
        self._call: Callable[[], None]
        self._fd = moved(os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC))
        try:
            loop.add_reader(self._fd, self._heard)
        except BaseException:
            os.close(self._fd)
            raise

    def ring(self, call: Callable[[], None]) -> None:
        """Make the loop run `call`, which must be the same function each time. Raises RuntimeError after close()."""
        with self._mutex:
            if self._fd < 0:
                raise RuntimeError("the event loop has ended")
            self._call = call
            os.eventfd_write(self._fd, 1)

    def _heard(self) -> None:
        os.eventfd_read(self._fd)
        self._call()

    def close(self, loop: asyncio.AbstractEventLoop) -> None:
        """Close the bell. Call it before the loop is closed."""
        with self._mutex:
            if self._fd < 0:
                return
            loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1  # the system may now reuse the descriptor's number


def _bell(loop: asyncio.AbstractEventLoop) -> _Bell | None:
    if not hasattr(os, "eventfd"):  # Linux has it, other systems do not
        return None
    try:
        return _Bell(loop)
    except (OSError, NotImplementedError):
        return None


class LoopThread(BorrowedLoop):
    """A loop that runs on its own thread until stop()."""

    watched = None  # no polling: the callbacks in at_end wake waiting threads

    def __init__(self, factory: LoopFactory | None) -> None:
        """Start the thread. Raises RuntimeError with the reason if the thread or its loop cannot run."""
        create = factory or asyncio.new_event_loop
        loop = green.new_event_loop(factory) if forks.threads_are_green() else create()
        self._bell = _bell(loop)
        super().__init__(loop, self._bell.ring if self._bell else None)
        self.users = 0
        self._stop = loop.create_future()
        self._progressed = False  # the loop has run since the last call to _run_until()
        self._ident: int | None = None  # the thread's identifier
        self._running = threading.Event()  # set when the loop runs, or when it has failed
        self._thread = threading.Thread(target=self._run, name="asgi-to-wsgi-loop", daemon=True)
        try:
            contextvars.Context().run(self._thread.start)  # since 3.14, a thread may inherit the caller's context
        except BaseException:
            self._close()
            raise
        if not self._running.wait(START_SECONDS):
            self.failure = f"it has not started after {START_SECONDS} seconds"
        if self.failure is not None:
            raise RuntimeError(f"the event loop of ASGIToWSGI is not running: {self.failure}")

    def inside(self) -> bool:
        """Return True if the caller runs in this thread.

        Compare thread ids, because all greenlets of a thread see the same running loop.
        """
        return threading.get_ident() == self._ident

    def refuse_inside(self) -> None:
        if threading.get_ident() == self._ident:  # the same as inside(), without the cost of a call for each request
            raise _inside()

    def alive(self) -> bool:
        return not self.ended and self._thread.is_alive()

    def _run(self) -> None:
        root: asyncio.Task[None] | None = None
        self._ident = threading.get_ident()
        try:
            asyncio.set_event_loop(self._asyncio)
            ready = self._asyncio.create_future()
            ready.set_result(None)
            self._asyncio.run_until_complete(ready)  # if another loop is running, this fails before a task exists
            root = self._asyncio.create_task(self._root())
            while not root.done():
                self._run_until(root)
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
            except Exception as error:  # the loop is broken, but waiting threads must still be woken
                log.error("cannot close the event loop of ASGIToWSGI", exc_info=error)
            self._running.set()
            for call in list(self.at_end):
                call()

    def _run_until(self, root: asyncio.Task[None]) -> None:
        """Run the loop until `root` is done, or until an exception interrupts the loop."""
        self._progressed = False
        self._asyncio.call_soon(self._mark_progress)
        try:
            self._asyncio.run_until_complete(root)
        except (SystemExit, KeyboardInterrupt) as error:  # asyncio stops the loop when a task raises one of these
            log.error("a task raised %r; the event loop continues", error, exc_info=error)
        except RuntimeError:
            if not self._progressed or root.done() or self._asyncio.is_closed():
                raise
            log.error("a task stopped the event loop; the loop continues")

    def _mark_progress(self) -> None:
        self._progressed = True

    async def _root(self) -> None:
        """Run until stop() is called. Libraries such as AnyIO keep their worker threads until this root task ends.

        If the application cancels all tasks of the loop, this task continues.
        """
        if (3, 12) <= sys.version_info < (3, 12, 3):  # these versions cannot start a thread of the executor at exit
            await self._asyncio.run_in_executor(None, int)
        self._running.set()
        while not self._stop.done():
            try:
                await asyncio.wait([self._stop])
            except asyncio.CancelledError:
                log.debug(
                    "the application cancelled the loop's root task; the adapter ignores this, and the loop continues"
                )
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        if others:
            await asyncio.wait(others, timeout=CANCEL_SECONDS)
        await self._asyncio.shutdown_asyncgens()

    def _close(self) -> None:
        if self._bell is not None:
            self._bell.close(self._asyncio)
        self._asyncio.close()

    def stop(self) -> None:
        """Cancel the running tasks, then stop the loop and its thread.

        Blocks for CANCEL_SECONDS + 2 seconds at most.
        """
        try:
            self._asyncio.call_soon_threadsafe(self._stopped)
        except RuntimeError:
            return  # already closed
        if not self.inside():
            self._thread.join(timeout=CANCEL_SECONDS + 2)

    def _stopped(self) -> None:
        if not self._stop.done():
            self._stop.set_result(None)


_loops: dict[LoopFactory | None, LoopThread] = {}
# Loops of the parent process. They are kept, because freeing them would end tasks that still run in the parent.
_inherited: list[LoopThread] = []
_mutex = threading.Lock()


@forks.in_child
def _forked() -> None:
    global _mutex  # noqa: PLW0603 - another thread of the parent may have held it
    _inherited.extend(_loops.values())
    _loops.clear()
    _mutex = threading.Lock()


def acquire(factory: LoopFactory | None) -> LoopThread:
    """Return the process's loop for this factory, and start it if necessary. Call release() once for each call."""
    with _mutex:
        thread = _loops.get(factory)
        if thread is None:
            thread = _loops[factory] = LoopThread(factory)
        thread.users += 1
        return thread


def release(factory: LoopFactory | None, thread: LoopThread) -> None:
    """Release a loop that acquire() has returned. The last release stops the loop."""
    with _mutex:
        thread.users -= 1
        if thread.users:
            return
        if _loops.get(factory) is thread:
            del _loops[factory]
    thread.stop()
