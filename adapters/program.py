"""A CGI program as a process: started, with three pipes, in a session of its own; signalled as a group; reaped.

Knows processes, descriptors and signals. It must not know requests, responses, loops or servers. Nothing here blocks
but the start itself, and nothing copies this process: CPython starts a child by vfork while no preexec_fn is given.
"""

# pathlib knows no octets
# ruff: noqa: PTH120
from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

log = logging.getLogger("gateways.cgi")

BLOCK = 65536  # octets read from a program at once: what a pipe holds
MAX_LINE, MAX_LOGGED = 2048, 64 * 1024  # octets of what one program writes to stderr, per line and in all


class Process(Protocol):
    """A process that has been started, by whatever means."""

    pid: int
    returncode: int | None  # once it has ended: exit status, or minus the number of the signal
    exited: int  # a descriptor that becomes readable when there is news

    def look(self) -> bool:
        """There is news: has it ended? Not reaped yet: until `reap`, its process group can be no stranger's."""

    def signal(self, number: signal.Signals) -> None:
        """Signal it and every descendant that has not left its process group."""

    def reap(self) -> None:
        """It has ended: forget it."""


class Program:
    """A running program and this side's ends of its pipes, non-blocking; -1 once closed."""

    def __init__(self, name: str, process: Process, stdin: int, stdout: int, stderr: int) -> None:
        self.name = name
        self.pid = process.pid
        self.stdin, self.stdout, self.stderr, self.exited = stdin, stdout, stderr, process.exited
        self.ended = False  # the program itself; its children may go on
        self.at_end = False  # of its output, which its children may hold open, too
        self.on_reaped: Callable[[], None] | None = None
        self._process = process
        self._said = StderrLog(name)

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
        self.ended = self.ended or self._process.look()
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


class Child:
    """A child of this process."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.pid = process.pid
        self.returncode: int | None = None
        self.exited = _exit_descriptor(process)
        self._process = process
        self._reaped = False

    def look(self) -> bool:
        """Whether it has ended."""
        if hasattr(os, "waitid"):
            try:
                result = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:  # somebody else in this process waits for whatever child ends
                self._reaped = True
                self.returncode = self._process.wait()
                return True
            if result is None:
                return False
            self.returncode = result.si_status if result.si_code == os.CLD_EXITED else -result.si_status
            return True
        self.returncode = self._process.poll()
        self._reaped = self.returncode is not None
        return self._reaped

    def signal(self, number: signal.Signals) -> None:
        """Signal its process group, unless it has been reaped: the number could be another's by now."""
        if not self._reaped:
            try:
                os.killpg(self._process.pid, number)
            except (ProcessLookupError, PermissionError) as error:  # macOS: EPERM when only zombies are left
                log.debug("no signal to process group %d: %s", self._process.pid, error)

    def reap(self) -> None:
        """Collect it; it has ended."""
        self._reaped = True
        self._process.wait()


def _exit_descriptor(process: subprocess.Popen[bytes]) -> int:
    if hasattr(os, "pidfd_open"):
        try:
            return os.pidfd_open(process.pid)
        except OSError as error:  # a kernel before 5.3, a sandbox without it, or the process is gone already
            log.debug("no pidfd: %s", error)
    readable, writable = os.pipe()

    def wait() -> None:
        with contextlib.suppress(ChildProcessError):  # somebody else waited for it: it has ended
            if hasattr(os, "waitid"):
                os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
            else:
                process.wait()
        os.close(writable)

    threading.Thread(target=wait, name=f"cgi-exit-{process.pid}", daemon=True).start()
    return readable


def spawn(arguments: Sequence[bytes], environment: Mapping[bytes, bytes], stdin: bool) -> Program:
    """Start a program in its own folder and session, with default signals and no descriptor but its three (7.2).

    Without `stdin` it reads an end-of-file at once. Raises OSError when it cannot be run.
    """
    pipes = Pipes(stdin)
    try:
        process = subprocess.Popen(
            arguments,
            stdin=pipes.theirs[0],
            stdout=pipes.theirs[1],
            stderr=pipes.theirs[2],
            env=environment,
            cwd=os.path.dirname(arguments[0]),
            start_new_session=True,
        )
    except BaseException:
        pipes.close()
        raise
    pipes.given()
    return Program(os.fsdecode(arguments[0]), Child(process), *pipes.ours)


class Pipes:
    """The pipes of one program: its ends, which block, and ours, which do not."""

    def __init__(self, stdin: bool) -> None:
        self.ours: list[int] = []
        self.theirs: list[int] = []
        try:
            theirs, ours = os.pipe() if stdin else (subprocess.DEVNULL, -1)
            self._add(ours, theirs)
            for _ in ("stdout", "stderr"):
                self._add(*os.pipe())
        except BaseException:
            self.close()
            raise

    def _add(self, ours: int, theirs: int) -> None:
        self.ours.append(ours)
        self.theirs.append(theirs)
        if ours >= 0:
            os.set_blocking(ours, False)

    def given(self) -> None:
        """The program has its ends: close ours of them, or it would never see an end-of-file."""
        for descriptor in self.theirs:
            if descriptor >= 0:
                os.close(descriptor)

    def close(self) -> None:
        """There is no program: close all."""
        self.given()
        for descriptor in self.ours:
            if descriptor >= 0:
                os.close(descriptor)


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
            log.warning("%s: %s", self._name, text if text.isprintable() else _printable(text))


def _printable(text: str) -> str:
    """Without what would forge a line of the log or command a terminal."""
    return "".join(char if char.isprintable() or char == "\t" else repr(char)[1:-1] for char in text)
