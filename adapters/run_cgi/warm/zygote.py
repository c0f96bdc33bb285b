r"""A Python interpreter that has imported the libraries of one CGI program, and forks for each request.

Run by the program's own interpreter, Python 3.9 or later on Linux, as `python FLAGS zygote.py CONNECTION PROGRAM`. It
imports nothing of this package, and takes what it imports out of sys.modules again: a program finds imported what any
program does, and the libraries. It has one thread, and knows of a request only what it hands to the child, which
becomes what the program would have been if it had been started for this request alone (child.py).

Packets on the connection: first three lists, \1 between them and NUL between their words: names of the program's own
modules that may be shared, names of modules to import, variables that the program sets. Then the requests, each the
number of arguments, the arguments and the variables, NUL between them, with four descriptors: stdin, stdout, stderr and
control; at last b"retire". Without that, an end of the connection is the end of the host, and of every child.

Packets back: b"ready", then NUL and "MODULE: REASON" for each module that no two runs can share (scout.py); or b"never
REASON" if the program must be started in the ordinary way. On a request's control: b"pid N" from the child; once it has
ended, b"modules" and two lists as above, modules that it imported and variables that it set, and b"status N". Or,
instead of all that, b"cold": start the program in the ordinary way; or b"changed": do that, and start another
interpreter. The child is reaped when the other side closes control.
"""

# pathlib and contextlib would be imported by every program
# ruff: noqa: PTH100, PTH118, PTH119, PTH120, SIM105
from __future__ import annotations

import sys

_MAIN = dict(globals())
_BEFORE = frozenset(sys.modules)

import _socket  # noqa: E402
import gc  # noqa: E402
import os  # noqa: E402
import select  # noqa: E402
import time  # noqa: E402

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType
    from typing import Any

    from . import child, sharing
    from .child import Run
    from .files import Files, Library
    from .request import Request

PACKET = 1 << 20
GRACE = 0.5  # seconds between SIGTERM and SIGKILL when the host has died
LEARNING = 8  # requests of which each tells what it imported, in an interpreter that is new
_SIGTERM, _SIGKILL = 15, 9
# Variables that an interpreter reads when it starts, and C code when it is loaded.
_OF_INTERPRETER = (b"PYTHON", b"LC_", b"LANG=", b"LANGUAGE=", b"TZ=", b"LD_", b"MALLOC_")


