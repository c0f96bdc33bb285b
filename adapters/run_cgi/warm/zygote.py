r"""A Python interpreter that has imported the libraries of one CGI program, and forks for each request.

The program's own interpreter (Python 3.9 or later, on Linux) runs this file, as `python FLAGS zygote.py CONNECTION
PROGRAM`. This file imports no other module of this package by name, and removes its own imports from sys.modules. So a
program finds only the libraries, and the modules of a fresh interpreter, in sys.modules. This process has one thread.
It passes each request to a child process. The child becomes the program, as if it had been started for this request
alone (child.py, ending.py). This file must not know anything else about a request. One child is always forked in
advance (spare.py).

Packets from the host, on the connection:
- The first packet has three lists, separated by \1. NUL separates the words of a list. The lists are the names of the
  program's own modules that may be shared, the names of modules to import, and the variables that the program sets.
- Each request is one packet: the number of arguments, the arguments, and the variables, separated by NUL. Four
  descriptors come with it: stdin, stdout, stderr and control.
- The last packet is b"retire". If the connection closes without this packet, the host has died. Then all children are
  terminated.

One packet is sent to the host on the connection. It is b"ready", followed by NUL and "MODULE: REASON" for each module
that two runs cannot share (scout.py). If the program must always be started cold (as a new process), it is b"never
REASON".

Packets to the host, on the control socket of a request:
- At its start, the child sends b"pid N".
- After the child's exit, the zygote sends b"modules", with two lists in the format above: the modules that the child
  has imported, and the variables that it has set. Then the zygote sends b"status N".
- If the zygote refuses a request, it sends one packet instead: b"cold" (start the program cold), or b"changed" (also
  start another interpreter).

The zygote reaps the child when the host closes its end of the control socket.
"""

# Do not use pathlib and contextlib, because each program would have to import them.
# ruff: noqa: PTH100, PTH118, PTH119, PTH120, SIM105
from __future__ import annotations

import sys

_MAIN = dict(globals())
_BEFORE = frozenset(sys.modules)
if [*sys.modules][-1] == "__future__":  # the import above has added it
    _BEFORE -= {"__future__"}


def lazy_imports(mode: str) -> str:
    """Set the mode of lazy imports (Python 3.15) to "normal" or "all". Return the previous mode."""
    before: str = getattr(sys, "get_lazy_imports", str)()
    getattr(sys, "set_lazy_imports", str)(mode)
    return before


# The imports of these files are never lazy, because a late import would fail while the program exits.
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
    from .request import PACKET, Request, receive
    from .spare import Spare

GRACE = 0.5  # delay from SIGTERM to SIGKILL if the host has died, in seconds
LEARNING = 8  # a new interpreter reports the imports of its first requests, up to this number
FORK_AFTER = 20  # delay before the next child is forked if the last one is still running, in milliseconds
_SIGTERM, _SIGKILL = 15, 9
_signal = sys.modules["_signal"]  # loaded in every interpreter
# Prefixes of variables that an interpreter reads when it starts, or that C code reads when it is loaded.
_OF_INTERPRETER = (b"PYTHON", b"LC_", b"LANG=", b"LANGUAGE=", b"TZ=", b"LD_", b"MALLOC_")


