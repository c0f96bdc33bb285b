"""A running CGI program: three pipes that are read and written without waiting, an end that is noticed, a log.

Knows descriptors. It must not know requests, responses, loops or servers, nor how a process is started or signalled.
Nothing here blocks. A program belongs to the process that started it: in a fork of that process nothing here signals it
or waits for it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable
from typing import Protocol

from .kills import Kill
from .log import StderrLog
from .log import log as log  # noqa: PLC0414 (run_cgi.warm finds it here)

BLOCK = 65536  # octets read from a program at once: what a pipe holds


class Process(Protocol):
    """A process that has been started, by whatever means."""

    pid: int  # 0 while it is not known
    returncode: int | None  # once it has ended: exit status, or minus the number of the signal
    exited: int  # a descriptor that becomes readable when there is news
    started: bool  # whether it runs for certain; if not, that will be news, too

    def look(self) -> bool:
        """There is news: has it ended? Not reaped yet: until `reap`, its process group can be no stranger's.

        `exited` may mean something else afterwards: who waits for it must begin to wait anew.
        """

    def signal(self, number: signal.Signals) -> None:
        """Signal it and every descendant that has not left its process group."""

    def reap(self) -> None:
        """It has ended: forget it."""


class Program:
    """A running program and this side's ends of its pipes, non-blocking; -1 once closed.

    on_ended: called when the program has ended; its children may still run.
    on_killed: called with the reason when the host begins to end it.
    on_reaped: called when it has been reaped, and counts no more as running.
    """

    def __init__(self, name: str, process: Process, stdin: int, stdout: int, stderr: int) -> None:
        self.name = name
        self.stdin, self.stdout, self.stderr, self.exited = stdin, stdout, stderr, process.exited
        self.ended = False  # the program itself; its children may go on
        self.at_end = False  # of its output, which its children may hold open, too
        self.discarded = 0  # octets of it that were read away
        self.killed: Kill | None = None
        self.on_ended: Callable[[], None] | None = None
        self.on_killed: Callable[[Kill], None] | None = None
        self.on_reaped: Callable[[], None] | None = None
        self.born = time.monotonic()  # seconds
        self._owner = os.getpid()
        self._process = process
        self._said = StderrLog(name)

    @property
    def is_ours(self) -> bool:
        """Whether this process started it. A fork of that process has only copies of its descriptors."""
        return self._owner == os.getpid()

    @property
    def started(self) -> bool:
        """Whether it runs for certain. If not, there may be no end-of-file on its pipes before `look` says so."""
        return self._process.started

    @property
    def pid(self) -> int:
        """The process's number, which is its session's and its group's, too; 0 while it is not known."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """Once it has ended: its exit status, or minus the number of the signal that killed it."""
        return self._process.returncode

    def read(self) -> bytes | None:
        """The next of its output, b"" at the end, None while there is none."""
        if self.at_end or self.stdout < 0:
            return b""
        try:
            data = os.read(self.stdout, BLOCK)
        except BlockingIOError:
            return None
        self.at_end = not data
        return data

    def write(self, data: memoryview) -> int | None:
        """How much of `data` the program's stdin took; None once nobody reads there (nobody needs to: 4.2)."""
        try:
            return os.write(self.stdin, data)
        except BlockingIOError:
            return 0
        except BrokenPipeError:
            return None

    def discard(self) -> bool:
        """Read output away, a little at a time; False at its end."""
        for _ in range(16):
            if (data := self.read()) is None:
                return True
            if not data:
                return False
            self.discarded += len(data)
        return True

    def log_stderr(self) -> bool:
        """Log what stderr holds now, a little at a time; False at its end."""
        for _ in range(16):
            try:
                data = os.read(self.stderr, BLOCK) if self.stderr >= 0 else b""
            except BlockingIOError:
                return True
            if not data:
                return False
            self._said.feed(data)
        return True

    def look(self) -> bool:
        """Return whether the program has ended; `exited` has become readable."""
        if not self.ended and (not self.is_ours or self._process.look()):
            self.ended = True
            if self.on_ended is not None:
                self.on_ended()
        return self.ended

    def signal(self, number: signal.Signals) -> None:
        """Signal the program and every descendant that has not left its process group."""
        if self.is_ours:
            self._process.signal(number)

    def terminate(self, kill: Kill) -> None:
        """Send SIGTERM to the program's group, and log why, once."""
        if not self.is_ours:
            return
        if self.killed is None:
            self.killed = kill
            age = time.monotonic() - self.born
            which = "the processes that it left were" if self.ended else "it was"
            log.log(
                kill.level,
                "%s (process %d): %s terminated after %.2f s: %s",
                self.name,
                self.pid,
                which,
                age,
                kill.text,
            )
            if self.on_killed is not None:
                self.on_killed(kill)
        self._process.signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL to what is left of the program's group."""
        if self.is_ours:
            if not self.ended:
                log.warning("%s (process %d): it did not end on SIGTERM, and was killed", self.name, self.pid)
            self._process.signal(signal.SIGKILL)

    def close(self, stream: str) -> None:
        """Close `stdin`, `stdout`, `stderr` or `exited`; again does nothing."""
        descriptor = getattr(self, stream)
        if descriptor >= 0:
            setattr(self, stream, -1)
            os.close(descriptor)

    def abandon(self) -> None:
        """Close this process's copies of the descriptors of a program that another process started."""
        self.on_ended = self.on_killed = self.on_reaped = None
        for stream in ("stdin", "stdout", "stderr", "exited"):
            with contextlib.suppress(OSError):
                self.close(stream)

    def collect(self) -> None:
        """The program has ended, with its output: reap it. What its children write to stderr can still be read."""
        try:
            self._process.reap()
        finally:
            try:
                for stream in ("stdin", "stdout", "exited"):
                    self.close(stream)
            finally:
                if self.on_reaped is not None:
                    self.on_reaped()

    def reap(self) -> None:
        """The program has ended, and nothing more is wanted of it."""
        try:
            self.finish()
        finally:
            self.collect()

    def finish(self) -> None:
        """Log the rest of stderr and close it."""
        try:
            self.log_stderr()
            self._said.end()
        finally:
            self.close("stderr")
