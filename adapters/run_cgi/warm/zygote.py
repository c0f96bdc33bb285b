"""A Python interpreter that has imported what one CGI program needs, and forks for each request (see warm.py).

Run by the program's own interpreter, Python 3.9 or later on Linux, as `python FLAGS zygote.py CONNECTION PROGRAM`. It
must import nothing of this package, and little else: what it imports, the program finds imported. It has one thread,
and knows nothing of a request but what it hands to the child, which becomes what the program would have been if it had
been started for this request alone.

Packets on the connection: first the names of modules to import, NUL between them; then the requests, each the number of
arguments, the arguments and the variables, NUL between them, with four descriptors: stdin, stdout, stderr and control;
at last b"retire". Without that, an end of the connection is the end of the host, and of every child.
Packets back: b"ready"; or b"spoilt NAME", when importing NAME left a thread or an open descriptor, which no fork can
share. On a request's control: b"pid N" from the child; b"modules NAMES" and b"status N" once it has ended; or, instead
of all that, b"cold": start the program in the ordinary way. The child is reaped when the other side closes control.
"""

# pathlib and contextlib would be imported by every program; the interpreter's own way to end has private names
# ruff: noqa: PTH116, PTH120, PTH208, SIM105, SLF001
from __future__ import annotations

import _io
import _socket
import atexit
import builtins
import gc
import mmap
import os
import select
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, ModuleType

PACKET = 1 << 20
REPORT = 1 << 18  # octets of module names that a child can leave behind
GRACE = 0.5  # seconds between SIGTERM and SIGKILL when the host has died
_LOOK_AFTER = 1.0  # seconds between looks at the files of installed packages
_SIGTERM, _SIGKILL = 15, 9


class Files:
    """The files that this interpreter has read, and whether they are still what they were."""

    def __init__(self, program: str) -> None:
        self._library = os.path.dirname(os.__file__)
        self._own = {program: _stamp(program)}
        self._installed: dict[str, object] = {}
        self._looked = time.monotonic()

    def add_modules(self) -> None:
        """Watch every module that is loaded; those of installed packages less often."""
        for module in list(sys.modules.values()):
            file = getattr(module, "__file__", None)
            if isinstance(file, str):
                installed = file.startswith(self._library) or "-packages/" in file
                (self._installed if installed else self._own)[file] = _stamp(file)

    def changed(self) -> bool:
        """Whether one is not what it was."""
        now = time.monotonic()
        if now - self._looked > _LOOK_AFTER:
            self._looked = now
            if any(_stamp(file) != stamp for file, stamp in self._installed.items()):
                return True
        return any(_stamp(file) != stamp for file, stamp in self._own.items())


def _stamp(file: str) -> object:
    try:
        status = os.stat(file)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def import_all(names: list[str]) -> str:
    """Import modules. The name of one that left more than memory behind, if one did."""
    before = _footprint()
    for name in names:
        try:
            __import__(name)
        except BaseException:  # noqa: S112 (whatever it is, the program will meet it itself)
            continue
        if _footprint() != before:
            return name
    return ""


def _footprint() -> tuple[int, int]:
    """How many threads and open descriptors there are."""
    return len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd"))


class Child:
    """One request: in the parent, what is known of its child; in the child, how to become the program."""

    def __init__(self, packet: bytes, descriptors: list[int], learning: bool) -> None:
        count, *words = packet.split(b"\0")
        self._arguments = [os.fsdecode(word) for word in words[: int(count)]]
        self._variables = words[int(count) :]
        self._streams = descriptors[:3]
        self._control = _socket.socket(fileno=descriptors[3])
        self.control = descriptors[3]
        self.report = mmap.mmap(-1, REPORT) if learning else None
        self.pid = -1

    def fork(self) -> bool:
        """Fork; False where that is impossible. Afterwards `pid` is 0 in the child."""
        try:
            self.pid = os.fork()
        except OSError:
            return False
        return True

    def send(self, packet: bytes) -> None:
        """Tell the other side, if it still listens."""
        try:
            self._control.send(packet)
        except OSError:
            pass

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
        """In the parent, when the child has ended, but is not reaped: modules and status."""
        status = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        if self.report is not None:
            names = self.report[:].rstrip(b"\0")
            if names:
                self.send(b"modules " + names)
        assert status is not None
        self.send(b"status %d" % (status.si_status if status.si_code == os.CLD_EXITED else -status.si_status))

    def become(self, others: list[int]) -> None:
        """In the child: a session, three descriptors, a folder, arguments and variables of its own (RFC 3875, 7.2)."""
        os.setsid()
        try:
            self._control.send(b"pid %d" % os.getpid())
        except OSError:  # nobody waits for it any more
            os._exit(0)
        for descriptor, stream in zip(self._streams, (0, 1, 2)):  # noqa: B905 (Python 3.9)
            os.dup2(descriptor, stream)
        for descriptor in {*others, *self._streams, self.control} - {0, 1, 2}:
            os.close(descriptor)
        if "numpy.random" in sys.modules:  # the standard library's generator sees to itself
            sys.modules["numpy.random"].seed()
        sys.argv[:] = self._arguments
        os.environ.clear()
        for variable in self._variables:
            name, _, value = variable.partition(b"=")
            os.environb[name] = value


