"""A CGI program as a process: started, with three pipes, in a session of its own; signalled as a group; reaped.

Knows processes, descriptors and signals. It must not know requests, responses, loops or servers. Nothing here blocks
but the start itself, and nothing copies this process: CPython starts a child by vfork while no preexec_fn is given.
"""

# pathlib knows no octets
# ruff: noqa: PTH100, PTH110, PTH112, PTH116, PTH120
from __future__ import annotations

import logging
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence

log = logging.getLogger("gateways.cgi")

MAX_LINE, MAX_LOGGED = 2048, 64 * 1024  # of what one program writes to stderr, per line and in all


class Program:
    """One running program. `stdin`, `stdout` and `stderr` are this side's ends, non-blocking, or -1 once closed.

    `exited` becomes readable when the program itself (not its children) has ended; it is not reaped before `reap`,
    so that its process group can be signalled without ever meeting a stranger's.
    """

    def __init__(self, process: subprocess.Popen[bytes], stdin: int, stdout: int, stderr: int, name: str) -> None:
        self.pid = process.pid
        self.stdin, self.stdout, self.stderr = stdin, stdout, stderr
        self.name = name
        self.returncode: int | None = None
        self.on_reaped: Callable[[], None] | None = None
        self._process = process
        self._said = StderrLog(name)
        self.exited = _exit_descriptor(process)

    def close(self, stream: str) -> None:
        """Close `stdin`, `stdout`, `stderr` or `exited`, once."""
        descriptor = getattr(self, stream)
        if descriptor >= 0:
            setattr(self, stream, -1)
            os.close(descriptor)

    def log_stderr(self) -> bool:
        """Log what stderr holds now; False once it is at its end, and ready to be closed."""
        while self.stderr >= 0:
            try:
                data = os.read(self.stderr, 65536)
            except BlockingIOError:
                return True
            if not data:
                break
            self._said.feed(data)
        return False

    def discard_stdout(self) -> bool:
        """Read away what stdout holds now; False once it is at its end, and ready to be closed."""
        while self.stdout >= 0:
            try:
                if not os.read(self.stdout, 65536):
                    break
            except BlockingIOError:
                return True
        return False

    def signal(self, number: signal.Signals) -> None:
        """Signal the program and every descendant that has not left its process group."""
        if self.returncode is None and self._process.returncode is None:
            try:
                os.killpg(self.pid, number)
            except (ProcessLookupError, PermissionError) as error:
                log.debug("%s: no signal to process group %d: %s", self.name, self.pid, error)

    def status(self) -> int | None:
        """The exit status, or minus the signal number; None while it runs. Does not reap."""
        if self.returncode is not None:
            return self.returncode
        if self.exited >= 0 and hasattr(os, "waitid"):
            try:
                result = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:  # somebody else waits for all children of this process
                return self._process.poll()
            if result is None:
                return None
            return result.si_status if result.si_code == os.CLD_EXITED else -result.si_status
        return self._process.poll()

    def reap(self) -> int:
        """Collect the program's exit status and close what is open. It must have exited, or this waits for it."""
        if self.returncode is None:
            self.log_stderr()
            self.returncode = self._process.wait()
            self._said.end()
            for stream in ("stdin", "stdout", "stderr", "exited"):
                self.close(stream)
            if self.on_reaped:
                self.on_reaped()
        return self.returncode


class StderrLog:
    """What a program writes to stderr, in whole lines to the log, bounded."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._line = b""
        self._left = MAX_LOGGED
        self._dropped = 0

    def feed(self, data: bytes) -> None:
        lines = (self._line + data).split(b"\n")
        self._line = lines.pop()
        if len(self._line) > MAX_LINE:
            lines.append(self._line)
            self._line = b""
        for line in lines:
            self._write(line)

    def _write(self, line: bytes) -> None:
        if not line.strip():
            return
        if self._left <= 0:
            self._dropped += len(line)
            return
        self._left -= len(line)
        text = line[:MAX_LINE].decode("utf-8", "backslashreplace")
        log.warning("%s: %s", self._name, "".join(c if c.isprintable() or c == "\t" else repr(c)[1:-1] for c in text))

    def end(self) -> None:
        if self._line:
            self._write(self._line)
        if self._dropped:
            log.warning("%s: %d more octets on stderr are not logged", self._name, self._dropped)


def spawn(arguments: Sequence[bytes], environment: Mapping[bytes, bytes], stdin: bool) -> Program:
    """Start a program in its own folder and session, with default signals and no descriptor but its three (7.2).

    Raises OSError when it cannot be run.
    """
    opened: list[int] = []
    try:
        ends = [os.pipe() for _ in range(3 if stdin else 2)]
        opened += [end for pair in ends for end in pair]
        (stdout, out), (stderr, err) = ends[:2]
        inner, outer = ends[2] if stdin else (subprocess.DEVNULL, -1)
        process = subprocess.Popen(
            arguments,
            stdin=inner,
            stdout=out,
            stderr=err,
            env=environment,
            cwd=os.path.dirname(arguments[0]),
            start_new_session=True,
        )
    except BaseException:
        for descriptor in opened:
            os.close(descriptor)
        raise
    for descriptor in (out, err, inner):
        if descriptor >= 0:
            os.close(descriptor)
    for descriptor in (stdout, stderr, outer):
        if descriptor >= 0:
            os.set_blocking(descriptor, False)
    return Program(process, outer, stdout, stderr, os.fsdecode(arguments[0]))


def _exit_descriptor(process: subprocess.Popen[bytes]) -> int:
    """A descriptor that becomes readable when the process ends."""
    if hasattr(os, "pidfd_open"):
        try:
            return os.pidfd_open(process.pid)
        except OSError as error:  # a kernel before 5.3, or a sandbox without it
            log.debug("no pidfd: %s", error)
    readable, writable = os.pipe()

    def wait() -> None:
        if hasattr(os, "waitid"):
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        else:
            process.wait()
        os.close(writable)

    threading.Thread(target=wait, name=f"cgi-exit-{process.pid}", daemon=True).start()
    return readable
