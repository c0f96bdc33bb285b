"""One request: its packet, its child process as the zygote sees it, and the first steps of that process.

Knows packets, descriptors and variables. It must not know other requests, nor how the program is run. Part of
zygote.py, loaded by file name into the program's own interpreter (Python 3.9 or later).
"""

# ruff: noqa: SIM105
from __future__ import annotations

import _socket
import mmap
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .files import Library

REPORT = 1 << 18  # size limit of the report of a process (names of modules and variables), in bytes


class Request:
    """One request. In the parent it has the state of the child; in the child it turns the process into the program."""

    def __init__(self, packet: bytes, descriptors: list[int], learning: bool) -> None:
        count, *words = packet.split(b"\0")
        self._arguments = [os.fsdecode(word) for word in words[: int(count)]]
        self.variables = words[int(count) :]
        self._streams = descriptors[:3]
        self._control = _socket.socket(fileno=descriptors[3])
        self.control = descriptors[3]
        self.report = mmap.mmap(-1, REPORT) if learning else None
        self.pid = -1

    def fork(self) -> int:
        """Fork. Return a descriptor that reports the child's exit, -1 on failure. In the child `pid` is 0."""
        try:
            spare = os.dup(self.control)  # reserves a descriptor number for pidfd_open()
        except OSError:
            return -1
        try:
            self.pid = os.fork()
        except OSError:
            return -1
        finally:
            os.close(spare)
        return os.pidfd_open(self.pid) if self.pid else -1

    def send(self, packet: bytes) -> None:
        """Send a packet to the host, unless it has closed this connection."""
        try:
            self._control.send(packet)
        except OSError:
            pass

    def refuse(self, packet: bytes) -> None:
        """Refuse the request with this packet. Called in the parent, if there is no child."""
        self.send(packet)
        self.close_streams()
        self.close()

    def close_streams(self) -> None:
        """Close the parent's copies of the streams, after the fork."""
        for descriptor in self._streams:
            os.close(descriptor)

    def close(self) -> None:
        """Close the connection and the report in the parent, when the request is over."""
        self._control.close()
        if self.report is not None:
            self.report.close()

    def tell_end(self) -> None:
        """Send the imports and the status of a child that has exited but is not reaped. Called in the parent."""
        status = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        if self.report is not None and (length := int.from_bytes(self.report[:4], "little")):
            self.send(b"modules " + self.report[4 : 4 + length])  # only the used pages
        assert status is not None
        self.send(b"status %d" % (status.si_status if status.si_code == os.CLD_EXITED else -status.si_status))

    def become(self, highest: int) -> None:
        """Set up the process as the program's: session, three descriptors, arguments and variables (RFC 3875, 7.2).

        Called in the child.
        """
        os.setsid()
        try:
            self._control.send(b"pid %d" % os.getpid())
        except OSError:  # the host has closed the connection: it no longer needs the response
            os._exit(0)
        for descriptor, stream in zip(self._streams, (0, 1, 2)):  # noqa: B905 (Python 3.9)
            os.dup2(descriptor, stream)
        self._control.detach()
        os.closerange(3, highest + 1)
        if hasattr(sys, "orig_argv"):  # from Python 3.10 on; its last word is the program's name
            sys.orig_argv[len(sys.orig_argv) - 1 :] = self._arguments
        sys.argv[:] = self._arguments
        for variable in self.variables:
            name, _, value = variable.partition(b"=")
            os.environb[name] = value

    def learn(self, shared: set[str], library: Library) -> None:
        """Write the names of imported libraries and of variables that the program set to the report.

        Called in the child, after the program.
        """
        if self.report is None:
            return
        given = dict(variable.partition(b"=")[::2] for variable in self.variables)
        names = [
            name
            for name, module in list(sys.modules.items())
            if name not in shared and type(module) is type(sys) and library.holds(module)
        ]
        changed = [name for name in {*given, *os.environb} if given.get(name) != os.environb.get(name)]
        text = "\0".join(names).encode("utf-8", "replace") + b"\1" + b"\0".join(changed)
        if len(text) <= REPORT - 4:
            self.report[: 4 + len(text)] = len(text).to_bytes(4, "little") + text
