"""Import the module or file that the user names, with clear errors.

Knows the places and contents of modules. It must not know which interface an app speaks.
"""

import difflib
import importlib
import inspect
import os
import sys
import traceback
from collections.abc import Iterable
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import Any

from gateways.failure import Failure

NAMES = ("app", "application", "api", "asgi_app", "wsgi_app", "create_app", "make_app", "get_app")
"""Usual names of apps and factories, in search order."""

SUBMODULES = ("wsgi", "asgi")
"""Submodules of a package that usually hold the app, as in a Django project."""

KNOWN = 8
"""Maximum number of names listed when a name is not found."""


def load_module(location: str) -> ModuleType:
    """Import and return the module with that name or in that file. Add the current folder to sys.path, as uvicorn does.

    The folder is added here and not earlier, because a user's logging.py must not replace the module that the server
    imports.

    Raises:
        Failure: not found, or the import failed.
    """
    is_own = location.partition(".")[0] == "gateways"  # the reference apps need nothing from the current folder
    if not is_own and sys.path[:1] != [here := str(Path.cwd())]:
        sys.path.insert(0, here)
    return _import(_module_name(location))


def _module_name(location: str) -> str:
    """Return the name to import. For a file, add the folder of it or of its package to sys.path."""
    path = Path(location)
    if path.suffix != ".py" and os.sep not in location and not location.startswith("."):
        if not location:
            raise Failure("the target has no module before its ':'; give e.g. main:app")
        return location
    if path.is_dir():
        path /= "__init__.py"
    if not path.is_file():
        raise Failure(f"no file {location!r} in this folder")
    path = path.resolve()
    parts = [path.stem] if path.stem != "__init__" else []
    folder = path.parent
    while (folder / "__init__.py").exists():
        parts.insert(0, folder.name)
        folder = folder.parent
    sys.path.insert(0, str(folder))
    return ".".join(parts)


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if name == missing or name.startswith(f"{missing}."):
            raise Failure(f"no module {missing!r} in this folder{_instead(missing, _modules())}") from error
        message = f"{error}{where(error)}{_same_name(error)}"
        raise Failure(f"importing {name} failed: {message}", traceback_of(error)) from error
    except (Exception, SystemExit) as error:
        message = f"SyntaxError: {error.msg}" if isinstance(error, SyntaxError) else repr(error)
        message += where(error) + (_same_name(error) if isinstance(error, ImportError) else "")
        raise Failure(f"importing {name} failed: {message}", traceback_of(error)) from error


def _same_name(error: ImportError) -> str:
    """Return a hint if the import failed because the current folder has its own module `gateways`."""
    own = [each for each in ("gateways", "gateways.py") if Path(each).exists()]
    if (
        (error.name or "").partition(".")[0] != "gateways"
        or not own
        or Path(own[0]).resolve() in Path(__file__).parents
    ):
        return ""
    return f"; rename {own[0]!r} in this folder: this project's package `gateways` is imported instead"


def _modules() -> list[str]:
    """Return the names that can be imported from the current folder."""
    here = Path()
    files = (each.stem for each in here.glob("*.py") if each.stem.isidentifier() and each.stem != "__init__")
    packages = (each.parent.name for each in here.glob("*/__init__.py"))
    return sorted({*files, *packages})


def usual_name(module: ModuleType) -> str:
    """Return the first of NAMES that is callable in the module.

    Raises:
        Failure: none of the names is callable.
    """
    for name in NAMES:
        if callable(getattr(module, name, None)):
            return name
    others = [name for name in NAMES if not isinstance(vars(module).get(name), ModuleType | None)]
    if others:
        kind = type(vars(module)[others[0]]).__name__
        article = "an" if kind[0] in "aeiou" else "a"
        raise Failure(f"the app {others[0]!r} of module {module.__name__} is {article} {kind}, which is not callable")
    inside = [f"{module.__name__}.{name}" for name in SUBMODULES if _has_submodule(module, name)]
    there = f"; did you mean {' or '.join(map(repr, inside))}?" if inside else _instead("", _callables(module))
    raise Failure(f"module {module.__name__} has no app named {', '.join(NAMES)}{there}")


def _has_submodule(module: ModuleType, name: str) -> bool:
    return any(Path(folder, f"{name}.py").is_file() for folder in getattr(module, "__path__", ()))


def attribute_of(module: ModuleType, name: str) -> Any:
    """Return the attribute with that name. The name may have dots: "api.app".

    Raises:
        Failure: unknown attribute.
    """
    try:
        return attrgetter(name)(module)
    except AttributeError:
        message = _instead(name, _callables(module))
        raise Failure(f"module {module.__name__} has no attribute {name!r}{message}") from None


def _callables(module: ModuleType) -> list[str]:
    """Return the names of the functions and classes that the module defines, and of all its callable instances."""
    return [
        name
        for name, value in vars(module).items()
        if callable(value)
        and not name.startswith("_")
        and (getattr(value, "__module__", None) == module.__name__ or not (inspect.isclass(value) or _plain(value)))
    ]


def _plain(value: Any) -> bool:
    return inspect.isroutine(value) or type(value).__module__ in ("typing", "types")


def _instead(wanted: str, there: Iterable[str]) -> str:
    names = list(there)
    near = difflib.get_close_matches(wanted, names, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    more = ", …" if len(names) > KNOWN else ""
    return f"; it has {', '.join(names[:KNOWN])}{more}" if names else ""


def where(error: BaseException) -> str:
    """Return " (file:line)" for the last of the app's frames, or for a syntax error; "" if the app has no frame."""
    if isinstance(error, SyntaxError) and error.filename:
        return f" ({error.filename}:{error.lineno})"
    own = theirs(traceback.extract_tb(error.__traceback__))
    return f" ({own[-1].filename}:{own[-1].lineno})" if own else ""


def traceback_of(error: BaseException) -> str:
    """Return the traceback as Python prints it, without the frames of importlib and of this package."""
    report = traceback.TracebackException.from_exception(error)
    report.stack = traceback.StackSummary.from_list(theirs(report.stack))
    return "".join(report.format())


def theirs(frames: Iterable[traceback.FrameSummary]) -> list[traceback.FrameSummary]:
    """Return the app's frames, without the frames of importlib and of this package."""
    return [
        frame
        for frame in frames
        if Path(frame.filename).parent != Path(__file__).parent
        and "importlib" not in frame.filename
        and not frame.filename.startswith("<frozen")
    ]
