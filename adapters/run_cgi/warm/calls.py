"""Observe calls of C functions whose results differ in each process, and what an import reads of files.

Knows C functions, audit events and the frames that call them. It must not know modules, or which of them may be shared.
Part of zygote.py, run by the scout (scout.py) in its separate process. A profile function sees each call, even if the
caller has kept the function itself (`from os import urandom`), as random has before the scout begins.
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

MAX_PATHS = 1000  # number of paths that can be watched; a module that reads more is not shared
_TIME, _NUMBER, _ID = "keeps the time", "keeps a random number", "keeps the process's id"
_THREAD, _FORKS = "keeps the thread's id", "registers calls for forks"
OF_LIBRARIES = frozenset((_TIME, _THREAD, _FORKS))  # reasons that do not count for modules of Python
_FUNCTIONS = {
    **dict.fromkeys(("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns"), _TIME),
    **dict.fromkeys(("clock_gettime", "clock_gettime_ns", "now", "utcnow", "today", "generate_time_safe"), _TIME),
    **dict.fromkeys(("urandom", "getrandom", "RAND_bytes"), _NUMBER),
    **dict.fromkeys(("getpid", "getppid"), _ID),
    "get_native_id": _THREAD,
    "register_at_fork": _FORKS,
}
_OWNERS = frozenset(("time", "posix", "datetime", "date", "_thread", "_ssl", "_uuid"))
# Modules whose calls keep nothing: records of a log, caches that compare times of files, and (from Python 3.15 on) a
# trial of pidfd_open().
_HARMLESS_CALLERS = frozenset(("logging", "importlib.metadata", "subprocess"))
# Functions whose random numbers are keys within a process: a run cannot tell that they are shared.
_KEYS = frozenset((("opentelemetry.context", "create_key"),))
_CODE = (".py", ".pyc", ".so", ".pth")
_OF_PROCESS = ("/proc/self/", f"/proc/{os.getpid()}/", "/dev/random", "/dev/urandom")


class Calls:
    """Calls `blame` with a reason for each such call, and `read` with each path that is read.

    The second argument of `read` names the part that is read: "file" (its content), "folder" (its entries), "status".
    """

    def __init__(self, blame: Callable[[str], None], read: Callable[[str, str], None]) -> None:
        self._blame, self._read = blame, read

    def observe(self) -> None:
        """Observe calls from now on. Audit events are passed to `audit` by the scout."""
        stat, lstat = os.stat, os.lstat

        def look(path: Any, *arguments: Any, **named: Any) -> Any:
            self._note(path, "status", sys._getframe(1))
            return stat(path, *arguments, **named)

        def look_at_link(path: Any, *arguments: Any, **named: Any) -> Any:
            self._note(path, "status", sys._getframe(1))
            return lstat(path, *arguments, **named)

        os.stat, os.lstat = look, look_at_link
        sys.setprofile(self._profile)

    def _profile(self, frame: FrameType, event: str, function: Any) -> None:
        if event != "c_call":
            return
        reason = _FUNCTIONS.get(getattr(function, "__name__", ""))
        if reason is None or getattr(getattr(function, "__self__", None), "__name__", None) not in _OWNERS:
            return
        if frame.f_globals.get("__name__") not in _HARMLESS_CALLERS and not is_for_keys(frame):
            self._blame(reason)

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Handle an audit event that reads files."""
        if event == "open":
            self._note(arguments[0], "file", sys._getframe(2))
        elif event in ("os.listdir", "os.scandir"):
            self._note(arguments[0], "folder", sys._getframe(2))

    def _note(self, path: Any, kind: str, caller: FrameType) -> None:
        name = caller.f_globals.get("__name__") or ""
        if name.startswith("importlib") or name in ("scout", "calls") or path is None or isinstance(path, int):
            return
        text = os.path.abspath(os.fsdecode(path))
        if text.startswith(_OF_PROCESS):
            if kind == "file":
                self._blame(_NUMBER if text.startswith("/dev") else "reads the process's own files")
        elif not text.startswith(("/dev/", "/proc/", "/sys/")) and not (text.endswith(_CODE) and kind == "file"):
            self._read(text, kind)


def is_for_keys(frame: FrameType | None) -> bool:
    """Return True if a function that creates keys within a process is running."""
    while frame is not None:
        if (frame.f_globals.get("__name__"), frame.f_code.co_name) in _KEYS:
            return True
        frame = frame.f_back
    return False


def is_called_by(name: str) -> bool:
    """Return True if a function of this module is running."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_globals.get("__name__") == name:
            return True
        frame = frame.f_back
    return False
