r"""A Python interpreter that has imported the libraries of one CGI program, and forks for each request.

Run by the program's own interpreter, Python 3.9 or later on Linux, as `python FLAGS zygote.py CONNECTION PROGRAM`. It
imports nothing of this package, and removes its own imports from sys.modules: a program finds only the modules of any
fresh interpreter, and the libraries. It has one thread. It passes each request to a child, which becomes the program as
if it had been started for this request alone (child.py, ending.py); it must not know anything else about a request.

Packets on the connection: first three lists, separated by \1, their words by NUL: names of the program's own modules
that may be shared, names of modules to import, variables that the program sets. Then the requests: each has the number
of arguments, the arguments and the variables, separated by NUL, with four descriptors: stdin, stdout, stderr and
control. At last b"retire". If the connection ends without it, the host has died, and all children are terminated.

Packets back: b"ready", then NUL and "MODULE: REASON" for each module that two runs cannot share (scout.py); or b"never
REASON" if the program must be started cold. On a request's control: b"pid N" from the child; after its exit b"modules"
with two lists as above (modules that it imported, variables that it set) and b"status N". Or, instead of all these,
b"cold": start the program cold; or b"changed": do that, and start another interpreter. The child is reaped when the
other side closes control.
"""

# pathlib and contextlib would be imported by every program
# ruff: noqa: PTH100, PTH118, PTH119, PTH120, SIM105
from __future__ import annotations

import sys

_MAIN = dict(globals())
_BEFORE = frozenset(sys.modules)
if [*sys.modules][-1] == "__future__":  # by the import above
    _BEFORE -= {"__future__"}


def lazy_imports(mode: str) -> str:
    """Set which imports of modules are lazy from now on, "normal" or "all"; return the mode until now. Python 3.15."""
    before: str = getattr(sys, "get_lazy_imports", str)()
    getattr(sys, "set_lazy_imports", str)(mode)
    return before


# The imports of these files are never lazy: the exit of a program would not find them any more.
_MODE = lazy_imports("normal")
getattr(sys, "lazy_modules", set()).difference_update(("__future__", "__future__.annotations"))

import _socket  # noqa: E402
import gc  # noqa: E402
import os  # noqa: E402
import select  # noqa: E402
import time  # noqa: E402

lazy_imports(_MODE)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType
    from typing import Any

    from . import child, ending, sharing
    from .child import Run
    from .files import Files, Library
    from .request import Request

PACKET = 1 << 20
GRACE = 0.5  # delay between SIGTERM and SIGKILL when the host has died, in seconds
LEARNING = 8  # number of requests of a new interpreter that report their imports
_SIGTERM, _SIGKILL = 15, 9
# Variables that an interpreter reads when it starts, and C code when it is loaded.
_OF_INTERPRETER = (b"PYTHON", b"LC_", b"LANG=", b"LANGUAGE=", b"TZ=", b"LD_", b"MALLOC_")