def part(name: str) -> Any:
    """Load a file of this folder as a module, without adding it to sys.modules."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".py")
    module = type(sys)(name)
    module.__file__ = path
    loader = sys.modules["_frozen_importlib_external"].SourceFileLoader(name, path)
    mode = lazy_imports("normal")
    exec(loader.get_code(name), module.__dict__)  # noqa: S102 (an import does the same)
    lazy_imports(mode)
    return module


if not TYPE_CHECKING:
    child, ending, sharing = part("child"), part("ending"), part("sharing")
    Run = child.Run
    Files, Library = (files := part("files")).Files, files.Library
    requests = part("request")
    PACKET, receive = requests.PACKET, requests.receive
    Spare = part("spare").Spare


class Zygote:
    """The parent process. It takes requests, forks a child for each, and waits for the children."""

    def __init__(self, connection: int, program: str) -> None:
        self._connection = _socket.socket(fileno=connection)
        self._poll = select.poll()
        self._poll.register(connection, select.POLLIN)
        self._living: dict[int, Spare] = {}  # running children, by the descriptor that reports their exit
        self._ended: dict[int, Spare] = {}  # exited children, by `control`, which the host closes after the status
        self._spare: Spare | None = None  # the child that waits for the next request
        self._is_due = False  # True if the next child should be forked
        self._retired = False
        self._learning = LEARNING
        self._started_with = frozenset(b"%b=%b" % pair for pair in os.environb.items())
        named, names, variables = (
            part.split("\0") if part else []
            for part in self._connection.recv(PACKET).decode("utf-8", "replace").split("\1")
        )
        # A server may ignore SIGCHLD, and its programs inherit that. But the zygote needs the status of its children.
        self._on_child = _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)
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
        """Compile the program. Return the reason if that fails; "" on success."""
        try:
            with open(self.program, "rb") as source:
                self.source = source.read()
            before = os.dup(2)
            os.dup2(written := os.memfd_create("stderr"), 2)
            try:
                code = compile(self.source, self.program, "exec", dont_inherit=True)
            finally:
                warned = os.fstat(written).st_size > 0  # if True, each run compiles the program to show the warnings
                os.dup2(before, 2)
                os.close(before)
                os.close(written)
        except (OSError, SyntaxError, ValueError) as error:
            return f"cannot compile the program ({type(error).__name__}: {error})"
        self._code = None if warned else code
        sys.modules["__main__"] = child.fresh_main(_MAIN, self.program)
        return ""

    @property
    def code(self) -> CodeType:
        """The program's code. Used in the child."""
        if self._code is not None:
            return self._code
        return compile(self.source, self.program, "exec", dont_inherit=True)

    def serve(self) -> Spare:
        """Serve requests until the interpreter is retired or the host dies. Return only in a child."""
        os.environ.clear()
        child.prepare_streams()
        gc.collect()
        gc.freeze()  # otherwise garbage collection in children would write to the shared memory of these objects
        # This module is not frozen, because garbage collection must find the objects that the program stores in it.
        self.main = child.fresh_main(_MAIN, self.program)
        self._fork()
        while (spare := self._spare) is None or spare.pid:
            self._handle_events()
        return spare

    def restore(self) -> None:
        """Set the signal handler that a program inherits from the server. Called in the child."""
        if self._on_child != _signal.SIG_DFL:
            _signal.signal(_signal.SIGCHLD, self._on_child)

    def _handle_events(self) -> None:
        """Wait for events, and handle them. Return immediately in a child that was forked for an event."""
        ready = self._poll.poll(FORK_AFTER if self._is_due else None)
        for descriptor, _ in ready:
            if descriptor in self._living:
                self._end(descriptor)
            elif descriptor in self._ended:
                self._reap(descriptor)
            elif self._take():
                return
        if self._retired and not self._living and not self._ended:
            os._exit(0)
        if self._is_due and not (ready and self._living):
            self._fork()

    def _fork(self) -> bool:
        """Fork the child for the next request, unless it already exists. Return False if the fork fails."""
        self._is_due = False
        if self._spare is None:
            try:
                self._spare = Spare(self._learning > 0)
            except OSError:
                return False
            if self._spare.pid:
                self._learning -= 1
                self._living[self._spare.end] = self._spare
                self._poll.register(self._spare.end, select.POLLIN)
        return True

    def _take(self) -> bool:
        """Take a request. Return True in a child that was forked for this request."""
        packet, request = receive(self._connection)
        if packet == b"retire":
            self._retire()
        elif not packet:
            self._host_died()
        elif request is None:  # no descriptor was free
            return False
        elif self._files.changed():
            request.refuse(b"changed")
        elif self._is_other(request) or not self._fork():
            request.refuse(b"cold")
        elif self._spare is not None and not self._spare.pid:
            return True
        else:
            self._give(request)
        return False

    def _give(self, request: Request) -> None:
        assert self._spare is not None
        self._is_due = True
        try:
            self._spare.give(request)
        except OSError:  # the child has died, or the packet is too large
            request.refuse(b"cold")
        else:
            self._spare = None

    def _is_other(self, request: Request) -> bool:
        """Return True if the request needs an interpreter that was started with different variables."""
        wanted = [variable for variable in request.variables if variable.startswith(_OF_INTERPRETER)]
        return not self._started_with.issuperset(wanted)

    def _end(self, descriptor: int) -> None:
        """Handle the exit of a child. It is not reaped yet, because its process id must stay reserved."""
        spare = self._living.pop(descriptor)
        self._poll.unregister(descriptor)
        os.close(descriptor)
        if spare.request is None:
            spare.reap()
            self._spare = None
        else:
            spare.report_end()
            self._ended[spare.request.control] = spare
            self._poll.register(spare.request.control, select.POLLIN)

    def _reap(self, control: int) -> None:
        spare = self._ended.pop(control)
        self._poll.unregister(control)
        spare.reap()

    def _retire(self) -> None:
        """Accept no more requests, and exit when all programs have ended."""
        self._retired = True
        self._is_due = False
        self._poll.unregister(self._connection.fileno())
        if self._spare is not None:
            self._spare.dismiss()

    def _host_died(self) -> None:
        """Terminate the programs, because the host has died."""
        spares = [spare for spare in (*self._living.values(), *self._ended.values()) if spare.request is not None]
        for number in (_SIGTERM, _SIGKILL):
            for spare in spares:
                try:
                    os.killpg(spare.pid, number)
                except OSError:  # all processes of the group have exited
                    pass
            time.sleep(GRACE if number == _SIGTERM and spares else 0)
        os._exit(0)


