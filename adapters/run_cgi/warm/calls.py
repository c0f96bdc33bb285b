"""Observe an import: its calls to C functions whose results differ between processes, and the files that it reads.

Knows C functions, audit events and the frames that call them. It must not know modules, or which of them may be shared.
The scout (scout.py) runs this module in a separate process.

A profile function observes the calls. Replacing the C functions would not be enough: a module such as random, which has
run `from os import urandom` before the scout started, would still call the original.
"""

# ruff: noqa: PTH100, SLF001
from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any

MAX_PATHS = 1000  # maximum number of watched paths per module; a module that reads more is not shared
_TIME, _NUMBER, _ID = "keeps the time", "keeps a random number", "keeps the process's id"
_THREAD, _FORKS = "keeps the thread's id", "registers fork handlers"
_TIMER, _STACKS = "starts a timer", "changes the settings of threads"
# Reasons not to share a module. They do not apply to Python's standard modules.
OF_LIBRARIES = frozenset((_TIME, _THREAD, _FORKS))
_FUNCTIONS = {
    **dict.fromkeys(("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns"), _TIME),
    **dict.fromkeys(("clock_gettime", "clock_gettime_ns", "now", "utcnow", "today", "generate_time_safe"), _TIME),
    **dict.fromkeys(("process_time", "process_time_ns", "thread_time", "thread_time_ns", "times", "getrusage"), _TIME),
    **dict.fromkeys(("urandom", "getrandom", "RAND_bytes"), _NUMBER),
    **dict.fromkeys(("getpid", "getppid", "getpgrp", "getpgid", "getsid"), _ID),
    **dict.fromkeys(("alarm", "setitimer"), _TIMER),
    "stack_size": _STACKS,
    "get_native_id": _THREAD,
    "register_at_fork": _FORKS,
}
_OWNERS = frozenset(("time", "posix", "datetime", "date", "_thread", "_ssl", "_uuid", "resource", "_signal"))
# Functions of extension modules (cryptography, bcrypt, fastuuid ...) that return a random key or number.
_KEY_MAKERS = frozenset(("generate_private_key", "generate_key", "gensalt", "uuid1", "uuid4", "uuid6", "uuid7"))
# Functions of C libraries, called through ctypes, whose results or effects differ between processes.
_OF_C = {
    **dict.fromkeys(("getpid", "getppid", "gettid", "getpgrp", "getpgid", "getsid"), _ID),
    **dict.fromkeys(("time", "clock", "clock_gettime", "gettimeofday", "times", "getrusage"), _TIME),
    **dict.fromkeys(("rand", "random", "drand48", "lrand48", "getrandom", "getentropy", "arc4random"), _NUMBER),
    **dict.fromkeys(("RAND_bytes", "uuid_generate", "uuid_generate_random", "uuid_generate_time"), _NUMBER),
    **dict.fromkeys(("getenv", "secure_getenv", "environ"), "reads the environment in C code"),
    **dict.fromkeys(("alarm", "setitimer", "timer_create"), _TIMER),
}
# Modules whose calls are harmless, because they do not keep the results. logging stores results in log records,
# importlib.metadata compares file times for its cache, and subprocess (since Python 3.15) tests pidfd_open().
_HARMLESS_CALLERS = frozenset(("logging", "importlib.metadata", "subprocess"))
# Functions that create random keys for use within one process. Runs of a program may share these keys, because no run
# can detect that another one has the same keys.
_KEYS = frozenset((("opentelemetry.context", "create_key"),))
_PARTS = frozenset(("scout", "calls", "state", "contents", "reads"))
_CODE = (".py", ".pyc", ".so", ".pth")
_RANDOM = ("/dev/random", "/dev/urandom", "/proc/sys/kernel/random/")
_OF_PROCESS = ("/proc/self", "/proc/thread-self", f"/proc/{os.getpid()}/", "/dev/stdin", "/dev/fd/")


class Calls:
    """Calls `blame` with the reason for each observed call, and `read` for each path that an import reads.

    The arguments of `read` are the path, and the kind of read: "file" for a file's content, "folder" for a folder's
    entries, or "status" for stat().
    """

    def __init__(self, blame: Callable[[str], None], read: Callable[[str, str], None]) -> None:
        self._blame, self._read = blame, read

    def observe(self) -> None:
        """Start observing calls. The scout passes audit events to audit()."""
        stat, lstat, readlink = os.stat, os.lstat, os.readlink

        def look(path: Any, *arguments: Any, **named: Any) -> Any:
            self._note(path, "status", sys._getframe(1))
            return stat(path, *arguments, **named)

        def look_at_link(path: Any, *arguments: Any, **named: Any) -> Any:
            self._note(path, "status", sys._getframe(1))
            return lstat(path, *arguments, **named)

        def read_link(path: Any, *arguments: Any, **named: Any) -> Any:
            self._note(path, "link", sys._getframe(1))
            return readlink(path, *arguments, **named)

        os.stat, os.lstat, os.readlink = look, look_at_link, read_link
        sys.setprofile(self._profile)

    def _profile(self, frame: FrameType, event: str, function: Any) -> None:
        if event != "c_call":
            return
        name = getattr(function, "__name__", "")
        reason = _NUMBER if name in _KEY_MAKERS else _FUNCTIONS.get(name)
        if reason is None or not (name in _KEY_MAKERS or _is_owner(getattr(function, "__self__", None))):
            return
        if frame.f_globals.get("__name__") not in _HARMLESS_CALLERS and not is_for_keys(frame):
            self._blame(reason)

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Handle an audit event: a file is read, or a C function is looked up."""
        if event == "open":
            self._note(arguments[0], "file", sys._getframe(2))
        elif event in ("os.listdir", "os.scandir"):
            self._note(arguments[0], "folder", sys._getframe(2))
        elif event == "ctypes.dlsym" and (reason := _OF_C.get(arguments[1])) is not None:
            self._blame(reason)

    def _note(self, path: Any, kind: str, caller: FrameType) -> None:
        name = caller.f_globals.get("__name__") or ""
        if name.startswith("importlib") or name in _PARTS or path is None or isinstance(path, int):
            return
        text = os.path.abspath(os.fsdecode(path))
        if text.startswith(_RANDOM) and kind == "file":
            self._blame(_NUMBER)
        elif text.startswith(_OF_PROCESS):
            if kind != "status":
                self._blame("reads the process's own files")
        elif kind == "link":
            self._read(text, "status")
        elif not text.startswith(("/dev/", "/proc/", "/sys/")) and not (text.endswith(_CODE) and kind == "file"):
            self._read(text, kind)


def _is_owner(owner: Any) -> bool:
    """Return True for a module or class in _OWNERS, and for a subclass of a class in datetime."""
    if getattr(owner, "__name__", None) in _OWNERS:
        return True
    return isinstance(owner, type) and any(base.__module__ == "datetime" for base in owner.__mro__)


def is_for_keys(frame: FrameType | None) -> bool:
    """Return True if a function of _KEYS is on the stack."""
    while frame is not None:
        if (frame.f_globals.get("__name__"), frame.f_code.co_name) in _KEYS:
            return True
        frame = frame.f_back
    return False


def is_called_by(name: str) -> bool:
    """Return True if a function of the module `name` is on the stack."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_globals.get("__name__") == name:
            return True
        frame = frame.f_back
    return False
