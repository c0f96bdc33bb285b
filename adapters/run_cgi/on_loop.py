"""A running CGI program that an asyncio loop controls, without a thread: use its pipes, check timeouts, detect its end.

Knows descriptors and the loop. It must not know the meaning of the data, or ASGI.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from ..asgi_types import Send
from ..concurrency.loops import MAX_IN_A_ROW
from ..errors import ClientDisconnected
from .kills import Kill, reason
from .limits import NEVER, SETTLE, Deadline, Timeouts
from .program import Program, log
from .reaper import pass_to_reaper

UNREAD = 1.0  # time that `write` waits for a program that responds without reading its input, in seconds
OVERFLOW = 1024 * 1024  # limit in bytes for the input that is kept for such a program; above it, the rest is discarded
ATTEND_AFTER = 0.05  # delay before a program's stderr, exit and timeouts are watched, in seconds


class ProgramOnLoop:
    """One program that serves the request of the current task. The caller must always call `leave`.

    At first, only the program's output is watched, to save time for short programs. After ATTEND_AFTER, its stderr, its
    exit and the timeouts are watched too. Then `attend` is called once, and the caller can watch for a disconnect.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, program: Program, timeouts: Timeouts, attend: Callable[[], None]
    ) -> None:
        self.program = program
        self.deadline = Deadline(timeouts, loop.time())
        self._loop = loop
        self._task = asyncio.current_task()
        self._failure: BaseException | None = None
        self._event: asyncio.Future[None] | None = None  # the future that the request's task waits for
        self._writable: asyncio.Future[None] | None = None
        self._backlog: list[memoryview] | None = None  # input that is kept for a program that responds without reading
        self._input_timer: asyncio.TimerHandle | None = None
        self._body_over = False
        self._in_a_row = 0  # number of times in a row that read() has returned without a wait
        self._sending = False
        self._lingered = False
        self._left = False
        self._watched: set[int] = set()
        self._attend = attend
        self._attended = False
        self._timer: asyncio.TimerHandle | None = loop.call_later(ATTEND_AFTER, self.attend)
        if not program.started:
            try:
                self._watch(program.exited, self._on_exited)
            except BaseException as error:
                self.leave(False, reason(error))
                raise

    def attend(self) -> None:
        """Start watching the program's stderr, its exit and the timeouts."""
        if not self._attended:
            self._attended = True
            self._watch(self.program.stderr, self._on_stderr)
            self._on_exited()
            self._check_time()
            self._attend()

    async def read(self) -> bytes:
        """Return the next output of the program; b"" at its end. Raises the error of `fail`, or TimeoutError."""
        program = self.program
        self._in_a_row += 1
        if self._in_a_row > MAX_IN_A_ROW:
            self._in_a_row = 0
            await asyncio.sleep(0)
        while not self._lingered:
            if self._failure is not None:
                raise self._failure
            data = program.read()
            if data is not None:
                self.deadline.moved = self._loop.time()
                return data
            self._watch(program.stdout, self._awake)
            if program.ended:  # its children may still write to the pipe, for a limited time (RFC 3875, 6.4)
                self.deadline.lingering = True
                self._check_time()
            try:
                await self._wait()
            finally:
                self.deadline.lingering = False
                self._unwatch(program.stdout)
        return b""

    async def write(self, data: bytes) -> None:
        """Write to the program's stdin. If the program has closed its stdin, the data is discarded.

        Waits while the program does not read. After the program has begun its response, the wait is limited to UNREAD,
        because a disconnect can be received only after the whole body. Then the data is kept, up to OVERFLOW.
        """
        view, program = memoryview(data), self.program
        if self._backlog is not None:
            return self._keep(view)
        while view and program.stdin >= 0 and self._failure is None:
            count = program.write(view)
            if count is None:
                program.close("stdin")
            elif count:
                self.deadline.moved = self._loop.time()
                view = view[count:]
            elif not await self._until_writable(program.stdin):
                self._backlog = []
                self._loop.add_writer(program.stdin, self._write_backlog)
                return self._keep(view)
        return None

    async def _until_writable(self, descriptor: int) -> bool:
        """Wait until stdin is writable, and return True. Return False if the program responds without reading."""
        writable = self._writable = self._loop.create_future()
        self._loop.add_writer(descriptor, _resolve, writable)
        self._look_at_input(writable)
        try:
            await writable
        finally:
            if self._input_timer is not None:
                self._input_timer.cancel()
            if not self._left:  # after leave(), the descriptor is closed, and its number may be in use again
                self._loop.remove_writer(descriptor)
        return self._input_timer is not None

    def _look_at_input(self, writable: asyncio.Future[None], again: bool = False) -> None:
        """Stop waiting if the program has begun its response, and is not itself waiting for a slow client.

        Repeat the check at intervals.
        """
        if again and self.deadline.head_seen and not self._sending:
            self._input_timer = None
            _resolve(writable)
        else:
            self._input_timer = self._loop.call_later(UNREAD, self._look_at_input, writable, True)

    def _keep(self, view: memoryview) -> None:
        backlog = self._backlog
        if not view or backlog is None or self.program.stdin < 0:
            return
        if sum(map(len, backlog)) + len(view) > OVERFLOW:
            name = self.program.name
            log.warning("%s: the rest of the body is discarded; the program responds without reading it", name)
            self._close_stdin()
        else:
            backlog.append(view)

    def _write_backlog(self) -> None:
        """Write the kept input when the program reads again."""
        backlog = self._backlog
        while backlog:
            count = self.program.write(backlog[0])
            if count == 0:
                return
            if count is None:
                backlog.clear()
            else:
                self.deadline.moved = self._loop.time()
                backlog[0] = backlog[0][count:]
                if not backlog[0]:
                    del backlog[0]
        if count is None or self._body_over:
            self._close_stdin()
        else:
            self._loop.remove_writer(self.program.stdin)
            self._backlog = None

    def _close_stdin(self) -> None:
        if self._backlog is not None and self.program.stdin >= 0:
            self._loop.remove_writer(self.program.stdin)
        self.program.close("stdin")

    def end_of_body(self) -> None:
        """Close the program's stdin when all data has been written, including kept data."""
        self._body_over = True
        if not self._backlog:
            self._close_stdin()

    def head_seen(self) -> None:
        """Replace the `head` timeout with the `idle` timeout."""
        self.deadline.head_seen = True
        self._check_time()

    async def send(self, send: Send, message: dict[str, Any]) -> None:
        """Await the server's `send`. fail() can interrupt it.

        The timeouts continue while this waits for a slow client.
        """
        if self._failure is not None:
            raise self._failure
        self._sending = True
        try:
            await send(message)
        except OSError as error:  # ASGI HTTP 2.4: the client has disconnected
            raise ClientDisconnected(str(error)) from error
        except asyncio.CancelledError:
            if self._failure is not None and self._task is not None and not self._task.uncancel():
                raise self._failure from None
            raise
        finally:
            self._sending = False
        self.deadline.moved = self._loop.time()

    async def settle(self) -> int | None:
        """Wait at most SETTLE seconds for the exit. Return the exit status; None if the program is still running.

        The status is -N if signal N has killed the program.
        """
        if not self._look():
            until = self._loop.time() + SETTLE
            timer = self._loop.call_at(until, self._awake)
            try:
                # uvloop's clock counts whole milliseconds, so the timer may fire slightly before `until`.
                while not self.program.ended and self._failure is None and self._loop.time() + 0.001 < until:
                    await self._wait()
            finally:
                timer.cancel()
        self.program.log_stderr()
        return self.program.returncode

    def fail(self, error: BaseException) -> None:
        """Make the response fail: the current or next wait of the request's task raises `error`."""
        if self._failure is None:
            self._failure = error
            self._awake()
            _resolve(self._writable)
            if self._sending and self._task is not None:
                self._task.cancel()

    def leave(self, response_over: bool, kill: Kill) -> None:
        """Pass the program to the reaper. If its response has not ended, terminate it; `kill` is the reason."""
        try:
            if self._timer is not None:
                self._timer.cancel()
            if (self._writable is not None or self._backlog is not None) and self.program.stdin >= 0:
                self._loop.remove_writer(self.program.stdin)
                _resolve(self._writable)
            self._left = True
            for descriptor in [*self._watched]:
                self._unwatch(descriptor)
            self.program.close("stdin")
        finally:
            pass_to_reaper(self.program, response_over, self.deadline.left(self._loop.time()), kill)

    async def _wait(self) -> None:
        self._event = self._loop.create_future()
        self._in_a_row = 0
        await self._event

    def _awake(self) -> None:
        _resolve(self._event)

    def _on_stderr(self) -> None:
        if not self.program.log_stderr():
            self._unwatch(self.program.stderr)
            self.program.close("stderr")

    def _on_exited(self) -> None:
        if self._look():
            self.deadline.moved = self._loop.time()
            self._awake()

    def _look(self) -> bool:
        """Return True if the program has exited. If it has not, watch for its exit."""
        self._unwatch(self.program.exited)  # look() may change the descriptor
        if not self.program.look():
            self._watch(self.program.exited, self._on_exited)
        return self.program.ended

    def _watch(self, descriptor: int, callback: Callable[[], object]) -> None:
        if descriptor not in self._watched:
            self._loop.add_reader(descriptor, callback)
            self._watched.add(descriptor)

    def _unwatch(self, descriptor: int) -> None:
        if descriptor in self._watched:
            self._watched.discard(descriptor)
            self._loop.remove_reader(descriptor)

    def _check_time(self) -> None:
        """Check the timeouts, and schedule the next check. One timer serves all blocks of data."""
        if not self._attended:
            return
        if self._timer is not None:
            self._timer.cancel()
        due = self.deadline.due()
        if self._loop.time() < due:
            self._timer = self._loop.call_at(due, self._check_time) if due < NEVER else None
        elif self.deadline.lingering:
            self._lingered = True
            self._awake()
        else:
            self.fail(TimeoutError(self.deadline.description()))


def _resolve(waiter: asyncio.Future[None] | None) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)