def start(connection: int, program: str) -> Zygote:
    """Set sys.path, sys.argv and the process name as for the program, and import the shared libraries."""
    if not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
        sys.path[0] = os.path.dirname(os.path.realpath(program))
    own, folder = sys.argv[0], os.path.dirname(os.path.realpath(sys.argv[0]))
    importers = {program if path == own else path: found for path, found in sys.path_importer_cache.items()}
    importers.pop(folder, None)
    sys.path_importer_cache.clear()
    sys.path_importer_cache.update(importers)
    sys.argv[:] = [program]
    if hasattr(sys, "orig_argv"):
        sys.orig_argv[-3:] = [program]
    command = getattr(sys, "orig_argv", [program])[0]
    with open("/proc/self/comm", "wb") as name:  # the kernel names a process after its executable
        name.write(os.fsencode(os.path.basename(program if "/" in command else command))[:15])
    return Zygote(connection, program)


def forget_own_modules() -> None:
    """Remove this file's own imports from sys.modules, because a program must load its imports as usual."""
    for name in [name for name in sys.modules if name not in _BEFORE]:
        del sys.modules[name]


if __name__ == "__main__":
    _exit = ending.c_exit()
    forget_own_modules()
    _own = sys.modules["__main__"]  # keeps this module alive after it is removed from sys.modules
    _zygote = start(int(sys.argv[1]), sys.argv[2])
    _spare = _zygote.serve()
    _zygote.restore()
    _run = Run(_zygote.main)
    del _zygote.main  # now only the run refers to the module, and releases it at its end
    _spare.wait(receive).become(_zygote.program)
    child.renew_streams()
    child.refresh()
    _status = _run.run(_zygote.code)
    _spare.learn(_zygote.shared, _zygote.library)
    ending.Ending(_run, _zygote.shared).end(_status, _exit)
