"""A running CGI program on an asyncio loop: its pipes read and written without a thread, its time limits, its end.

Knows descriptors and the loop. It must not know what the octets mean, nor ASGI.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable

from adapters.cgi_host import LINGER, Timeouts
from adapters.cgi_reaper import reaper
from adapters.program import Program

BLOCK = 65536  # octets read from a program at once: what a pipe holds
_NEVER = float("inf")


class ProgramOnLoop:
    """One program that answers the request of the current task. `leave` it, whatever happens."""

    def __init__(self, loop: asyncio.AbstractEventLoop, program: Program, timeouts: Timeouts) -> None:
        self.program = program
        self.head_seen = False
        self.finished = False
        self._loop = loop
        self._timeouts = timeouts
        self._task = asyncio.current_task()
        self._failure: BaseException | None = None
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None
        self._sending = False
        self._exited = False
        self._eof = False
        self._lingered = False
        self._born = self._moved = loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._watched: set[int] = set()
        self._watch(program.stderr, self._on_stderr)
        self._watch(program.exited, self._on_exit)
        self._check_time()

    async def read(self) -> bytes:
        """The next of the program's output, b"" at its end. Raises what `fail` was given."""
        descriptor = self.program.stdout
        while not self._eof:
            if self._failure is not None:
                raise self._failure
            if self._lingered:
                break
            try:
                data = os.read(descriptor, BLOCK)
            except BlockingIOError:
                self._watch(descriptor, self._on_output)
                try:
                    await self._wait_to_read()
                finally:
                    self._unwatch(descriptor)
                continue
            self._moved = self._loop.time()
            self._eof = not data
            return data
        return b""

    async def write(self, data: bytes) -> None:
        """Write to the program's stdin; what it does not want is dropped."""
        view = memoryview(data)
        while view and self.program.stdin >= 0 and self._failure is None:
            descriptor = self.program.stdin
            try:
                view = view[os.write(descriptor, view) :]
                self._moved = self._loop.time()
            except BrokenPipeError:
                self.program.close("stdin")
            except BlockingIOError:
                self._writer = self._loop.create_future()
                self._loop.add_writer(descriptor, _awake, self._writer)
                try:
                    await self._writer
                finally:
                    self._loop.remove_writer(descriptor)

    def close_stdin(self) -> None:
        """The body is whole: the program reads end-of-file."""
        self.program.close("stdin")

    async def sending(self, sent: Awaitable[None]) -> None:
        """Await the server's send; `fail` interrupts it, and time counts while a client does not read."""
        self._sending = True
        try:
            await sent
        except asyncio.CancelledError:
            if self._failure is not None and self._task is not None and not self._task.uncancel():
                raise self._failure from None
            raise
        finally:
            self._sending = False
        self._moved = self._loop.time()

    async def exit_status(self, seconds: float) -> int | None:
        """The exit status, or minus the signal that killed it; None when it has not ended within so many seconds."""
        until = self._loop.time() + seconds
        while not self._exited and self._failure is None and self._loop.time() < until:
            timer = self._loop.call_at(until, self._on_output)
            try:
                await self._wait_to_read()
            finally:
                timer.cancel()
        return self.program.status() if self._exited else None

    def fail(self, error: BaseException) -> None:
        """The response ends here: what the request's task waits for, or waits for next, raises `error`."""
        if self._failure is None:
            self._failure = error
            _awake(self._reader)
            _awake(self._writer)
            if self._sending and self._task is not None:
                self._task.cancel()

    def leave(self) -> None:
        """Reap the program. One that only ended its response may work on; otherwise it is ended, with its children."""
        if self._timer is not None:
            self._timer.cancel()
        _awake(self._writer)
        if self.program.stdin >= 0:
            self._loop.remove_writer(self.program.stdin)
        for descriptor in [*self._watched]:
            self._unwatch(descriptor)
        if self._exited and self._eof:
            self.program.reap()
        elif self.finished and not self._lingered:
            reaper().let_finish(self.program, self._born + (self._timeouts.total or _NEVER) - self._loop.time())
        else:
            reaper().end(self.program)

    async def _wait_to_read(self) -> None:
        self._reader = self._loop.create_future()
        await self._reader

    def _on_output(self) -> None:
        _awake(self._reader)

    def _on_stderr(self) -> None:
        if not self.program.log_stderr():
            self._unwatch(self.program.stderr)
            self.program.close("stderr")

    def _on_exit(self) -> None:
        self._unwatch(self.program.exited)
        self._exited = True
        self._moved = self._loop.time()
        _awake(self._reader)
        self._check_time()

    def _watch(self, descriptor: int, callback: Callable[[], object]) -> None:
        self._loop.add_reader(descriptor, callback)
        self._watched.add(descriptor)

    def _unwatch(self, descriptor: int) -> None:
        if descriptor in self._watched:
            self._watched.discard(descriptor)
            self._loop.remove_reader(descriptor)

    def _due(self) -> tuple[float, str]:
        """When the time is up next, and what to say then."""
        limits = self._timeouts
        seconds, what = (limits.idle, "silent") if self.head_seen else (limits.head, "without a head")
        due, text = self._moved + (seconds or _NEVER), f"{what} for {seconds} seconds"
        if limits.total is not None and self._born + limits.total < due:
            due, text = self._born + limits.total, f"not done after {limits.total} seconds"
        return due, text

    def _check_time(self) -> None:
        """The one timer. It is set again when it fires, so that a block costs no timer."""
        if self._timer is not None:
            self._timer.cancel()
        now = self._loop.time()
        due, text = self._due()
        if now >= due:
            self.fail(TimeoutError(text))
            return
        if self._exited and not self._eof:  # its children hold the pipe; RFC 3875 (6.4) wants all that they write
            if now >= self._moved + LINGER and not self._sending:
                self._lingered = True
                _awake(self._reader)
                return
            due = min(due, max(now, self._moved) + LINGER)
        if due < _NEVER:
            self._timer = self._loop.call_at(due, self._check_time)


def _awake(waiter: asyncio.Future[None] | None) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)
