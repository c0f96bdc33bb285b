"""Find out which modules are libraries, and whether files that a warm interpreter has read have changed.

Knows paths and file times. It must not know requests or processes, or why a module is imported. zygote.py loads it by
file name into the program's own interpreter (Python 3.9 or later).

These modules are libraries: the standard library, installed packages (below site-packages or dist-packages), this
package, and the modules in the host's option `warm`. All other modules are the program's own. Each process imports its
own modules itself.
"""

# Do not use pathlib, because each program would have to import it.
# ruff: noqa: PTH116, PTH118, PTH120, PTH208
from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import ModuleType

LOOK_AFTER = 0.1  # minimum interval between checks of installed packages, in seconds
LOOK_AT_PYTHON_AFTER = 1.0  # minimum interval between checks of the standard library, in seconds
_SOURCES = (".py", ".pyc", ".so")
_HERE = os.path.dirname(os.path.realpath(__file__))
_ADAPTERS = os.path.dirname(os.path.dirname(_HERE))


class Library:
    """The modules that all runs of a program may share. `named`: the program's own modules that may also be shared."""

    def __init__(self, program: str, named: Iterable[str]) -> None:
        self._named = frozenset(named)
        self._standard = os.path.dirname(os.__file__) + os.sep
        self._folder = os.path.dirname(os.path.realpath(program)) + os.sep
        self._known: dict[str, bool] = {}

    def holds(self, module: ModuleType) -> bool:
        """Return True if the module may be shared."""
        name = module.__name__
        if any(name == each or name.startswith(each + ".") for each in self._named):
            return True
        file = self.file(module)
        if file is not None:
            return self._below(os.path.dirname(file) + os.sep)
        folders = list(getattr(module, "__path__", ()))  # a namespace package has no file
        return all(self._below(folder + os.sep) for folder in folders) if folders else self._is_builtin(module)

    def is_standard(self, module: ModuleType) -> bool:
        """Return True if the module is part of the standard library, or has no file."""
        file = self.file(module)
        return file is None or (file.startswith(self._standard) and not _is_installed(file))

    @staticmethod
    def file(module: ModuleType) -> str | None:
        """Return the file from which the module was loaded; None if there is no file."""
        file = getattr(module, "__file__", None)
        return file if isinstance(file, str) else None

    @staticmethod
    def _is_builtin(module: ModuleType) -> bool:
        origin = getattr(getattr(module, "__spec__", None), "origin", None)
        return origin in ("built-in", "frozen")

    def _below(self, folder: str) -> bool:
        if folder not in self._known:
            installed = folder.startswith(self._standard) or _is_installed(folder)
            own = installed and folder.startswith(self._folder) and not _is_installed(folder[len(self._folder) :])
            self._known[folder] = (installed and not own) or _is_ours(folder)
        return self._known[folder]


def _is_installed(path: str) -> bool:
    return "site-packages" + os.sep in path or "dist-packages" + os.sep in path


def _is_ours(folder: str) -> bool:
    """Return True for a folder of this package or its parent package, whose import does not depend on a request."""
    real = os.path.realpath(folder) + os.sep
    return real.startswith(_ADAPTERS + os.sep) or os.path.realpath(os.path.join(folder, "adapters")) == _ADAPTERS


