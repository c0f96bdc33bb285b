"""A running CGI program that a thread of the server controls: poll its pipes, check its timeouts, detect its end.

Knows descriptors, poll() and the clock. It must not know the meaning of the data, or WSGI.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

from ..errors import ClientDisconnected
from .kills import Kill, reason
from .limits import NEVER, SETTLE, Deadline, Timeouts
from .polling import new_poll
from .program import BLOCK, Program
from .reaper import pass_to_reaper

# Interval between checks for a disconnect if the server does not expose the client's socket, in seconds.
LOOK = 0.5
# Time in seconds during which a client that has shut down its sending side still gets its response (RFC 9112, 9.6). The
# time is limited because a client that has closed its socket looks the same until it receives data.
HALF_CLOSED = 2.0
_HUNG_UP = getattr(select, "POLLRDHUP", 0)  # POLLHUP and POLLERR are always reported


class Readable(Protocol):
    """A request body whose read() does not block."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes; b"" at the end."""


class Client(NamedTuple):
    """How to detect a disconnect: a socket to watch, a function to call, both, or neither."""

    socket: int = -1
    has_left: Callable[[], bool] | None = None


class ProgramInThread:
    """One program that serves the request of the current thread. The caller must always call `leave`.

    While `read` or `settle` waits, `body` is written to the program's stdin whenever the program accepts input.
    """

    def __init__(self, program: Program, timeouts: Timeouts, body: Readable | None, client: Client) -> None:
        self.program = program
        self.deadline = Deadline(timeouts, time.monotonic())
        self._body = body
        self._block = memoryview(b"")
        self._client = client
        self._has_left = client.has_left
        self._is_cut = False  # the client's connection has failed, so no data can reach the client
        self._poll = new_poll()
        self._streams: dict[int, str] = {}
        self._look_at = time.monotonic() + LOOK if client.has_left else NEVER
        try:
            self._watch("stdout", select.POLLIN)
            self._watch("stderr", select.POLLIN)
            self._watch("exited", select.POLLIN)
            if body is not None:
                self._watch("stdin", select.POLLOUT)
            if client.socket >= 0:
                self._poll.register(client.socket, _HUNG_UP)
        except BaseException as error:
            self.leave(False, reason(error))
            raise

    def read(self) -> bytes:
        """Return the next output of the program; b"" at its end. Raises TimeoutError and ClientDisconnected."""
        deadline = self.deadline
        while True:
            self._check_client()
            deadline.lingering = self.program.ended  # children may have the pipe open; their output counts too (6.4)
            due = deadline.due()
            if self._wait(min(due, self._look_at)) and (data := self.program.read()) is not None:
                deadline.lingering = False
                deadline.moved = time.monotonic()
                return data
            if time.monotonic() >= due:
                if deadline.lingering:
                    return b""
                raise TimeoutError(deadline.description())

    def is_silent(self, seconds: float) -> bool:
        """Wait up to `seconds` for output. Return True if the program is still running and has written nothing."""
        until = min(time.monotonic() + seconds, self.deadline.due())
        while time.monotonic() < until:
            if self._wait(until) or self.program.ended:
                return False
        return True

    def settle(self) -> int | None:
        """Wait at most SETTLE seconds for the exit. Return the exit status; None if the program is still running.

        The status is -N if signal N has killed the program.
        """
        program = self.program
        if not program.ended and not program.look():
            until = time.monotonic() + SETTLE
            self._forget("stdout")  # poll() would report its end-of-file repeatedly
            self._forget_client()  # after a complete response, a disconnect is normal
            while not program.ended and time.monotonic() < until:
                self._wait(until)
        program.log_stderr()
        return program.returncode

    def sent(self) -> None:
        """Restart the idle timeout, because the server has taken the output."""
        self.deadline.moved = time.monotonic()

    def client_is_gone(self) -> bool:
        """Return True if no data can reach the client, and the server has a function that reports disconnects.

        Such a server expects no exception after a disconnect. A client that has only shut down its sending side has not
        disconnected, because it can still read.
        """
        return self._has_left is not None and (self._is_cut or self._has_left())

    def leave(self, response_over: bool, kill: Kill) -> None:
        """Pass the program to the reaper. If its response has not ended, terminate it; `kill` is the reason."""
        pass_to_reaper(self.program, response_over, self.deadline.left(time.monotonic()), kill)

    def _watch(self, stream: str, events: int) -> None:
        descriptor = getattr(self.program, stream)
        self._streams[descriptor] = stream
        self._poll.register(descriptor, events)

    def _forget(self, stream: str) -> None:
        descriptor = getattr(self.program, stream)
        if self._streams.pop(descriptor, None):
            self._poll.unregister(descriptor)

    def _check_client(self) -> None:
        if time.monotonic() >= self._look_at:
            self._look_at += LOOK
            if self._client.has_left is None or self._client.has_left():
                raise ClientDisconnected("the client has disconnected")

    def _client_hung_up(self, events: int) -> None:
        """Handle an event of the client's socket: its sending side was shut down, or the connection has failed."""
        connection = self._client.socket
        self._forget_client()
        if events & (select.POLLERR | select.POLLHUP | select.POLLNVAL):
            self._is_cut = True
            self._look_at = time.monotonic()
        else:
            self._client, self._look_at = Client(connection), time.monotonic() + HALF_CLOSED
            self._poll.register(connection, 0)

    def _forget_client(self) -> None:
        if self._client.socket >= 0:
            self._poll.unregister(self._client.socket)
        self._client, self._look_at = Client(), NEVER

    def _wait(self, until: float) -> bool:
        """Wait for events, at most until `until`, and handle them. Return True if stdout may have output."""
        seconds = until - time.monotonic()
        output = False
        for descriptor, events in self._poll.poll(max(0.0, seconds) * 1000 + 1 if seconds < NEVER else None):
            stream = self._streams.get(descriptor)
            if stream == "stdout":
                output = True
            elif stream == "stdin":
                self._write()
            elif stream == "stderr":
                if not self.program.log_stderr():
                    self._close("stderr")
            elif stream == "exited":
                if self.program.look():
                    self.deadline.moved = time.monotonic()
                    self._forget("exited")
            elif stream is None:
                self._client_hung_up(events)
        return output

    def _write(self) -> None:
        if not self._block and self._body is not None:
            self._block = memoryview(self._body.read(BLOCK))
        count = self.program.write(self._block) if self._block else None
        if count is None:  # all input has been written, or the program has closed its stdin
            self._close("stdin")
        else:
            self._block = self._block[count:]
            self.deadline.moved = time.monotonic()

    def _close(self, stream: str) -> None:
        self._forget(stream)
        self.program.close(stream)
