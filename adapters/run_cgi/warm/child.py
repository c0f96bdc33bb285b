"""The process of one request: how a fork of the zygote becomes the program, and runs it.

Knows how the interpreter starts and runs a program. It must not know sockets, other requests or the zygote, or how the
process exits (ending.py). zygote.py loads this file by its name into the program's own interpreter
(Python 3.9 or later).
"""

# Private names are needed, because no public function starts a program in an interpreter that already runs.
# ruff: noqa: SLF001, RUF063
from __future__ import annotations

import _io
import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, ModuleType
    from typing import Any

_MAX_STATUS = 1 << 63
_KIND, _REGULAR = 0o170000, 0o100000  # bits of a file's mode: S_IFMT, S_IFREG


def fresh_main(of_zygote: dict[str, Any], program: str) -> ModuleType:
    """Return a module `__main__` as the interpreter creates it for a program.

    `of_zygote`: the names in the zygote's own `__main__`.
    """
    main = type(sys)("__main__")
    main.__dict__.clear()
    main.__dict__.update((name, value) for name, value in of_zygote.items() if name.startswith("__"))
    if "__annotations__" in main.__dict__:  # not present since Python 3.14
        main.__dict__["__annotations__"] = {}
    main.__dict__.update(__doc__=None, __file__=program)
    loader = main.__dict__.get("__loader__")
    if loader is not None:
        main.__dict__["__loader__"] = type(loader)("__main__", program)
    return main


_prepared: list[object] = [None, None, None]  # the kinds of files for which the standard streams were created


def prepare_streams() -> None:
    """Recreate the three standard streams for the kinds of file that most programs get: an empty stdin, and two pipes.

    Called in the zygote, so its children share the memory of these streams, and need not recreate them.
    """
    saved = os.dup(1), os.dup(2)
    pipe = os.pipe()
    for descriptor in (1, 2):
        os.dup2(pipe[1], descriptor)
    renew_streams()
    for descriptor in (1, 2):
        os.dup2(saved[descriptor - 1], descriptor)
    for descriptor in (*saved, *pipe):
        os.close(descriptor)


def renew_streams() -> None:
    """Recreate each standard stream whose descriptor is now another kind of file. The stream objects stay the same."""
    for descriptor, stream in enumerate((sys.stdin, sys.stdout, sys.stderr)):
        if stream is not None:
            status = os.fstat(descriptor)
            kind = status.st_mode & _KIND, status.st_rdev, status.st_blksize
            if kind != _prepared[descriptor] or kind[0] == _REGULAR:  # the position of a regular file may also differ
                _renew(stream, descriptor)
                _prepared[descriptor] = kind


def _renew(stream: Any, descriptor: int) -> None:
    """Recreate a stream as the interpreter does (create_stdio in pylifecycle.c).

    The object stays the same, because a library may have a reference to it.
    """
    buffer, name = stream.buffer, stream.name
    options = stream.encoding, stream.errors, "\n", stream.line_buffering, stream.write_through
    # Create a new raw file, because the old one remembers whether its file can seek.
    raw: Any = _io.FileIO(descriptor, "wb" if descriptor else "rb", closefd=False)
    raw.name = name
    if isinstance(buffer, _io.FileIO):  # `python -u`
        buffer = raw
    else:
        size = raw._blksize
        if sys.version_info >= (3, 14):
            size = max(min(size, 8 << 20), _io.DEFAULT_BUFFER_SIZE)
        buffer.__init__(raw, size)
    stream.__init__(buffer, *options)


def refresh() -> None:
    """Renew the process-specific state of modules, except random, which reseeds its own generator after a fork."""
    modules = sys.modules
    if "numpy.random.mtrand" in modules:
        modules["numpy.random.mtrand"].seed()
    if "logging" in modules:
        logging: Any = modules["logging"]
        started = logging._startTime
        logging._startTime = time.time_ns() if isinstance(started, int) else time.time()
    if "threading" in modules:
        thread = modules["threading"].main_thread()
        if hasattr(thread, "_set_native_id"):
            thread._set_native_id()


