"""A process that is forked before its request arrives: its start and its end.

Knows processes and descriptors. It must not know how a request becomes a program. zygote.py loads this file by its
name into the program's own interpreter (Python 3.9 or later).

Forking in advance saves time: a request does not wait for the fork, or for copying the memory pages that each process
changes at its start.
"""

# Do not use pathlib, because each program would have to import it.
# ruff: noqa: PTH208
from __future__ import annotations

import _socket
import mmap
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .files import Library
    from .request import Request

REPORT = 1 << 18  # size limit of the report of a process (names of modules and variables), in bytes


class Spare:
    """A process that waits for its request.

    pid: the id of the process; 0 in the process itself.
    end: a descriptor that reports the exit of the process.
    request: None until the process has a request.
    """

    def __init__(self, learning: bool) -> None:
        """Fork a process. Raises OSError."""
        self.request: Request | None = None
        self._report = mmap.mmap(-1, REPORT) if learning else None
        self._connection, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
        try:
            self.pid = os.fork()
        except OSError:
            theirs.close()
            self._connection.close()
            raise
        if self.pid:
            theirs.close()  # close it first, because pidfd_open() needs a free descriptor
            try:
                self.end = os.pidfd_open(self.pid)
            except OSError:
                self.dismiss()
                os.waitpid(self.pid, 0)
                raise
        else:
            self._connection = theirs

    def dismiss(self) -> None:
        """Let the process exit without a request."""
        self._connection.close()

    def wait(self, receive: Callable[[_socket.socket], tuple[bytes, Request | None]]) -> Request:
        """Close the descriptors of other requests, and wait for the request.

        Exit if the zygote has dismissed this process. Called in the process.
        """
        os.setsid()
        os.dup2(self._connection.detach(), 3)
        os.closerange(4, max(map(int, os.listdir("/proc/self/fd"))) + 1)
        connection = _socket.socket(fileno=3)
        _, self.request = receive(connection)
        if self.request is None:
            os._exit(0)
        connection.detach()
        return self.request

    def give(self, request: Request) -> None:
        """Send the request to the process. Raises OSError if that fails."""
        request.send(self._connection)
        self._connection.close()
        request.close_streams()
        self.request = request

    def report_end(self) -> None:
        """Send the imports and the exit status of the process to the host. Call it after the exit, before reap()."""
        assert self.request is not None
        status = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        if self._report is not None and (length := int.from_bytes(self._report[:4], "little")):
            self.request.notify_host(b"modules " + self._report[4 : 4 + length])  # touches only the used memory
        assert status is not None
        code = status.si_status if status.si_code == os.CLD_EXITED else -status.si_status
        self.request.notify_host(b"status %d" % code)

    def reap(self) -> None:
        """Reap the process, and close its request."""
        os.waitpid(self.pid, 0)
        if self.request is not None:
            os.close(self.request.control)
        if self._report is not None:
            self._report.close()

    def learn(self, shared: set[str], library: Library) -> None:
        """Report the names of the imported libraries, and of the variables that the program has set.

        Called in the process, at its end.
        """
        if self._report is None or self.request is None:
            return
        given = dict(variable.partition(b"=")[::2] for variable in self.request.variables)
        names = [
            name
            for name, module in list(sys.modules.items())
            if name not in shared and type(module) is type(sys) and library.holds(module)
        ]
        changed = [name for name in {*given, *os.environb} if given.get(name) != os.environb.get(name)]
        text = "\0".join(names).encode("utf-8", "replace") + b"\1" + b"\0".join(changed)
        if len(text) <= REPORT - 4:
            self._report[: 4 + len(text)] = len(text).to_bytes(4, "little") + text
