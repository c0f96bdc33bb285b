"""Start a CGI program as a child process with three pipes, in its own session; signal its process group; reap it.

Knows processes and signals. It must not know requests, responses, loops or servers. Starting a child does not copy this
process's memory, because CPython uses vfork() if there is no preexec_fn.
"""

# pathlib does not support bytes
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
    """Start a program in its own session, with default signals and only its three standard descriptors (7.2).

    stdin: if False, the program gets an empty stdin. folder: the working folder of the program. Default: the folder
    that contains the program. Raises OSError if the program cannot be run.
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
    """Start a process with these pipes, and close this process's copies of the program's ends. Raises OSError."""
    with NoBlockedSignals():
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
    except BaseException:  # no descriptor or thread was available to watch its exit
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    pipes.given()
    return child


class NoBlockedSignals:
    """A context in which this thread blocks no signals.

    A child inherits the signal mask of the thread that starts it, and uWSGI's threads block all signals. With such a
    mask, a program could not receive SIGALRM, SIGPIPE, or the SIGTERM of a timeout.
    """

    def __enter__(self) -> None:
        self._blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        if self._blocked:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, self._blocked)

    def __exit__(self, *_: object) -> None:
        if self._blocked:
            signal.pthread_sigmask(signal.SIG_BLOCK, self._blocked)


class Pipes:
    """The pipes of one program. The program's ends are blocking; this process's ends are non-blocking."""

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
        """Close this process's copies of the program's ends. Otherwise, an end-of-file would never arrive."""
        for descriptor in self.theirs:
            if descriptor >= 0:
                os.close(descriptor)

    def close(self) -> None:
        """Close all ends, because the program could not be started."""
        self.given()
        for descriptor in self.ours:
            if descriptor >= 0:
                os.close(descriptor)


class Child:
    """A child of this process."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        """Raises OSError if no descriptor or thread is available to watch the exit."""
        self.pid = process.pid
        self.returncode: int | None = None
        self.started = True
        self.exited = _exit_descriptor(process)
        self._process = process
        self._reaped = False
        # The child is already reaped: by other code of this process, by the kernel (if SIGCHLD is ignored), or by
        # look() on a system without waitid().
        self._taken = False

    def look(self) -> bool:
        """Return True if the process has exited."""
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
        """Signal the program's process group, unless its number may belong to another group by now."""
        if self._reaped or (self._taken and _exists(self.pid)):
            return
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError) as error:  # macOS reports EPERM if only zombies are left
            log.debug("cannot send a signal to process group %d: %s", self.pid, error)

    def reap(self) -> None:
        """Reap the process. Call it after the process has exited."""
        self._reaped = True
        self._process.wait()


def _exists(pid: int) -> bool:
    """Return True if a process with this id exists. No new process gets the number of an existing process group."""
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
        except OSError as error:  # a kernel before 5.3, a sandbox, or the process is already gone
            log.debug("cannot get a pidfd for a CGI program: %s", error)
    readable, writable = os.pipe()

    def wait() -> None:
        with contextlib.suppress(ChildProcessError):  # other code of this process has already reaped the child
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