def part(name: str) -> Any:
    """A module beside this file, which stays out of sys.modules."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".py")
    module = type(sys)(name)
    module.__file__ = path
    loader = sys.modules["_frozen_importlib_external"].SourceFileLoader(name, path)
    exec(loader.get_code(name), module.__dict__)  # noqa: S102 (it is what an import does)
    return module


if not TYPE_CHECKING:
    child, sharing = part("child"), part("sharing")
    Run = child.Run
    Files, Library = (files := part("files")).Files, files.Library
    Request = part("request").Request


class Zygote:
    """The parent: takes requests, forks, and waits for the children."""

    def __init__(self, connection: int, program: str) -> None:
        self._connection = _socket.socket(fileno=connection)
        self._poll = select.poll()
        self._poll.register(connection, select.POLLIN)
        self._running: dict[int, Request] = {}  # by the descriptor that tells of its end
        self._ended: dict[int, Request] = {}  # by control, whose end says that its status has been read
        self._retired = False
        self._learning = LEARNING
        self._started_with = frozenset(b"%b=%b" % pair for pair in os.environb.items())
        named, names, variables = (
            part.split("\0") if part else []
            for part in self._connection.recv(PACKET).decode("utf-8", "replace").split("\1")
        )
        self.program = program
        self.library = Library(program, named)
        if (reason := sharing.unfit(self.library)) or (reason := self._read_program()):
            self._connection.send(b"never " + reason.encode("utf-8", "replace"))
            sys.exit()
        self._files = Files(program, self.library)
        left = sharing.share([*named, *names], lambda names: self._explore(names, variables)) if named or names else {}
        self._files.watch([name for name in sys.modules if name not in _BEFORE])
        self.shared = set(sys.modules)
        reasons = [f"{name}: {reason}" for name, reason in left.items()]
        self._connection.send("\0".join(["ready", *reasons]).encode("utf-8", "replace")[:PACKET])

    def _explore(self, names: list[str], variables: list[str]) -> Any:
        child.renew_streams()
        return part("scout").Scout(self.library, variables).explore(names)

    def _read_program(self) -> str:
        """Compile the program. Why it cannot be, "" if it can."""
        try:
            with open(self.program, "rb") as source:
                self.source = source.read()
            before = os.dup(2)
            os.dup2(written := os.memfd_create("stderr"), 2)
            try:
                code = compile(self.source, self.program, "exec", dont_inherit=True)
            finally:
                warned = os.fstat(written).st_size > 0  # which each run does for itself
                os.dup2(before, 2)
                os.close(before)
                os.close(written)
        except (OSError, SyntaxError, ValueError) as error:
            return f"it cannot be read as Python source ({type(error).__name__}: {error})"
        self._code = None if warned else code
        sys.modules["__main__"] = child.fresh_main(_MAIN, self.program)
        return ""

    @property
    def code(self) -> CodeType:
        """In the child: the program's code."""
        if self._code is not None:
            return self._code
        return compile(self.source, self.program, "exec", dont_inherit=True)

    def serve(self) -> Request:
        """Serve until nothing is left to serve. Returns in the children only."""
        os.environ.clear()
        gc.collect()
        gc.freeze()  # what is there now is shared by all children; their collectors need not touch it
        while True:
            for descriptor, _ in self._poll.poll():
                if descriptor in self._running:
                    self._end(descriptor)
                elif descriptor in self._ended:
                    self._reap(descriptor)
                elif (request := self._take()) is not None:
                    return request
            if self._retired and not self._running and not self._ended:
                os._exit(0)

    def _take(self) -> Request | None:
        """Take a request. Returns in the child only; the parent gets None."""
        try:
            packet, ancillary, _, _ = self._connection.recvmsg(PACKET, _socket.CMSG_SPACE(16))
        except ConnectionResetError:  # it ended without reading all; that is told before what it had sent until then
            packet, ancillary, _, _ = self._connection.recvmsg(PACKET, _socket.CMSG_SPACE(16))
        if packet == b"retire":
            self._retired = True
            self._poll.unregister(self._connection.fileno())
            return None
        if not packet:
            self._bury()
        octets = b"".join(data for _, _, data in ancillary)
        descriptors = [int.from_bytes(octets[at : at + 4], sys.byteorder) for at in range(0, len(octets), 4)]
        if len(descriptors) < 4:  # this process may have no more; the other side sees control closed
            for descriptor in descriptors:
                os.close(descriptor)
            return None
        request = Request(packet, descriptors, self._learning > 0)
        if self._files.changed():
            request.refuse(b"changed")
        elif not self._is_at_home() or self._is_other(request) or ((end := request.fork()) < 0 and request.pid):
            request.refuse(b"cold")
        elif request.pid == 0:
            request.become(max(*descriptors, self._connection.fileno(), *self._running, *self._ended, 3))
            return request
        else:
            self._learning -= 1
            request.close_streams()
            self._running[end] = request
            self._poll.register(end, select.POLLIN)
        return None

    def _is_at_home(self) -> bool:
        """Go to the program's folder: another may have taken the place of the one that this process began in."""
        try:
            os.chdir(os.path.dirname(self.program))
        except OSError:
            return False
        return True

    def _is_other(self, request: Request) -> bool:
        """Whether the request wants an interpreter that was started with other variables."""
        wanted = [variable for variable in request.variables if variable.startswith(_OF_INTERPRETER)]
        return not self._started_with.issuperset(wanted)

    def _end(self, descriptor: int) -> None:
        """A child has ended; it is not reaped yet, so that its number stays its own."""
        request = self._running.pop(descriptor)
        self._poll.unregister(descriptor)
        os.close(descriptor)
        request.tell_end()
        self._ended[request.control] = request
        self._poll.register(request.control, select.POLLIN)

    def _reap(self, control: int) -> None:
        request = self._ended.pop(control)
        self._poll.unregister(control)
        os.waitpid(request.pid, 0)
        request.close()

    def _bury(self) -> None:
        """The host has died: its programs end with it."""
        requests = [*self._running.values(), *self._ended.values()]
        for number in (_SIGTERM, _SIGKILL):
            for request in requests:
                try:
                    os.killpg(request.pid, number)
                except OSError:  # it has ended, and its children, too
                    pass
            time.sleep(GRACE if number == _SIGTERM and requests else 0)
        os._exit(0)


def start(connection: int, program: str) -> Zygote:
    """Begin as the program's interpreter does, and import what its runs share."""
    if not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
        sys.path[0] = os.path.dirname(os.path.realpath(program))
    sys.argv[:] = [program]
    if hasattr(sys, "orig_argv"):
        sys.orig_argv[-3:] = [program]
    command = getattr(sys, "orig_argv", [program])[0]
    with open("/proc/self/comm", "wb") as name:  # the kernel calls a process what it was told to run
        name.write(os.fsencode(os.path.basename(program if "/" in command else command))[:15])
    return Zygote(connection, program)


def forget_own_modules() -> None:
    """Take what only this file has imported out of sys.modules: a program that imports it gets it as ever."""
    for name in [name for name in sys.modules if name not in _BEFORE]:
        del sys.modules[name]


if __name__ == "__main__":
    _exit = child.c_exit()
    forget_own_modules()
    _own = sys.modules["__main__"]  # it must live on, and has not that name any longer
    _zygote = start(int(sys.argv[1]), sys.argv[2])
    _request = _zygote.serve()
    child.renew_streams()
    child.refresh()
    _run = Run(child.fresh_main(_MAIN, _zygote.program), _zygote.shared)
    _status = _run.run(_zygote.code)
    _request.learn(_zygote.shared, _zygote.library)
    _run.end(_status, _exit)