class Zygote:
    """The parent: takes requests, forks, and waits for the children."""

    def __init__(self, connection: int, program: str) -> None:
        self.program = program
        self._connection = _socket.socket(fileno=connection)
        self._poll = select.poll()
        self._poll.register(connection, select.POLLIN)
        self._running: dict[int, Child] = {}  # by the descriptor that tells of its end
        self._ended: dict[int, Child] = {}  # by control, whose end says that its status has been read
        self._retired = False
        self._files = Files(program)
        with open(program, "rb") as source:
            self.code = compile(source.read(), program, "exec", dont_inherit=True)
        names = self._connection.recv(PACKET).decode().strip("\0")
        self._learning = not names
        spoilt = import_all(names.split("\0")) if names else ""
        self._files.add_modules()
        self.known = set(sys.modules)
        self._connection.send(b"spoilt " + spoilt.encode() if spoilt else b"ready")

    def serve(self) -> Child:
        """Serve until nobody is left to be served. Returns in the children only."""
        gc.collect()
        gc.freeze()  # what is there now is shared by all children; their collectors need not touch it
        while True:
            for descriptor, _ in self._poll.poll():
                if descriptor in self._running:
                    self._end(descriptor)
                elif descriptor in self._ended:
                    self._reap(descriptor)
                elif (child := self._take()) is not None:
                    return child
            if self._retired and not self._running and not self._ended:
                os._exit(0)

    def _take(self) -> Child | None:
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
        child = Child(packet, descriptors, self._learning)
        if self._files.changed() or not child.fork():
            child.send(b"cold")
            child.close_streams()
            child.close()
        elif child.pid == 0:
            controls = [other.control for other in self._running.values()]
            child.become([self._connection.fileno(), *self._running, *self._ended, *controls])
            return child
        else:
            child.close_streams()
            end = os.pidfd_open(child.pid)
            self._running[end] = child
            self._poll.register(end, select.POLLIN)
        return None

    def _end(self, descriptor: int) -> None:
        """A child has ended; it is not reaped yet, so that its number stays its own."""
        child = self._running.pop(descriptor)
        self._poll.unregister(descriptor)
        os.close(descriptor)
        child.tell_end()
        self._ended[child.control] = child
        self._poll.register(child.control, select.POLLIN)

    def _reap(self, control: int) -> None:
        child = self._ended.pop(control)
        self._poll.unregister(control)
        os.waitpid(child.pid, 0)
        child.close()

    def _bury(self) -> None:
        """The host has died: its programs end with it."""
        children = [*self._running.values(), *self._ended.values()]
        for number in (_SIGTERM, _SIGKILL):
            for child in children:
                try:
                    os.killpg(child.pid, number)
                except OSError:  # it has ended, and its children, too
                    pass
            time.sleep(GRACE if number == _SIGTERM and children else 0)
        os._exit(0)


def run(program: str, code: CodeType, child: Child, known: set[str]) -> None:
    """Run the program as __main__, and end as an interpreter does, save for destroying what all children share."""
    main = type(sys)("__main__")
    main.__dict__.update(__file__=program, __builtins__=builtins, __annotations__={}, __cached__=None)
    sys.modules["__main__"] = main
    status = 0
    try:
        exec(code, main.__dict__)  # noqa: S102 (it is what an interpreter does with a program)
    except SystemExit as error:
        status = _exit_status(error.code)
    except BaseException as error:
        trace = error.__traceback__
        error.__traceback__ = trace and trace.tb_next  # without this frame
        sys.excepthook(type(error), error, error.__traceback__)
        status = 1
    if child.report is not None:
        names = "\0".join(name for name in sys.modules if name not in known).encode("utf-8", "replace")
        child.report[: len(names[:REPORT])] = names[:REPORT]
    os._exit(_finished(main) or status)


def _exit_status(code: object) -> int:
    if code is None or isinstance(code, int):
        return (code or 0) & 0xFF
    print(code, file=sys.stderr)
    return 1


def _finished(main: ModuleType) -> int:
    """What is left to do: threads, atexit, objects of the program, output. Returns 120 where output is lost."""
    if "threading" in sys.modules:
        sys.modules["threading"]._shutdown()
    atexit._run_exitfuncs()
    main.__dict__.clear()
    gc.collect()
    for thing in gc.get_objects():  # of this process only; those of the parent are frozen
        if issubclass(type(thing), _io._IOBase) and thing not in (sys.stdout, sys.stderr):
            try:
                thing.flush()
            except (OSError, ValueError):
                pass
    status = 0
    for stream in (sys.stdout, sys.stderr):
        try:
            if not stream.closed:
                stream.flush()
        except Exception:  # the program may have put anything there
            status = 120
    return status


def _start(connection: int, program: str) -> Zygote:
    if not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
        sys.path[0] = os.path.dirname(os.path.realpath(program))
    return Zygote(connection, program)


if __name__ == "__main__":
    _zygote = _start(int(sys.argv[1]), sys.argv[2])
    _child = _zygote.serve()
    run(_zygote.program, _zygote.code, _child, _zygote.known)
