"""Find the libraries that can be imported before a request arrives: import them, and observe the effects.

Knows modules and the effects of their import on the process. It must not know requests or processes. zygote.py runs it
in a separate process that exits afterwards, because its hooks cannot be removed.

A module cannot be shared if its import does something that each run of the program must do itself. Examples: it reads
the request's variables, keeps the time or a random number, writes a file, starts a thread, or sets a signal handler. A
module that imports such a module cannot be shared either.
"""

# ruff: noqa: SLF001
from __future__ import annotations

import builtins
import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from . import calls as calls_module
    from . import contents
    from .files import Library

bootstrap: Any = sys.modules["_frozen_importlib"]
# Standard modules that are harmless, or whose state is renewed in each process.
_REFRESHED = frozenset(("logging", "random"))
_CHANGES = {
    **dict.fromkeys(("os.mkdir", "tempfile.mkdtemp"), "creates a folder"),
    **dict.fromkeys(("tempfile.mkstemp", "os.link", "os.symlink"), "creates a file"),
    **dict.fromkeys(("os.rename", "os.remove", "os.rmdir", "os.truncate", "shutil.rmtree"), "changes files"),
    **dict.fromkeys(("_thread.start_new_thread", "_thread.start_joinable_thread"), "starts a thread"),
    **dict.fromkeys(("os.putenv", "os.unsetenv"), "changes the environment"),
    "mmap.__new__": "shares memory",
    "sqlite3.connect": "opens a database",
    "os.fork": "forks",
    "socket.connect": "connects to a server",
    "os.chdir": "changes the working folder",
    "sys.addaudithook": "changes hooks",
}
_RUNS = frozenset(("subprocess.Popen", "os.system", "os.posix_spawn", "os.spawn"))
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_FUNCTIONS_AND_CLASSES = (type, type(lambda: None))