class Files:
    """The files that this interpreter has read, and the folders that it has searched. Detects their changes."""

    def __init__(self, program: str, library: Library) -> None:
        self._library = library
        self._own = {program: _stamp(program)}
        self._installed: dict[str, object] = {}
        self._standard: dict[str, object] = {}
        self._folders: dict[str, tuple[object, frozenset[str]]] = {}  # the program's own folders
        self._places: dict[str, tuple[object, frozenset[str]]] = {}  # folders of installed packages
        self._read: dict[tuple[str, str], object] = {}  # other reads by imports: (path, kind) -> state
        self._read_of_installed: dict[tuple[str, str], object] = {}
        self._shared: frozenset[str] = frozenset()
        self._looked = self._looked_at_python = time.monotonic()

    def watch(self, shared: Iterable[str], read: Iterable[tuple[str, str]] = ()) -> None:
        """Watch files and folders for changes.

        These are the files of the modules `shared`, folders in which a new module could shadow one of them, and the
        paths in `read`. `read` contains paths that the imports have read, each with "file", "folder" or "status".
        """
        for path, kind in read:
            if not _is_installed(path) and not path.startswith(os.path.dirname(os.__file__) + os.sep):
                self._read[path, kind] = _seen(path, kind)
            elif kind != "status":  # a status only changes if an installed package changes, and packages are watched
                self._read_of_installed[path, kind] = _seen(path, kind)
        self._shared = frozenset(name.partition(".")[0] for name in shared)
        for name in shared:
            module = sys.modules.get(name)
            file = module and self._library.file(module)
            if module is None or not file:
                continue
            if self._library.is_standard(module):
                self._standard[file] = _stamp(file)
            else:
                (self._installed if _is_installed(file) else self._own)[file] = _stamp(file)
        for folder in sys.path:
            if _is_installed(folder + os.sep):
                self._places[folder] = _stamp(folder), frozenset(_modules_in(folder))
            elif not os.path.join(folder, "").startswith(os.path.dirname(os.__file__) + os.sep):
                self._folders[folder] = _stamp(folder), frozenset(_modules_in(folder))

    def changed(self) -> bool:
        """Return True if a watched file or folder has changed."""
        now = time.monotonic()
        if any(_stamp(file) != stamp for file, stamp in self._own.items()) or self._is_hidden():
            return True
        if _has_changed(self._read):
            return True
        if now - self._looked > LOOK_AFTER:
            self._looked = now
            if any(_stamp(file) != stamp for file, stamp in self._installed.items()) or any(_added_in(self._places)):
                return True
            if _has_changed(self._read_of_installed):
                return True
        if now - self._looked_at_python > LOOK_AT_PYTHON_AFTER:
            self._looked_at_python = now
            return any(_stamp(file) != stamp for file, stamp in self._standard.items())
        return False

    def _is_hidden(self) -> bool:
        """Return True if the program's own folders have a new or removed module with the name of a shared module."""
        return any(added & self._shared for added in _added_in(self._folders))


def _added_in(folders: dict[str, tuple[object, frozenset[str]]]) -> Iterator[frozenset[str]]:
    """Yield the modules that were added or removed since the last check, for each folder that has changed."""
    for folder, (stamp, before) in list(folders.items()):
        now = _stamp(folder)
        if now != stamp:
            modules = frozenset(_modules_in(folder))
            folders[folder] = now, modules
            yield modules ^ before


def _modules_in(folder: str) -> Iterator[str]:
    """Yield the names of the possible modules in a folder."""
    try:
        entries = os.listdir(folder)
    except OSError:  # not all entries of sys.path are folders
        return
    for entry in entries:
        name, dot, _ = entry.partition(".")
        if (not dot and name != "__pycache__") or entry.endswith(_SOURCES):
            yield name


def _has_changed(read: dict[tuple[str, str], object]) -> bool:
    return any(_seen(*path) != seen for path, seen in read.items())


def _seen(path: str, kind: str) -> object:
    """Return a value that changes when the path changes.

    `kind` is the kind of change that counts: "file" for the content, "folder" for the entries, "status" for the status.
    """
    stamp = _stamp(path)
    if kind == "folder":
        try:
            return frozenset(os.listdir(path))
        except OSError:
            return None
    is_folder = isinstance(stamp, tuple) and len(stamp) == 2
    return stamp[1] if is_folder and isinstance(stamp, tuple) else stamp  # ignore a folder's time


def _stamp(file: str) -> object:
    try:
        status = os.stat(file)
    except OSError:
        return None
    if (status.st_mode & 0o170000) == 0o040000:
        return status.st_mtime_ns, status.st_ino
    return status.st_mtime_ns, status.st_size, status.st_ino
