"""A running CGI program: three pipes that are read and written without waiting, an end that is noticed, a log.

Knows descriptors. It must not know requests, responses, loops or servers, nor how a process is started or signalled.
Nothing here blocks.
"""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable
from typing import Protocol

log = logging.getLogger("gateways.cgi")

BLOCK = 65536  # octets read from a program at once: what a pipe holds
MAX_LINE, MAX_LOGGED = 2048, 64 * 1024  # octets of what one program writes to stderr, per line and in all


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
    """A running program and this side's ends of its pipes, non-blocking; -1 once closed."""

    def __init__(self, name: str, process: Process, stdin: int, stdout: int, stderr: int) -> None:
        self.name = name
        self.stdin, self.stdout, self.stderr, self.exited = stdin, stdout, stderr, process.exited
        self.ended = False  # the program itself; its children may go on
        self.at_end = False  # of its output, which its children may hold open, too
        self.on_ended: Callable[[], None] | None = None  # who observes it: its children may be waited for after that
        self.on_reaped: Callable[[], None] | None = None
        self._process = process
        self._said = StderrLog(name)

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
        """`exited` is readable: whether the program has ended."""
        if not self.ended and self._process.look():
            self.ended = True
            if self.on_ended is not None:
                self.on_ended()
        return self.ended

    def signal(self, number: signal.Signals) -> None:
        """Signal the program and every descendant that has not left its process group."""
        self._process.signal(number)

    def close(self, stream: str) -> None:
        """Close `stdin`, `stdout`, `stderr` or `exited`; again does nothing."""
        descriptor = getattr(self, stream)
        if descriptor >= 0:
            setattr(self, stream, -1)
            os.close(descriptor)

    def reap(self) -> None:
        """The program has ended, and nothing more is wanted of it."""
        self.log_stderr()
        self._said.end()
        self._process.reap()
        for stream in ("stdin", "stdout", "stderr", "exited"):
            self.close(stream)
        if self.on_reaped is not None:
            self.on_reaped()


class StderrLog:
    """What a program writes to stderr, line by line to the log, bounded."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._line = b""
        self._left = MAX_LOGGED
        self._dropped = 0

    def feed(self, data: bytes) -> None:
        """The next octets."""
        lines = (self._line + data).split(b"\n")
        self._line = lines.pop()
        if len(self._line) > MAX_LINE:
            lines.append(self._line)
            self._line = b""
        for line in lines:
            self._write(line)

    def end(self) -> None:
        """There are no more."""
        self._write(self._line)
        if self._dropped:
            log.warning("%s: %d more octets on stderr are not logged", self._name, self._dropped)

    def _write(self, line: bytes) -> None:
        if self._left <= 0:
            self._dropped += len(line)
        elif line.strip():
            self._left -= len(line)
            text = line[:MAX_LINE].decode("utf-8", "backslashreplace")
            log.warning("%s: %s", self._name, printable(text))


def printable(text: str) -> str:
    """The text without what would forge a line of the log or command a terminal."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char == "\t" else repr(char)[1:-1] for char in text)
