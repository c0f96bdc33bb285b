"""A warm interpreter, as the host sees it: a process that runs zygote.py, and forks a process for each request.

Knows sockets, packets and descriptors. It must not know requests, servers or loops, or which modules a program needs.

A request is not lost if the interpreter dies before the program runs. The host keeps the program's ends of the pipes
until the forked process has confirmed that it received them. Without a confirmation, the host starts the program
"cold": as a new process.
"""

# pathlib does not support bytes
# ruff: noqa: PTH100, PTH118, PTH120
from __future__ import annotations

import array
import contextlib
import errno
import functools
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from ..limits import NEVER
from ..polling import new_poll
from ..process import Child, NoBlockedSignals, Pipes, start
from ..program import Program, log
from ..reaper import pass_to_reaper

READY_WITHIN = 60.0  # timeout for the imports of an interpreter, in seconds
RETIRE_WITHIN = 1.0  # timeout for sending the packet that retires an interpreter, in seconds
PACKET = 1 << 20
ZYGOTE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "zygote.py")

Variables = Mapping[bytes, bytes]
Report = Callable[["WarmInterpreter", str, list[str], list[str]], None]


class Imports(NamedTuple):
    """The modules that an interpreter imports, and the variables that the program sets.

    named: the program's own modules that may be shared. libraries: other modules to import.
    """

    named: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()

    def packet(self) -> bytes:
        """Return the three lists in the format that zygote.py reads."""
        return "\1".join("\0".join(names) for names in self).encode("utf-8", "replace")


class WarmInterpreter:
    """The interpreter's process, and the connection to it. `command`: the executable, and its command line as words."""

    def __init__(self, command: Sequence[str], file: bytes, environment: Variables, imports: Imports) -> None:
        self.imports = imports
        self._born = time.monotonic()
        self._connection, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, contextlib.ExitStack() as undo:
            undo.callback(self._connection.close)
            with NoBlockedSignals():
                process = subprocess.Popen(
                    [*command[1:], ZYGOTE, str(theirs.fileno()), os.fsdecode(file)],
                    executable=command[0],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env=environment,
                    cwd=os.path.dirname(file),
                    start_new_session=True,
                    pass_fds=[theirs.fileno()],
                )
            undo.pop_all()
        self._popen = process
        self._process = Program(f"{os.fsdecode(file)} (its warm interpreter)", Child(process), -1, -1, -1)
        self._connection.setblocking(False)
        with contextlib.suppress(ConnectionError):  # the process has already died, which the first request will detect
            self._connection.send(imports.packet())

    def run(self, arguments: Sequence[bytes], variables: Variables, stdin: bool, report: Report) -> Program:
        """Run the program in a fork of the interpreter. Raises OSError if the interpreter has died or is overloaded."""
        packet = b"\0".join((b"%d" % len(arguments), *arguments, *(b"%b=%b" % pair for pair in variables.items())))
        if len(packet) > PACKET:
            raise OSError(errno.EMSGSIZE, os.strerror(errno.EMSGSIZE))
        with contextlib.ExitStack() as undo:
            pipes = Pipes(stdin)
            undo.callback(pipes.close)
            control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            undo.callback(control.close)
            with theirs, contextlib.ExitStack() as given:
                if not stdin:  # open /dev/null for each program, because a program may change its descriptors
                    null = os.open(os.devnull, os.O_RDWR)
                    given.callback(os.close, null)
                streams = [pipes.theirs[0] if stdin else null, *pipes.theirs[1:], theirs.fileno()]
                ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", streams))]
                self._connection.sendmsg([packet], ancillary)
            undo.pop_all()
        start_cold = functools.partial(start, arguments, variables, pipes)
        forked = _Forked(control, pipes, start_cold, functools.partial(report, self))
        return Program(os.fsdecode(arguments[0]), forked, *pipes.ours)

    def message(self) -> str:
        """Return the interpreter's first message; "" if it has not arrived yet.

        The message is "ready" with reasons (see zygote.py) or "never REASON". If there will be no message, return a
        text with the reason.
        """
        try:
            return self._connection.recv(PACKET).decode() or "the interpreter ended"
        except BlockingIOError:
            return "" if time.monotonic() - self._born < READY_WITHIN else f"not ready after {READY_WITHIN} seconds"
        except OSError as error:
            return str(error)

    def retire(self) -> None:
        """Let the interpreter exit when its programs have ended."""
        # The socket may be full. Without this message, the interpreter would kill its programs at the socket's end.
        self._connection.settimeout(RETIRE_WITHIN)
        with contextlib.suppress(OSError):
            self._connection.send(b"retire")
        self._connection.close()
        pass_to_reaper(self._process, True, NEVER)

    def end(self) -> None:
        """Terminate the interpreter. Call it only if it has died, or has not run a program yet."""
        self._connection.close()
        pass_to_reaper(self._process, False, 0)

    def forget(self) -> None:
        """Close the descriptors in a fork of this process, because they would keep the parent's interpreter alive."""
        self._connection.close()
        self._process.close("exited")
        self._popen.returncode = 0  # the interpreter is not a child of this process: Popen must not wait or warn


