"""How a CGI program is started: a child with three pipes, in a session of its own; signalled as a group; reaped.

Knows processes and signals. It must not know requests, responses, loops or servers. Nothing copies this process:
CPython starts a child by vfork while no preexec_fn is given.
"""

# pathlib knows no octets
# ruff: noqa: PTH120
from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence

from .log import log
from .program import Program


def spawn(
    arguments: Sequence[bytes], environment: Mapping[bytes, bytes], stdin: bool, folder: bytes | None = None
) -> Program:
    """Start a program in a session of its own, with default signals and no descriptor but its three (7.2).

    folder: its working folder. Default: the one that it is in. Without `stdin` it reads an end-of-file at once.

    Raises OSError when it cannot be run.
    """
    pipes = Pipes(stdin)
    try:
        child = start(arguments, environment, pipes, folder)
    except BaseException:
        pipes.close()
        raise
    return Program(os.fsdecode(arguments[0]), child, *pipes.ours)


def start(
    arguments: Sequence[bytes], environment: Mapping[bytes, bytes], pipes: Pipes, folder: bytes | None = None
) -> Child:
    """Start a process with these pipes, and close what of them is the process's alone. Raises OSError."""
    process = subprocess.Popen(
        arguments,
        stdin=pipes.theirs[0],
        stdout=pipes.theirs[1],
        stderr=pipes.theirs[2],
        env=environment,
        cwd=folder or os.path.dirname(arguments[0]),
        start_new_session=True,
    )
    try:
        child = Child(process)
    except BaseException:  # its end cannot be watched: no descriptor or thread is left
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    pipes.given()
    return child


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


class Child:
    """A child of this process."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        """Raises OSError where there is no descriptor or thread to watch its end by."""
        self.pid = process.pid
        self.returncode: int | None = None
        self.started = True
        self.exited = _exit_descriptor(process)
        self._process = process
        self._reaped = False
        self._taken = False  # another part of this process waited for it, or the kernel reaped it (SIGCHLD is ignored)

    def look(self) -> bool:
        """Whether it has ended."""
        if hasattr(os, "waitid"):
            try:
                result = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                self._taken = True
                self.returncode = self._process.wait()
                return True
            if result is None:
                return False
            self.returncode = result.si_status if result.si_code == os.CLD_EXITED else -result.si_status
            return True
        self.returncode = self._process.poll()
        self._taken = self.returncode is not None
        return self._taken

    def signal(self, number: signal.Signals) -> None:
        """Signal its process group, unless the group's number could be another's by now."""
        if self._reaped or (self._taken and _exists(self.pid)):
            return
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError) as error:  # macOS: EPERM when only zombies are left
            log.debug("no signal to process group %d: %s", self.pid, error)

    def reap(self) -> None:
        """Collect it; it has ended."""
        self._reaped = True
        self._process.wait()


def _exists(pid: int) -> bool:
    """Whether a process has this number. While a process group has it, no new process can get it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _exit_descriptor(process: subprocess.Popen[bytes]) -> int:
    if hasattr(os, "pidfd_open"):
        try:
            return os.pidfd_open(process.pid)
        except OSError as error:  # a kernel before 5.3, a sandbox without it, or the process is gone already
            log.debug("no pidfd: %s", error)
    readable, writable = os.pipe()

    def wait() -> None:
        with contextlib.suppress(ChildProcessError):  # another part of this process waited for it: it has ended
            if hasattr(os, "waitid"):
                os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
            else:
                process.wait()
        os.close(writable)

    try:
        threading.Thread(target=wait, name=f"cgi-exit-{process.pid}", daemon=True).start()
    except RuntimeError as error:
        os.close(readable)
        os.close(writable)
        raise OSError(errno.EAGAIN, str(error)) from error
    return readable