class Run:
    """One run of the program."""

    def __init__(self, main: ModuleType) -> None:
        self.main: ModuleType | None = main
        sys.modules["__main__"] = main
        self.signal = 0  # the signal that must terminate the process; 0 for none
        self._has_exited = False  # the program has raised SystemExit
        self._trace: Any = None  # the trace and profile functions that the program has set and not removed
        self._profile: Any = None
        self.is_observed = False  # True if one of these two functions is set

    def run(self, code: CodeType) -> int:
        """Run the code as __main__. Return the exit status."""
        assert self.main is not None
        failure: BaseException | None = None
        try:
            try:
                exec(code, self.main.__dict__)  # noqa: S102 (an interpreter runs a program in the same way)
            finally:  # no helper function here, because the program's trace function would see its call
                if callable(profile := sys.getprofile()):
                    sys.setprofile(None)
                    self._profile, self.is_observed = profile, True
                if callable(trace := sys.gettrace()):
                    sys.settrace(None)
                    self._trace, self.is_observed = trace, True
        except BaseException as error:
            failure = error
        for name in ("stderr", "stdout"):  # as Python does (flush_io in pythonrun.c)
            try:
                getattr(sys, name).flush()
            except BaseException:  # noqa: S112 (the interpreter also ignores any exception here)
                continue
        if isinstance(failure, SystemExit):
            return self._exit_status(failure.code)
        status = 0 if failure is None else self._report(failure)
        if not self._has_exited:
            for name in ("__file__", "__cached__"):  # as Python does (_PyRun_SimpleFile in pythonrun.c)
                self.main.__dict__.pop(name, None)
        return status

    def _report(self, error: BaseException) -> int:
        """Report an exception of the program.

        Do not call this in an except clause: if sys.excepthook raises, the handled exception would become the context
        of the new exception, unlike in the interpreter itself.
        """
        trace = error.__traceback__
        error.__traceback__ = trace and trace.tb_next  # without the frame of `run`
        if sys.version_info >= (3, 12):
            sys.last_exc = error
        sys.last_type, sys.last_value, sys.last_traceback = type(error), error, error.__traceback__
        second: BaseException | None = None
        if not hasattr(sys, "excepthook"):
            _write("sys.excepthook is missing\n")
            sys.excepthook = sys.__excepthook__
        try:
            try:
                self.observe()
                sys.excepthook(type(error), error, error.__traceback__)
            finally:
                if self.is_observed:
                    sys.settrace(None)
                    sys.setprofile(None)
        except SystemExit as exit_:
            return self._exit_status(exit_.code)
        except BaseException as failure:
            second = failure
        if second is not None:
            second.__traceback__ = second.__traceback__ and second.__traceback__.tb_next
            _write("Error in sys.excepthook:\n")
            sys.__excepthook__(type(second), second, second.__traceback__)
            _write("\nOriginal exception was:\n")
            sys.__excepthook__(type(error), error, error.__traceback__)
        self.signal = 2 if type(error) is KeyboardInterrupt else 0
        return 1

    def _exit_status(self, code: object) -> int:
        self._has_exited = True
        if code is None or isinstance(code, int):
            return (code or 0) & 0xFF if -_MAX_STATUS <= (code or 0) < _MAX_STATUS else 0xFF
        try:
            _write(f"{code!s}\n")
        except BaseException:  # as Python does, even if __str__() raises SystemExit or KeyboardInterrupt
            return 1
        return 1

    def observe(self) -> None:
        """Set the program's trace and profile functions again for the next call, as in a cold run.

        If `is_observed` is True, the caller must remove them in its own frame immediately after that call. Otherwise
        they would also see functions of this package.
        """
        if self._profile is not None:
            sys.setprofile(self._profile)
        if self._trace is not None:
            sys.settrace(self._trace)


def _write(text: str) -> None:
    """Write to sys.stderr. If the program has removed it, write to the descriptor, as C's stderr does."""
    stream = getattr(sys, "stderr", None)
    if stream is None:
        os.write(2, text.encode("utf-8", "backslashreplace"))
    else:
        stream.write(text)
