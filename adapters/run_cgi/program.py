"""A running CGI program: three non-blocking pipes, detection of its exit, and a log.

Knows descriptors. It must not know requests, responses, loops or servers, or how a process is started or signalled. No
function here blocks. A program belongs to the process that started it. In a fork of that process, no method signals the
program or waits for it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable
from typing import Protocol

from .kills import Kill, ending
from .log import StderrLog
from .log import log as log  # noqa: PLC0414 (run_cgi.warm imports it from here)

BLOCK = 65536  # size of one read from a program, in bytes; this is the capacity of a pipe


class Process(Protocol):
    """A process, whether it was started as a child or by a warm interpreter."""

    pid: int  # 0 while unknown
    returncode: int | None  # the exit status, or minus the number of the signal that ended it; None before its exit
    exited: int  # a descriptor that becomes readable when the state of the process changes
    started: bool  # True if the process is known to run; if its start fails, `exited` becomes readable

    def look(self) -> bool:
        """Return True if the process has exited. It is not reaped, so its process group number stays reserved.

        After this call, `exited` may be a different descriptor, which must then be watched.
        """

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process, and to every descendant that has not left its process group."""

    def reap(self) -> None:
        """Reap the process. Call it after the process has exited."""


class Program:
    """A running program, and this process's ends of its pipes: non-blocking descriptors, or -1 if closed.

    on_ended: called when the program has exited. Its children may still run.
    on_killed: called with the reason when the host begins to terminate the program.
    on_reaped: called when the program has been reaped, and no longer counts as running.
    """

    def __init__(self, name: str, process: Process, stdin: int, stdout: int, stderr: int) -> None:
        self.name = name
        self.stdin, self.stdout, self.stderr, self.exited = stdin, stdout, stderr, process.exited
        self.ended = False  # the program itself has exited; its children may still run
        self.at_end = False  # stdout has ended, because the program and its children have closed it
        self.discarded = 0  # number of discarded bytes of output
        self.killed: Kill | None = None
        self.on_ended: Callable[[], None] | None = None
        self.on_killed: Callable[[Kill], None] | None = None
        self.on_reaped: Callable[[], None] | None = None
        self.born = time.monotonic()
        self._owner = os.getpid()
        self._process = process
        self._stderr_log = StderrLog(name)
        self._exit_logged = False

    @property
    def is_ours(self) -> bool:
        """True if this process started the program. A fork of this process has only copies of the descriptors."""
        return self._owner == os.getpid()

    @property
    def started(self) -> bool:
        """True if the program is known to run.

        While this is False, this process may still have the program's ends of the pipes open. The pipes then report no
        end-of-file, even if the program has exited. `look` closes these ends.
        """
        return self._process.started

    @property
    def pid(self) -> int:
        """The number of the process, its session and its process group; 0 if not known yet."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit status, or minus the number of the signal that killed the program; None before its exit."""
        return self._process.returncode

    def read(self) -> bytes | None:
        """Return the next output; b"" at its end; None if no output has arrived yet."""
        if self.at_end or self.stdout < 0:
            return b""
        try:
            data = os.read(self.stdout, BLOCK)
        except BlockingIOError:
            return None
        self.at_end = not data
        return data

    def write(self, data: memoryview) -> int | None:
        """Write to stdin. Return the number of bytes written; None if the program has closed its stdin.

        A program need not read its input (4.2).
        """
        try:
            return os.write(self.stdin, data)
        except BlockingIOError:
            return 0
        except BrokenPipeError:
            return None

    def discard(self) -> bool:
        """Discard the available output, up to a limit per call. Return False at end-of-file."""
        for _ in range(16):
            if (data := self.read()) is None:
                return True
            if not data:
                return False
            self.discarded += len(data)
        return True

    def log_stderr(self) -> bool:
        """Log the available stderr, up to a limit per call. Return False at end-of-file."""
        for _ in range(16):
            try:
                data = os.read(self.stderr, BLOCK) if self.stderr >= 0 else b""
            except BlockingIOError:
                return True
            if not data:
                return False
            self._stderr_log.feed(data)
        return True

    def log_exit(self) -> None:
        """Log a failed exit, once. If the program was terminated, the log already has the reason."""
        if self.returncode and self.killed is None and not self._exit_logged:
            self._exit_logged = True
            log.warning("%s: %s", self.name, ending(self.returncode))

    def look(self) -> bool:
        """Return True if the program has exited. Call it when `exited` has become readable."""
        if not self.ended and (not self.is_ours or self._process.look()):
            self.ended = True
            if self.on_ended is not None:
                self.on_ended()
        return self.ended

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program, and to every descendant that has not left its process group."""
        if self.is_ours:
            self._process.signal(number)

    def terminate(self, kill: Kill) -> None:
        """Send SIGTERM to the program's process group. The first call also logs the reason."""
        if not self.is_ours:
            return
        if self.killed is None:
            self.killed = kill
            age = time.monotonic() - self.born
            which = ": its background processes were" if self.ended else " was"
            log.log(
                kill.level,
                "%s (process %d)%s terminated after %.2f s: %s",
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
        """Send SIGKILL to the remaining processes of the program's group."""
        if self.is_ours:
            if not self.ended:
                log.warning("%s (process %d) did not end on SIGTERM and was killed", self.name, self.pid)
            self._process.signal(signal.SIGKILL)

    def close(self, stream: str) -> None:
        """Close `stdin`, `stdout`, `stderr` or `exited`, unless it is already closed."""
        descriptor = getattr(self, stream)
        if descriptor >= 0:
            setattr(self, stream, -1)
            os.close(descriptor)

    def abandon(self) -> None:
        """Close this process's copies of the descriptors, because another process has started the program."""
        self.on_ended = self.on_killed = self.on_reaped = None
        for stream in ("stdin", "stdout", "stderr", "exited"):
            with contextlib.suppress(OSError):
                self.close(stream)

    def collect(self) -> None:
        """Reap the program after its exit. Close its descriptors except stderr, to which children may still write."""
        try:
            self._process.reap()
            self.log_exit()
        finally:
            try:
                for stream in ("stdin", "stdout", "exited"):
                    self.close(stream)
            finally:
                if self.on_reaped is not None:
                    self.on_reaped()

    def reap(self) -> None:
        """Reap the program after its exit, log the rest of its stderr, and close all its descriptors."""
        try:
            self.finish()
        finally:
            self.collect()

    def finish(self) -> None:
        """Log the rest of stderr, and close it."""
        try:
            self.log_stderr()
            self._stderr_log.end()
        finally:
            self.close("stderr")
