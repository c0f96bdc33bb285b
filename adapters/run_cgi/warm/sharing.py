"""Import the libraries that can be shared. To find them, the scout first imports all libraries in a separate process.

Knows the interpreter's settings and processes. It must not know requests, or how effects are detected. zygote.py loads
this file by its name into the program's own interpreter (Python 3.9 or later).
"""

# ruff: noqa: PTH208, SLF001
from __future__ import annotations

import marshal
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .files import Library

_PATCHING = {"gevent", "eventlet"}  # packages that change modules that are imported after them


def unfit(library: Library) -> str:
    """Return the reason why this interpreter cannot run programs warm; "" if it can."""
    for name in ("sitecustomize", "usercustomize"):
        module = sys.modules.get(name)
        if module is not None and not library.is_standard(module):
            return f"{name} ({library.file(module)}) must run at the start of each interpreter"
    flags = [name for name in ("verbose", "inspect", "debug", "dev_mode") if getattr(sys.flags, name)]
    options = [
        name for name in ("importtime", "showrefcount", "perf", "perf_jit", "tracemalloc") if name in sys._xoptions
    ]
    names = ("PYTHONPROFILEIMPORTTIME", "PYTHONDUMPREFS", "PYTHONMALLOCSTATS", "PYTHONTRACEMALLOC", "PYTHONPERFSUPPORT")
    variables = [] if sys.flags.ignore_environment else [name for name in names if os.environ.get(name)]
    unusual = flags + options + variables
    return f"Python is set to print reports about itself ({', '.join(unusual)})" if unusual else ""


def share(names: list[str], explore: Callable[[list[str]], Any]) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Import the modules that can be shared.

    Returns the reason for each other module, and the paths that the imports have read. `explore` imports the modules in
    a separate process; it is Scout.explore.
    """
    if not _PATCHING.isdisjoint(name.partition(".")[0] for name in names):
        return {"all libraries": "gevent and eventlet change modules that are imported after them"}, []
    readable, writable = os.pipe()
    scout = os.fork()
    if not scout:
        _explore(names, explore, writable)
    os.close(writable)
    with open(readable, "rb") as pipe:
        found = pipe.read()
    os.waitpid(scout, 0)
    if not found:
        return {"all libraries": "an interpreter that imported them has died"}, []
    good, left, paths = marshal.loads(found)  # noqa: S302 (the data comes from this process's own child)
    for name in good:
        try:
            __import__(name)
        except BaseException:  # noqa: S112 (the program will import it, and see the error)
            continue
    if len(os.listdir("/proc/self/task")) > 1:
        raise SystemExit  # an import has started a thread, unlike in the scout; a fork would lose the thread
    return dict(left), list(paths)


def _explore(names: list[str], explore: Callable[[list[str]], Any], writable: int) -> None:
    """Run the scout in the separate process, write its findings to `writable`, and exit.

    The standard streams are files, because their use can then be detected.
    """
    try:
        for descriptor in (0, 1, 2):
            os.dup2(os.memfd_create("stream"), descriptor)
        os.write(0, b"\n")
        os.lseek(0, 0, os.SEEK_SET)
        found = explore(names)
        with open(writable, "wb") as pipe:
            pipe.write(marshal.dumps(found))
    finally:
        os._exit(0)