def part(name: str) -> Any:
    """Return a module beside this file, which stays out of sys.modules."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".py")
    module = type(sys)(name)
    module.__file__ = path
    loader = sys.modules["_frozen_importlib_external"].SourceFileLoader(name, path)
    mode = lazy_imports("normal")
    exec(loader.get_code(name), module.__dict__)  # noqa: S102 (it is what an import does)
    lazy_imports(mode)
    return module


if not TYPE_CHECKING:
    child, ending, sharing = part("child"), part("ending"), part("sharing")
    Run = child.Run
    Files, Library = (files := part("files")).Files, files.Library
    Request = part("request").Request


class Zygote:
    """The parent: takes requests, forks, and waits for the children."""

    def __init__(self, connection: int, program: str) -> None:
        self._connection = _socket.socket(fileno=connection)
        self._poll = select.poll()
        self._poll.register(connection, select.POLLIN)
        self._running: dict[int, Request] = {}  # by the descriptor that reports its exit
        self._ended: dict[int, Request] = {}  # by control; it is closed when the status has been read
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
        left: dict[str, str] = {}
        paths: list[tuple[str, str]] = []
        if named or names:
            left, paths = sharing.share([*named, *names], lambda names: self._explore(names, variables))
        self._files.watch([name for name in sys.modules if name not in _BEFORE], paths)
        self.shared = set(sys.modules)
        reasons = [f"{name}: {reason}" for name, reason in left.items()]
        self._connection.send("\0".join(["ready", *reasons]).encode("utf-8", "replace")[:PACKET])

    def _explore(self, names: list[str], variables: list[str]) -> Any:
        child.renew_streams()
        return part("scout").Scout(self.library, variables, part).explore(names)

    def _read_program(self) -> str:
        """Compile the program. Return why that fails, "" on success."""
        try:
            with open(self.program, "rb") as source:
                self.source = source.read()
            before = os.dup(2)
            os.dup2(written := os.memfd_create("stderr"), 2)
            try:
                code = compile(self.source, self.program, "exec", dont_inherit=True)
            finally:
                warned = os.fstat(written).st_size > 0  # each run issues its warnings itself
                os.dup2(before, 2)
                os.close(before)
                os.close(written)
        except (OSError, SyntaxError, ValueError) as error:
            return f"cannot compile it ({type(error).__name__}: {error})"
        self._code = None if warned else code
        sys.modules["__main__"] = child.fresh_main(_MAIN, self.program)
        return ""

    @property
    def code(self) -> CodeType:
        """Return the program's code. In the child."""
        if self._code is not None:
            return self._code
        return compile(self.source, self.program, "exec", dont_inherit=True)

    def serve(self) -> Request:
        """Serve requests until no more can come. Returns in the children only."""
        os.environ.clear()
        child.prepare_streams()
        gc.collect()
        gc.freeze()  # all children share these objects; their collectors need not touch them
        self.main = child.fresh_main(
            _MAIN, self.program
        )  # not frozen: the collector must find what the program puts there
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
        """Take a request. Returns the request in the child, None in the parent."""
        try:
            packet, ancillary, _, _ = self._connection.recvmsg(PACKET, _socket.CMSG_SPACE(16))
        except ConnectionResetError:  # it ended without reading all; reported before data that it had sent
            packet, ancillary, _, _ = self._connection.recvmsg(PACKET, _socket.CMSG_SPACE(16))
        if packet == b"retire":
            self._retired = True
            self._poll.unregister(self._connection.fileno())
            return None
        if not packet:
            self._bury()
        octets = b"".join(data for _, _, data in ancillary)
        descriptors = [int.from_bytes(octets[at : at + 4], sys.byteorder) for at in range(0, len(octets), 4)]
        if len(descriptors) < 4:  # out of descriptors; the other side sees control closed
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
        """Change to the program's folder, which may have been replaced since this process started."""
        try:
            os.chdir(os.path.dirname(self.program))
        except OSError:
            return False
        return True

    def _is_other(self, request: Request) -> bool:
        """Return True if the request needs an interpreter that was started with other variables."""
        wanted = [variable for variable in request.variables if variable.startswith(_OF_INTERPRETER)]
        return not self._started_with.issuperset(wanted)

    def _end(self, descriptor: int) -> None:
        """Handle the exit of a child; it is not reaped yet, so that its number stays reserved."""
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
        """Terminate the programs of a host that has died."""
        requests = [*self._running.values(), *self._ended.values()]
        for number in (_SIGTERM, _SIGKILL):
            for request in requests:
                try:
                    os.killpg(request.pid, number)
                except OSError:  # it and its children have exited
                    pass
            time.sleep(GRACE if number == _SIGTERM and requests else 0)
        os._exit(0)


def start(connection: int, program: str) -> Zygote:
    """Start as the program's interpreter would, and import the shared libraries."""
    if not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
        sys.path[0] = os.path.dirname(os.path.realpath(program))
    sys.argv[:] = [program]
    if hasattr(sys, "orig_argv"):
        sys.orig_argv[-3:] = [program]
    command = getattr(sys, "orig_argv", [program])[0]
    with open("/proc/self/comm", "wb") as name:  # the kernel names a process after its executable
        name.write(os.fsencode(os.path.basename(program if "/" in command else command))[:15])
    return Zygote(connection, program)


def forget_own_modules() -> None:
    """Remove this file's own imports from sys.modules: a program that imports them gets them as usual."""
    for name in [name for name in sys.modules if name not in _BEFORE]:
        del sys.modules[name]


if __name__ == "__main__":
    _exit = ending.c_exit()
    forget_own_modules()
    _own = sys.modules["__main__"]  # keeps this module alive, which is no longer in sys.modules
    _zygote = start(int(sys.argv[1]), sys.argv[2])
    _request = _zygote.serve()
    child.renew_streams()
    child.refresh()
    _run = Run(_zygote.main)
    del _zygote.main  # the run alone holds it, and lets go of it at its end
    _status = _run.run(_zygote.code)
    _request.learn(_zygote.shared, _zygote.library)
    ending.Ending(_run, _zygote.shared).end(_status, _exit)
