"""One request: its packet, what the zygote knows of the process that runs it, and how that process begins.

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

REPORT = 1 << 18  # octets of names that a process can leave behind


class Request:
    """One request: in the parent, what is known of its child; in the child, how to become the program."""

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
        """Fork; a descriptor that tells of the child's end, -1 where there can be none. `pid` is 0 in the child."""
        try:
            spare = os.dup(self.control)  # so that there is room for the descriptor when the child runs
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
        """Tell the other side, if it still listens."""
        try:
            self._control.send(packet)
        except OSError:
            pass

    def refuse(self, packet: bytes) -> None:
        """In the parent: there is no child."""
        self.send(packet)
        self.close_streams()
        self.close()

    def close_streams(self) -> None:
        """In the parent: the child has them."""
        for descriptor in self._streams:
            os.close(descriptor)

    def close(self) -> None:
        """In the parent: there is nothing more to tell."""
        self._control.close()
        if self.report is not None:
            self.report.close()

    def tell_end(self) -> None:
        """In the parent, when the child has ended, but is not reaped: what it imported, and its status."""
        status = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        if self.report is not None and (length := int.from_bytes(self.report[:4], "little")):
            self.send(b"modules " + self.report[4 : 4 + length])  # of the rest, no page has been touched
        assert status is not None
        self.send(b"status %d" % (status.si_status if status.si_code == os.CLD_EXITED else -status.si_status))

    def become(self, highest: int) -> None:
        """In the child: a session, three descriptors, a folder, arguments and variables of its own (RFC 3875, 7.2)."""
        os.setsid()
        try:
            self._control.send(b"pid %d" % os.getpid())
        except OSError:  # nothing waits for it any more
            os._exit(0)
        for descriptor, stream in zip(self._streams, (0, 1, 2)):  # noqa: B905 (Python 3.9)
            os.dup2(descriptor, stream)
        self._control.detach()
        os.closerange(3, highest + 1)
        if hasattr(sys, "orig_argv"):  # from Python 3.10 on; it ends with the program
            sys.orig_argv[len(sys.orig_argv) - 1 :] = self._arguments
        sys.argv[:] = self._arguments
        for variable in self.variables:
            name, _, value = variable.partition(b"=")
            os.environb[name] = value

    def learn(self, shared: set[str], library: Library) -> None:
        """In the child, at its end: leave the names of the libraries that it imported, and of variables that it set."""
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
