"""The process of one request: how a fork of the zygote becomes the program, runs it, and exits as an interpreter does.

Knows how the interpreter starts and exits. It must not know sockets, other requests or the zygote. Part of zygote.py,
loaded by file name into the program's own interpreter (Python 3.9 or later).
"""

# pathlib and contextlib would be imported by every program; the interpreter's exit has private names
# ruff: noqa: SIM105, SLF001, RUF063
from __future__ import annotations

import _io
import _weakref
import atexit
import gc
import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, ModuleType, TracebackType
    from typing import Any

# Names of sys that the interpreter forgets before it destroys modules (sys_deletes in pylifecycle.c).
_FORGOTTEN = (
    *("path", "argv", "ps1", "ps2", "last_exc", "last_type", "last_value", "last_traceback"),
    *("path_hooks", "path_importer_cache", "meta_path", "__interactivehook__"),
)
_MAX_STATUS = 1 << 63
_signal: Any = sys.modules["_signal"]  # every interpreter has it


def fresh_main(of_zygote: dict[str, Any], program: str) -> ModuleType:
    """Return a module `__main__` as the interpreter creates one for a program. `of_zygote` is the zygote's own."""
    main = type(sys)("__main__")
    main.__dict__.clear()
    main.__dict__.update((name, value) for name, value in of_zygote.items() if name.startswith("__"))
    if "__annotations__" in main.__dict__:  # until Python 3.13
        main.__dict__["__annotations__"] = {}
    main.__dict__.update(__doc__=None, __file__=program)
    loader = main.__dict__.get("__loader__")
    if loader is not None:
        main.__dict__["__loader__"] = type(loader)("__main__", program)
    return main


def renew_streams() -> None:
    """Recreate the three standard streams, in place, on the current descriptors."""
    for descriptor, stream in enumerate((sys.stdin, sys.stdout, sys.stderr)):
        if stream is not None:
            _renew(stream, descriptor)


def _renew(stream: Any, descriptor: int) -> None:
    """Recreate a stream as the interpreter does (create_stdio in pylifecycle.c), in place: a library may hold it."""
    buffer, name = stream.buffer, stream.name
    options = stream.encoding, stream.errors, "\n", stream.line_buffering, stream.write_through
    # A new object: the old one still reports that it can seek.
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
    """Renew process-specific state of modules. The standard library reseeds its random numbers itself."""
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


def c_exit() -> Any:
    """Return the C library's exit(), which flushes the output of C code; _exit() if it is not available."""
    try:
        import _ctypes

        itself: Any = None
        address = _ctypes.dlsym(_ctypes.dlopen(itself, 2), "exit")
    except (ImportError, OSError, AttributeError):
        return os._exit
    return lambda status: _ctypes.call_function(address, (status,))


