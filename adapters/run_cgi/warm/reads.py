"""Observe whether an import reads the request: its variables, its arguments, or the names in `__main__`.

Knows os.environ, sys.argv and `__main__`. It must not know modules, or which of them may be shared. The scout
(scout.py) runs this module in a separate process, because the module changes that process permanently.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

# Prefixes of the variables that belong to one request. All other variables are the same for each request.
OF_REQUEST = (
    *("HTTP_", "REMOTE_", "REQUEST_", "SCRIPT_", "SERVER_", "PATH_INFO", "PATH_TRANSLATED", "QUERY_STRING"),
    *("CONTENT_", "AUTH_TYPE", "GATEWAY_", "DOCUMENT_ROOT", "REDIRECT_", "HTTPS"),
)


def observe(blame: Callable[[str], None], is_called_by: Callable[[str], bool], set_by_program: Iterable[str]) -> None:
    """Make each later read call `blame` with the reason.

    `set_by_program`: variables that the program sets. Reading them also calls `blame`.
    """
    environ: Any = type(os.environ)
    get, iterate, others = environ.__getitem__, environ.__iter__, frozenset(set_by_program)

    def getitem(self: Any, key: Any) -> Any:
        name = key.decode("utf-8", "replace") if isinstance(key, bytes) else key
        if isinstance(name, str) and (name.startswith(OF_REQUEST) or name in others):
            blame(f"reads the environment variable {name}")
        return get(self, key)

    def iterate_all(self: Any) -> Iterator[Any]:
        blame("reads the whole environment")
        return iterate(self)  # type: ignore[no-any-return]

    def length(self: Any) -> int:
        return sum(1 for _ in self)

    environ.__getitem__, environ.__iter__ = getitem, iterate_all
    environ.__contains__, environ.__len__ = _contains, length
    sys.argv = _Arguments(sys.argv)
    if hasattr(sys, "orig_argv"):
        sys.orig_argv = _Arguments(sys.orig_argv)
    _Arguments.blame = blame
    main: Any = sys.modules["__main__"]
    main.__class__ = _Program
    _Program.blame, _Program.is_called_by = blame, is_called_by


class _Arguments(list):  # type: ignore[type-arg]
    """sys.argv. The first item, the program's name, is the same for each request. Reading other items calls `blame`."""

    blame: Callable[[str], None]

    def __getitem__(self, index: Any) -> Any:
        if index != 0:
            _Arguments.blame("reads the arguments")
        return list.__getitem__(self, index)

    def __iter__(self) -> Iterator[Any]:
        _Arguments.blame("reads the arguments")
        return list.__iter__(self)

    def __contains__(self, word: object) -> bool:
        return any(word == each for each in self)

    def __len__(self) -> int:
        _Arguments.blame("reads the arguments")
        return list.__len__(self)


class _Program(type(sys)):  # type: ignore[misc]
    """`__main__`. A library that reads its variables is not shared, because it must be imported after they are set."""

    blame: Callable[[str], None]
    is_called_by: Callable[[str], bool]

    def __getattribute__(self, name: str) -> Any:
        if (name[:2] != "__" or name in ("__dict__", "__doc__")) and not _Program.is_called_by("inspect"):
            _Program.blame("reads the module __main__")
        return super().__getattribute__(name)


def _contains(environ: Any, key: object) -> bool:
    try:
        environ[key]
    except KeyError:
        return False
    return True
