"""The exit of a process. It follows the interpreter's exit, but does not destroy objects shared with other processes.

Knows the interpreter's exit (Py_FinalizeEx in pylifecycle.c). It must not know sockets, the zygote, or how the
program ran. zygote.py loads this file by its name into the program's own interpreter
(Python 3.9 or later).
"""

# Do not use pathlib and contextlib: each program would have to import them. Private names are needed for the exit.
# ruff: noqa: SIM105, SLF001
from __future__ import annotations

import _io
import _weakref
import atexit
import builtins
import gc
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .child import Run

# Names in sys that the interpreter deletes before it destroys modules (sys_deletes in pylifecycle.c).
_FORGOTTEN = (
    *("path", "argv", "ps1", "ps2", "last_exc", "last_type", "last_value", "last_traceback"),
    *("path_hooks", "path_importer_cache", "meta_path", "__interactivehook__"),
)
# Builtins that Python adds after its start. The interpreter removes them at its exit (finalize_restore_builtins_dict).
_LATE = ("open", "quit", "exit", "copyright", "credits", "license", "help", "_")
_signal: Any = sys.modules["_signal"]  # loaded in every interpreter
# File and line of the code that destroys objects below. A warning from a destructor reports the file and line of the
# current frame. At the interpreter's own exit, there is no frame, and Python reports these values.
_FILE, _LINE = ("<sys>", 0) if sys.version_info >= (3, 13) else ("sys", 1)
_PLACE: dict[str, Any] = {"__name__": "sys", "collect": gc.collect}
_SOURCES = ("lambda: collect()", "lambda names, name: names.__setitem__(name, None)")
_collect, _forget = (eval(compile(source, _FILE, "eval"), _PLACE) for source in _SOURCES)  # noqa: S307 (constants)
for _function in (_collect, _forget):
    _function.__code__ = _function.__code__.replace(co_firstlineno=_LINE)


def c_exit() -> Any:
    """Return the C library's exit(), which also flushes the output of C code; _exit() if exit() is not available."""
    try:
        import _ctypes

        itself: Any = None
        address = _ctypes.dlsym(_ctypes.dlopen(itself, 2), "exit")
        function: Any = type("Exit", (_ctypes.CFuncPtr,), {"_flags_": _ctypes.FUNCFLAG_CDECL})
        return function(address)  # before 3.14, this call raises no audit event; call_function() raises one
    except (ImportError, OSError, AttributeError):
        return os._exit


class Ending:
    """The exit of a process after a run. `shared`: names of the modules that were imported before the run."""

    def __init__(self, run: Run, shared: set[str]) -> None:
        self._run, self._shared = run, shared
        self._kept: list[object] = []  # shared modules; they are kept, because freeing them would copy memory pages

    def end(self, status: int, exit_: Callable[[int], object]) -> None:
        """Exit in the interpreter's order: threads, atexit functions, output, objects. Shared objects are kept."""
        if "threading" in sys.modules:
            self._call(sys.modules["threading"]._shutdown)
        # In Python 3.9 and earlier, each import of atexit creates a module with its own list of functions.
        self._call(sys.modules.get("atexit", atexit)._run_exitfuncs)
        sys.is_finalizing = True.__bool__
        status = 120 if _lost_output() else status
        self._destroy_modules()
        _flush_streams()
        if self._run.signal:
            _signal.signal(self._run.signal, _signal.SIG_DFL)
            os.kill(os.getpid(), self._run.signal)
        try:
            exit_(status)
        finally:  # since 3.14, an audit hook of the program can make the call to exit() raise
            os._exit(status)

    def _call(self, function: Callable[[], object]) -> None:
        try:
            try:
                self._run.observe()
                function()
            finally:
                if self._run.is_observed:
                    sys.settrace(None)
                    sys.setprofile(None)
        except BaseException as error:
            threading = sys.modules.get("threading")
            _unraisable(error, threading if function is getattr(threading, "_shutdown", None) else function)

    def _destroy_modules(self) -> None:
        """Destroy the program's own modules in the interpreter's order (finalize_modules in pylifecycle.c)."""
        _collect()
        for name in _FORGOTTEN:
            if hasattr(sys, name):
                _forget(sys.__dict__, name)
        sys.stdin, sys.stdout, sys.stderr = sys.__stdin__, sys.__stdout__, sys.__stderr__
        self._run.main = None
        modules, shared, references = sys.modules, self._kept, []
        for name in list(modules):
            module = modules[name]
            if name in self._shared and name != "__main__":
                shared.append(module)
            else:
                try:
                    references.append(_weakref.ref(module))
                except TypeError:  # sys.modules may contain any object
                    pass
            del module
            _forget(modules, name)
        modules.clear()
        for name in _LATE:
            builtins.__dict__.pop(name, None)
        _collect()
        for reference in reversed(references):
            living = reference()
            if type(living) is type(sys):
                _clear(living.__dict__)
            del living
        _collect()
        _flush_files()


def _clear(names: dict[str, Any]) -> None:
    """Clear names in the order of _PyModule_ClearDict: private names first. `__builtins__` is kept."""
    for private in (True, False):
        for name in list(names):
            if isinstance(name, str) and name != "__builtins__" and (not private or name[:1] == "_" != name[1:2]):
                _forget(names, name)


def _flush_files() -> None:
    """Flush the files to which shared objects still refer."""
    try:
        things = gc.get_objects()  # only objects of this process, because the zygote's are frozen
    except Exception:  # raised by an audit hook of the program
        return
    kinds = {kind for kind in set(map(type, things)) if issubclass(kind, _io._IOBase)}
    for thing in things:
        if type(thing) in kinds and thing is not sys.stdout and thing is not sys.stderr:
            try:
                thing.flush()
            except (OSError, ValueError):
                pass


def _lost_output() -> bool:
    """Flush the standard streams. Return True if that failed. Only failures of stdout are reported."""
    lost = False
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name, None)  # the program may have deleted it
        try:
            if stream is not None and not getattr(stream, "closed", False):
                stream.flush()
        except Exception as error:  # the program may have put any object there
            lost = True
            if name == "stdout":
                _unraisable(error, stream)
    return lost


def _flush_streams() -> None:
    """Flush the standard streams as their destructors do, without reporting errors."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            pass


def _unraisable(error: BaseException, thing: object) -> None:
    """Report an exception that cannot be raised, as the interpreter does: without the frame that caught it."""
    trace = error.__traceback__ and error.__traceback__.tb_next
    error.__traceback__ = trace  # Python 3.15 and later show the traceback of the exception itself
    message = None
    if sys.version_info >= (3, 13) and thing is sys.modules.get("threading"):
        message, thing = "Exception ignored on threading shutdown", None
    elif sys.version_info >= (3, 13) and thing is getattr(sys, "stdout", None):
        when = "while" if sys.version_info >= (3, 14) else "on"
        message, thing = f"Exception ignored {when} flushing sys.stdout", None
    try:
        sys.unraisablehook(_kind_of_report()((type(error), error, trace, message, thing)))
    except Exception:  # the program's hook has failed, so the report is lost
        return


def _kind_of_report() -> Any:
    """Return the type of the argument of sys.unraisablehook. It has no public name."""

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