class Scout:
    """Imports modules, and finds the modules that can be shared.

    set_by_program: variables that the program sets. part: a function that loads a file of this folder as a module.
    """

    def __init__(self, library: Library, set_by_program: Iterable[str], part: Callable[[str], Any]) -> None:
        calls, state = part("calls"), part("state")
        self._contents: contents.Contents = part("contents").Contents()
        self._observe_reads: Callable[..., None] = part("reads").observe
        self._now: Callable[[], dict[str, object]] = state.now
        self._of_settings: frozenset[str] = state.OF_SETTINGS
        self._calls: calls_module.Calls = calls.Calls(self._blame_call, self._read)
        self._is_called_by: Callable[[str], bool] = calls.is_called_by
        self._is_for_keys: Callable[[Any], bool] = calls.is_for_keys
        self._max_paths: int = calls.MAX_PATHS
        self._of_libraries: frozenset[str] = calls.OF_LIBRARIES
        self._paths: dict[str, set[tuple[str, str]]] = {}  # for each module, the (path, kind) that its import has read
        self._names: dict[str, tuple[dict[str, Any], int]] = {}  # for each standard module, its names and their number
        self._elsewhere: dict[str, list[Any]] = {}  # for each module, the objects that it has added to standard modules
        self.reasons: dict[str, list[str]] = {}  # why a module cannot be shared; empty for the program's own modules
        self._library = library
        self._set_by_program = frozenset(set_by_program)
        self._loading: list[str] = []
        self._loaded: list[str] = []
        self._needs: dict[str, set[str]] = {}
        self._known = frozenset(sys.modules)
        for name in self._known:
            self._note_python(name)
        self._state = self._now()

    def explore(self, names: Iterable[str]) -> tuple[list[str], dict[str, str], list[tuple[str, str]]]:
        """Import the modules.

        Returns three values: the modules that can be shared, in the order of their import; the reason for each other
        module; and the paths that imports of shared modules have read, each with "file", "folder" or "status".
        """
        names = list(names)
        self._observe()
        for name in names:
            try:
                __import__(name)
            except BaseException:  # noqa: S112 (the program will import it too, and see the error)
                continue
        sys.setprofile(None)
        self._loading.append("")
        for name in self._loaded:
            module = sys.modules.get(name)
            if module is None:
                self.reasons.setdefault(name, ["removes itself from sys.modules"])
            elif not self._library.holds(module):
                self.reasons.setdefault(name, [])
        self._search()
        left = self._with_dependents()
        good = set(self._loaded) - left
        for own in ("warnings", "_py_warnings", "_contextvars"):  # since 3.14, warnings imports the other two
            if own not in names and not any(own in self._needs.get(name, ()) for name in good - {own}):
                good.discard(own)  # only _observe_calls has imported it
        return (
            [name for name in sys.modules if name in good],
            {name: ", ".join(reasons) for name, reasons in self.reasons.items() if name and reasons},
            sorted({path for name in good for path in self._paths.get(name, ())}),
        )

    def _with_dependents(self) -> set[str]:
        left = set(self.reasons)
        size = -1
        while size != len(left):
            size = len(left)
            left.update(name for name, needs in self._needs.items() if needs & left)
        return left

    def _blame(self, reason: str) -> None:
        """Record why the module that is being loaded cannot be shared.

        Modules in _REFRESHED, and modules of this package, can be shared despite such effects.
        """
        if self._loading and self._loading[-1] not in _REFRESHED and not self._loading[-1].startswith("gateways."):
            reasons = self.reasons.setdefault(self._loading[-1], [])
            if reason not in reasons:
                reasons.append(reason)

    def _is_loading_python(self) -> bool:
        module = sys.modules.get(self._loading[-1]) if self._loading else None
        return module is None or self._library.is_standard(module)

    def _blame_call(self, reason: str) -> None:
        if reason not in self._of_libraries or not self._is_loading_python():
            self._blame(reason)

    def _read(self, path: str, kind: str) -> None:
        """Record that the module that is being loaded reads a path."""
        if not self._loading or self._is_loading_python():
            return
        paths = self._paths.setdefault(self._loading[-1], set())
        paths.add((path, kind))
        if len(paths) > self._max_paths:
            self._blame("reads many files")

    def _note_python(self, name: str) -> None:
        """Record the names in a standard module after it has been loaded."""
        module = sys.modules.get(name)
        if module is None or type(module) is not type(sys) or getattr(module, "__spec__", None) is None:
            return  # Cython creates modules without files
        if self._library.is_standard(module):
            self._names[name] = module.__dict__, len(module.__dict__)

    def _note_added_names(self) -> None:
        """Record the objects that the module that is being loaded has added to standard modules."""
        for name, (names, size) in self._names.items():
            if len(names) > size:
                new = list(names.values())[size:]
                self._names[name] = names, len(names)
                if self._loading:
                    self._elsewhere.setdefault(self._loading[-1], []).extend(new)

    def _settle(self) -> None:
        """Compare the state of the process with its previous state. Blame each change on the module being loaded."""
        self._note_added_names()
        now = self._now()
        for what, value in now.items():
            if value != self._state[what] and not (what in self._of_settings and self._is_loading_python()):
                self._blame(f"changes {what}")
        self._state = now

    def _observe(self) -> None:
        """Install the hooks that observe the effects of imports."""
        load, find, import_ = bootstrap._load_unlocked, bootstrap._find_and_load, builtins.__import__

        def load_and_observe(spec: Any) -> Any:
            self._settle()
            self._need(spec.name)
            self._needs.setdefault(spec.name, set()).add(spec.name.rpartition(".")[0] or spec.name)
            self._loading.append(spec.name)
            try:
                module = load(spec)
                self._loaded.append(spec.name)
                self._note_python(spec.name)
                return module
            finally:
                self._settle()
                self._loading.pop()

        def find_and_need(name: str, *rest: Any) -> Any:
            self._need(name)
            return find(name, *rest)

        def import_and_need(name: str, *places: Any, **named: Any) -> Any:
            module = import_(name, *places, **named)
            options = dict(zip(("globals", "locals", "fromlist", "level"), places)) | named  # noqa: B905 (Python 3.9)
            fromlist, level, names = options.get("fromlist"), options.get("level"), options.get("globals")
            if level and names:
                name = bootstrap._resolve_name(name, bootstrap._calc___package__(names), level)
            self._need(name)
            for each in fromlist or ():
                if f"{name}.{each}" in sys.modules:
                    self._need(f"{name}.{each}")
            return module

        bootstrap._load_unlocked, bootstrap._find_and_load = load_and_observe, find_and_need
        builtins.__import__ = import_and_need
        self._observe_calls()
        self._observe_reads(self._blame, self._is_called_by, self._set_by_program)
        sys.addaudithook(self._audit)
        self._calls.observe()
        self._state = self._now()

    def _need(self, name: str) -> None:
        if self._loading and name not in self._known:
            self._needs.setdefault(self._loading[-1], set()).add(name)

    def _observe_calls(self) -> None:
        import warnings

        for name in ("warn", "warn_explicit"):
            self._observe_call(warnings, name, "issues a warning when it is imported")
        self._observe_call(sys.modules["_thread"], "start_new_thread", "starts a thread")
        for name, count in (("ctime", 1), ("localtime", 1), ("gmtime", 1), ("strftime", 2), ("asctime", 1)):
            self._observe_call(time, name, "keeps the time", unless=count)

    def _observe_call(self, module: Any, name: str, reason: str, unless: int = 99) -> None:
        """Blame the module that is being loaded if a function is called with fewer than `unless` arguments."""
        function = getattr(module, name)

        def call(*arguments: Any, **named: Any) -> Any:
            if self._loading and len(arguments) < unless and not self._is_for_keys(sys._getframe(1)):
                self._blame(reason)
            return function(*arguments, **named)

        setattr(module, name, call)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._loading:
            return
        self._calls.audit(event, arguments)
        if event == "open":
            path, mode, flags = arguments
            writes = (isinstance(mode, str) and not set(mode).isdisjoint("wax+")) or (flags or 0) & _WRITES
            if writes and isinstance(path, (str, bytes)) and not _is_harmless(path):
                self._blame("writes a file")
        elif event in _RUNS and not self._is_called_by("ctypes.util"):  # ctypes.util runs programs to find C libraries
            self._blame("runs a program")
        elif event in _CHANGES and not (arguments and _is_harmless(arguments[0])):
            self._blame(_CHANGES[event])

    def _search(self) -> None:
        """Search the contents of the modules, in the order of their import, for objects that cannot be shared."""
        seen = {id(module.__dict__) for module in list(sys.modules.values()) if hasattr(module, "__dict__")}
        seen.update((id(self), id(self.__dict__)))
        for name in self._loaded:
            module = sys.modules.get(name)
            if module is not None and self._library.holds(module) and not self._library.is_standard(module):
                self._loading[-1] = name
                things = [*module.__dict__.values(), *self._elsewhere.get(name, ())]
                if reason := self._contents.find_reason(things, seen):
                    self._blame(reason)
        self._search_python()
        self._loading.pop()

    def _search_python(self) -> None:
        """Find public functions and classes of the standard library that a library has replaced."""
        for names, _ in self._names.values():
            for name, thing in list(names.items()):
                is_public = isinstance(thing, _FUNCTIONS_AND_CLASSES) and not name.startswith("_")
                home = getattr(thing, "__module__", None) if is_public else None
                module = sys.modules.get(home) if isinstance(home, str) and home not in self._names else None
                if module is not None and home in self._loaded and not self._library.is_standard(module):
                    self._loading[-1] = str(home)
                    self._blame("changes functions of Python's modules")


def _is_harmless(path: object) -> bool:
    """Return True if this is the path of a compiled module or of the null device, or if it is not a path."""
    text = os.fsdecode(path) if isinstance(path, (str, bytes)) else ""
    return "__pycache__" in text or ".pyc" in text or text == os.devnull
