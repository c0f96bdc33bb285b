"""The state of a process that an import can change without an audit event.

Knows the settings of the process, of the interpreter and of standard modules. It must not know which module changes
them. The scout (scout.py) runs this module in a separate process.

A library that changes such a state cannot be imported before the program starts, for two reasons. Code of the program
that runs before its import would see the change too early. And if that code changes the same setting, its value would
remain, although in an ordinary run the library's value replaces it.
"""

# ruff: noqa: PTH109, PTH208
from __future__ import annotations

import _contextvars
import _locale
import gc
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

OF_SETTINGS = frozenset(
    (
        *("the warning filters", "builtins", "the settings of logging", "the settings of threads"),
        *("resource limits", "settings of Python", "defaults of Python's modules"),
    )
)
"""State that standard modules may change, because their import creates it."""
# Functions of sys that return a setting. Older versions of Python do not have all of them.
_FUNCTIONS = ("get_int_max_str_digits", "get_asyncgen_hooks", "get_coroutine_origin_tracking_depth")
_VALUES = ("dont_write_bytecode", "pycache_prefix", "tracebacklimit", "breakpointhook")
_signal: Any = sys.modules["_signal"]  # loaded in every interpreter


def now() -> dict[str, object]:
    """Return the current state: for each description, a comparable value. Flushes the standard streams first."""
    streams = (sys.__stdin__, sys.__stdout__, sys.__stderr__)
    for stream in streams[1:]:
        if stream is not None:
            stream.flush()
    umask = os.umask(0o22)
    os.umask(umask)
    timeout = _of("socket", "getdefaulttimeout")
    numbers = _of("random", "_inst")
    return {
        "the number of threads": len(os.listdir("/proc/self/task")),
        "the open descriptors": os.listdir("/proc/self/fd"),
        "the output": [os.fstat(descriptor).st_size for descriptor in (1, 2)],
        "the position of stdin": os.lseek(0, 0, os.SEEK_CUR),
        "signal handlers": [_signal.getsignal(number) for number in range(1, 32)],
        "blocked signals": _signal.pthread_sigmask(_signal.SIG_BLOCK, ()),
        "the working folder": os.getcwd(),
        "the umask": umask,
        "sys.path": list(sys.path),
        "the standard streams": [*map(id, (sys.stdin, sys.stdout, sys.stderr)), *map(_options, streams)],
        "hooks": [sys.excepthook, sys.displayhook, sys.unraisablehook, sys.gettrace(), sys.getprofile()],
        "context variables": [(variable, id(value)) for variable, value in _contextvars.copy_context().items()],
        "the locale": _locale.setlocale(_locale.LC_ALL),
        "limits": [sys.getrecursionlimit(), sys.getswitchinterval(), gc.get_threshold(), gc.isenabled()],
        "the priority": [os.getpriority(os.PRIO_PROCESS, 0), os.sched_getaffinity(0)],
        "the default timeout of sockets": timeout and timeout(),
        "the random numbers": numbers and numbers.getstate(),
        "the warning filters": _filters(),
        "builtins": [(name, id(value)) for name, value in vars(sys.modules["builtins"]).items()],
        "the settings of logging": _logging(),
        "the settings of threads": [_of("threading", name) for name in ("excepthook", "_trace_hook", "_profile_hook")],
        "resource limits": _limits(),
        "settings of Python": _settings(),
        "defaults of Python's modules": _defaults(),
    }


def _of(module: str, name: str) -> Any:
    """Return an attribute of a module; None if the module is not imported, or does not have the attribute (yet)."""
    return getattr(sys.modules.get(module), name, None)


def _options(stream: Any) -> object:
    return stream and (stream.encoding, stream.errors, stream.line_buffering, stream.write_through)


def _filters() -> object:
    """Return the function showwarning(), and the filters for a builtin class without a message, module or line."""
    filters = [
        (action, category)
        for action, message, category, module, line in _of("warnings", "filters") or ()
        if message is None and module is None and not line and category.__module__ == "builtins"
    ]
    return [*filters, _of("warnings", "showwarning")]


def _logging() -> object:
    logging: Any = sys.modules.get("logging")
    root = getattr(logging, "root", None)
    if root is None or not hasattr(logging, "lastResort"):
        return None
    names = ("lastResort", "_loggerClass", "_logRecordFactory", "raiseExceptions")
    of_manager = [root.manager.disable, root.manager.loggerClass, root.manager.logRecordFactory]
    return [root.level, list(root.handlers), list(root.filters), *of_manager, *(_of("logging", name) for name in names)]


def _limits() -> object:
    resource: Any = sys.modules.get("resource")
    names = [name for name in dir(resource) if name.startswith("RLIMIT_")]
    return [resource.getrlimit(getattr(resource, name)) for name in names]


def _settings() -> object:
    functions = [getattr(sys, name)() for name in _FUNCTIONS if hasattr(sys, name)]
    traced = [is_on and is_on() for is_on in (_of("faulthandler", "is_enabled"), _of("_tracemalloc", "is_tracing"))]
    return [*functions, *(getattr(sys, name, None) for name in _VALUES), *traced, len(gc.callbacks)]


def _defaults() -> object:
    """Return the settings of standard modules whose object is replaced by a change, e.g. the event loop policy."""
    policy = type(_of("asyncio.events", "_event_loop_policy"))
    return [
        None if policy.__module__.startswith(("builtins", "asyncio.")) else policy,
        repr(_of("decimal", "DefaultContext")),
        getattr(_of("multiprocessing.context", "_default_context"), "_actual_context", None),
        _of("urllib.request", "_opener"),
    ]