class _Forked:
    """The process of one request. The interpreter's packets about this process arrive at the descriptor `exited`."""

    def __init__(
        self,
        control: socket.socket,
        pipes: Pipes,
        start_cold: Callable[[], Child],
        report: Callable[[str, list[str], list[str]], None],
    ) -> None:
        control.setblocking(False)
        self.exited = control.detach()
        self.returncode: int | None = None
        self.started = False
        self._pipes = pipes
        self._start_cold = start_cold
        self._report = report
        self.pid = 0
        self._child: Child | None = None  # the process, if the program was started cold
        self._orphan = self._reaped = False
        self._early: list[signal.Signals] = []  # signals that were sent before the process existed

    def look(self) -> bool:  # noqa: PLR0911 (one branch for each packet)
        """Return True if the process has exited. After this call, `exited` may be a different descriptor."""
        if self._child is not None:
            ended, self.returncode = self._child.look(), self._child.returncode
            return ended
        if self._orphan:
            return self._look_for_orphan()
        while self.returncode is None:
            try:
                kind, _, text = os.read(self.exited, PACKET).partition(b" ")
            except BlockingIOError:
                return False
            if kind == b"pid":
                self._begin(int(text))
            elif kind == b"modules":
                names, _, variables = text.decode("utf-8", "replace").partition("\1")
                self._report("modules", names.split("\0") if names else [], variables.split("\0") if variables else [])
            elif kind == b"status" and not self.pid:  # the process was killed before it ran the program
                return self._run_cold(False)
            elif kind == b"status":
                self._begin(self.pid)
                self._report("status", [], [])
                self.returncode = int(text)
            elif self.pid:
                return self._adopt()
            else:
                return self._run_cold(kind == b"changed")
        return True

    def _begin(self, pid: int) -> None:
        """Record that the process runs and has its ends of the pipes. Send it the signals of `_early`."""
        self.pid = pid
        if not self.started:
            self.started = True
            self._pipes.given()
        early, self._early = self._early, []
        for number in early:
            self.signal(number)

    def _run_cold(self, changed: bool) -> bool:
        """Start the program cold, because the interpreter has refused it, or has died before the program ran."""
        if changed:
            self._report("changed", [], [])
        if signal.SIGKILL in self._early or signal.SIGTERM in self._early:  # the response is no longer needed
            return self._never_began(-signal.SIGTERM)
        try:
            self._child = self._start_cold()
        except OSError as error:
            log.error("%s", error)
            return self._never_began(127)  # a shell's exit status for a command that it cannot find
        self.started = True
        self._replace_exited(self._child.exited)
        return self.look()

    def _never_began(self, returncode: int) -> bool:
        """Record that the program will not be started."""
        self.started, self.returncode = True, returncode
        self._pipes.given()
        self._early.clear()
        return True

    def _adopt(self) -> bool:
        """Take over a program whose interpreter has died."""
        self._orphan = True
        try:
            self._replace_exited(os.pidfd_open(self.pid))
        except ProcessLookupError:
            self.returncode = 0  # the actual exit status is unknown
            return True
        return self._look_for_orphan()

    def _replace_exited(self, descriptor: int) -> None:
        os.dup2(descriptor, self.exited, inheritable=False)
        os.close(descriptor)

    def _look_for_orphan(self) -> bool:
        poll = new_poll()
        poll.register(self.exited, select.POLLIN)
        if not poll.poll(0):
            return False
        self.returncode = 0
        return True

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process group until the process is reaped. Until then, the group's number is reserved.

        If the interpreter has died, the process is an orphan. Another process may reap it at any time after its exit.
        """
        if self._child is not None:
            self._child.signal(number)
        elif not self.pid:
            if self.returncode is None and not self._reaped:
                self._early.append(number)
                if number == signal.SIGKILL:
                    self._give_up()
        elif not (self._reaped or (self._orphan and self.returncode is not None)):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def _give_up(self) -> None:
        """Make `exited` report an end-of-file, because the interpreter may never take the request.

        If the interpreter takes it later, the forked process cannot report to the host, and exits.
        """
        with socket.fromfd(self.exited, socket.AF_UNIX, socket.SOCK_SEQPACKET) as control:
            control.shutdown(socket.SHUT_RD)

    def reap(self) -> None:
        """Release the process. The interpreter reaps it when `exited` is closed."""
        self._reaped = True
        if self._child is not None:
            self._child.reap()