class Run:
    """The run of a program. `shared` are the names of the modules that were imported before it."""

    def __init__(self, main: ModuleType, shared: set[str]) -> None:
        self._main: ModuleType | None = main
        sys.modules["__main__"] = main
        self._shared = shared
        self._signal = 0
        self._has_exited = False  # by SystemExit

    def run(self, code: CodeType) -> int:
        """Run the code as __main__. Return the exit status."""
        assert self._main is not None
        failure: BaseException | None = None
        try:
            exec(code, self._main.__dict__)  # noqa: S102 (it is what an interpreter does with a program)
        except SystemExit as error:
            return self._exit_status(error.code)
        except BaseException as error:
            failure = error
        status = 0 if failure is None else self._report(failure)
        if not self._has_exited:
            for name in ("__file__", "__cached__"):  # as in the interpreter (_PyRun_SimpleFile in pythonrun.c)
                self._main.__dict__.pop(name, None)
        return status

    def _report(self, error: BaseException) -> int:
        """Report an exception of the program. Call it outside an except clause, whose exception would be the hook's
        context.
        """
        trace = error.__traceback__
        error.__traceback__ = trace and trace.tb_next  # without the frame of `run`
        if sys.version_info >= (3, 12):
            sys.last_exc = error
        sys.last_type, sys.last_value, sys.last_traceback = type(error), error, error.__traceback__
        second: BaseException | None = None
        try:
            sys.excepthook(type(error), error, error.__traceback__)
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
        self._signal = 2 if type(error) is KeyboardInterrupt else 0
        return 1

    def _exit_status(self, code: object) -> int:
        self._has_exited = True
        if code is None or isinstance(code, int):
            return (code or 0) & 0xFF if -_MAX_STATUS <= (code or 0) < _MAX_STATUS else 0xFF
        try:
            _write(f"{code}\n")
        except Exception:  # as in the interpreter
            return 1
        return 1

    def end(self, status: int, exit_: Callable[[int], object]) -> None:
        """Exit as an interpreter does, without destroying shared state: threads, atexit, output, objects."""
        if "threading" in sys.modules:
            _call(sys.modules["threading"]._shutdown)
        _call(atexit._run_exitfuncs)
        status = 120 if _lost_output() else status
        self._destroy_modules()
        _flush_streams()
        if self._signal:
            _signal.signal(self._signal, _signal.SIG_DFL)
            os.kill(os.getpid(), self._signal)
        exit_(status)
        os._exit(status)

    def _destroy_modules(self) -> None:
        """Destroy the program's own modules, in the interpreter's order (finalize_modules in pylifecycle.c)."""
        for name in _FORGOTTEN:
            if hasattr(sys, name):
                setattr(sys, name, None)
        sys.stdin, sys.stdout, sys.stderr = sys.__stdin__, sys.__stdout__, sys.__stderr__
        shared = []
        modules = []
        for name in list(sys.modules):
            module = sys.modules.pop(name)
            if name in self._shared and name != "__main__":
                shared.append(module)
                continue
            try:
                modules.append(_weakref.ref(module))
            except TypeError:  # sys.modules may contain any object
                pass
        del module
        self._main = None
        gc.collect()
        for reference in reversed(modules):
            living = reference()
            if type(living) is type(sys):
                _clear(living.__dict__)
            del living
        gc.collect()
        _flush_files()


def _clear(names: dict[str, Any]) -> None:
    """Clear names in the order of _PyModule_ClearDict: private names first, builtins never."""
    for private in (True, False):
        for name in list(names):
            if isinstance(name, str) and name != "__builtins__" and (not private or name[:1] == "_" != name[1:2]):
                names[name] = None


def _flush_files() -> None:
    """Flush files that shared objects still hold."""
    things = gc.get_objects()  # only this process's; those of the zygote are frozen
    kinds = {kind for kind in set(map(type, things)) if issubclass(kind, _io._IOBase)}
    for thing in things:
        if type(thing) in kinds and thing is not sys.stdout and thing is not sys.stderr:
            try:
                thing.flush()
            except (OSError, ValueError):
                pass


def _lost_output() -> bool:
    """Flush the standard streams. Return True if that failed for stdout; failures of stderr do not count."""
    lost = False
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None and not getattr(stream, "closed", False):
                stream.flush()
        except Exception as error:  # the program may have put any object there
            if stream is sys.stdout:
                lost = True
                _unraisable(error, stream, None)
    return lost


def _flush_streams() -> None:
    """Flush the standard streams as their destruction does: without reports."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            pass


def _call(function: Callable[[], object]) -> None:
    try:
        function()
    except BaseException as error:
        _unraisable(error, function, error.__traceback__ and error.__traceback__.tb_next)


def _unraisable(error: BaseException, thing: object, trace: TracebackType | None) -> None:
    """Report it as the interpreter does."""
    message = None
    if sys.version_info >= (3, 13) and thing is sys.stdout:
        when = "while" if sys.version_info >= (3, 14) else "on"
        message, thing = f"Exception ignored {when} flushing sys.stdout", None
    try:
        sys.unraisablehook(_kind_of_report()((type(error), error, trace, message, thing)))
    except Exception:  # it cannot be reported
        return


def _kind_of_report() -> Any:
    """Return the type of the argument of sys.unraisablehook, which has no public name."""

    class Failing:
        def __del__(self) -> None:
            raise ValueError

    kinds: list[Any] = []
    hook, sys.unraisablehook = sys.unraisablehook, lambda report: kinds.append(type(report))
    try:
        Failing()
    finally:
        sys.unraisablehook = hook
    return kinds[0]


def _write(text: str) -> None:
    if sys.stderr is not None:
        sys.stderr.write(text)
        sys.stderr.flush()
