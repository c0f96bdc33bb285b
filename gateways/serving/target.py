"""From what people call an app to the app itself, and to the interface it speaks, which is told without calling it.

A target is `module:attribute`, `module`, a Python file with or without `:attribute`, a CGI program, or a folder of CGI
programs. Knows imports and signatures; it must not know how anything is served.
"""

import difflib
import importlib
import inspect
import os
import re
import sys
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import Any

from gateways.failure import Failure
from gateways.serving.server import Mode

NAMES = ("app", "application", "api", "asgi_app", "wsgi_app", "create_app", "make_app", "get_app")
"""What apps and their factories are called, in the order in which they are looked for."""

SUBMODULES = ("wsgi", "asgi")
"""Where the app of a package is, as in a Django project."""

KNOWN = 8
"""So many names are said when one is not found."""


@dataclass(frozen=True, slots=True)
class Found:
    """An app, or the path of a CGI program. `signature` is how it is called: "app(environ, start_response)".

    `doubt` is what speaks against the interface that it was said to have.
    """

    app: Any
    interface: Mode
    signature: str
    doubt: str = ""


def load_object(target: str) -> Any:
    """The app that `target` means, whatever it speaks.

    Raises:
        Failure: there is no such thing.
    """
    return _load(target)[0]


def find(target: str, interface: Mode | None = None) -> Found:
    """Import what `target` means and tell which interface it speaks. A factory is called, an app is not.

    `interface`, where it is known, is not judged: some apps do not show it.

    Raises:
        Failure: there is no such thing, or it is no app.
    """
    if interface in (None, "cgi") and (program := program_of(target)):
        return Found(program, "cgi", program)
    if interface == "cgi":
        raise Failure(f"{target!r} is no CGI program, which is an executable file, nor a folder of them")
    app, module, name = _load(target)
    called = _called(app, name)
    if interface is None:
        return Found(app, interface_of(app, f"{module}:{name}"), called)
    return Found(app, interface, called, _doubt(app, interface, f"{module}:{name} is called {called}"))


def _doubt(app: Any, interface: Mode, how: str) -> str:
    try:
        evident = interface_of(app)
    except Failure:
        return ""
    return f"{how}, as {evident.upper()} apps are; --interface {interface} may be wrong" if evident != interface else ""


def _load(target: str) -> tuple[Any, str, str]:
    """The app, the name of its module, and its own name there: "app", "create_app()"."""
    location, _, attribute = target.partition(":")
    module = _import(_module_name(location))
    called = attribute.endswith("()")
    name = attribute.removesuffix("()") or _usual_name(module)
    app = _attribute(module, name)
    if called or _is_factory(app):
        app, name = _made(app, f"{module.__name__}:{name}"), f"{name}()"
    return app, module.__name__, name


def program_of(target: str) -> str | None:
    """The path of the CGI program or the folder that `target` means; None if it means Python to be imported.

    A Python file is a program if it is executable and names its interpreter.

    Raises:
        Failure: it is a path, and neither.
    """
    path = Path(target)
    if path.is_dir() and not (path / "__init__.py").exists():
        if any(each.is_file() and os.access(each, os.X_OK) for each in path.rglob("*")):
            return str(path.resolve())
        raise Failure(f"the folder {target!r} has no executable file in it; a folder of CGI programs has")
    if not path.is_file():
        return None
    executable = os.access(path, os.X_OK)
    with path.open("rb") as file:
        names_its_interpreter = file.read(2) == b"#!"
    if path.suffix == ".py" and not (executable and names_its_interpreter):
        return None
    if executable:
        _refuse_manage(path)
        return str(path.resolve())
    raise Failure(f"{target!r} is no Python file and not executable; if it is a CGI program: chmod +x {target}")


def _refuse_manage(path: Path) -> None:
    """Django's manage.py is executable, but no CGI program."""
    if path.name == "manage.py" and "execute_from_command_line" in (text := path.read_text("utf-8", "replace")):
        settings = re.search(r"DJANGO_SETTINGS_MODULE\W+(\w+)", text)
        name = settings[1] if settings else "mysite"
        raise Failure(f"{str(path)!r} is Django's command, and no app; the app is {name}.wsgi, or {name}.asgi")


def interface_of(app: Any, name: str = "the app") -> Mode:
    """Which interface `app` speaks, by how many positional arguments it takes: WSGI two, ASGI three, ASGI 2 one.

    A class counts by what makes its instances: PEP 3333 allows a class for an app, and ASGI 2 is one.

    Raises:
        Failure: it is not callable, or it takes none of these, or any.
    """
    if not callable(app):
        raise Failure(f"{name} is {_article(app)}, which is not callable; WSGI and ASGI apps are")
    if is_async(app):
        return "asgi"
    numbers = _arguments(app)
    if numbers is None or _takes_any(app):
        called = _called(app, name.rpartition(":")[2])
        raise Failure(f"{name} is called {called}, which may be WSGI or ASGI; say which: --interface wsgi, or asgi")
    fewest = min(numbers, default=-1)
    if fewest in (2, 3) or (fewest == 1 and _is_asgi2(app)):
        return "wsgi" if fewest == 2 else "asgi"
    kind = "a class" if inspect.isclass(app) else _article(app)
    makes = inspect.isclass(app) or inspect.isroutine(app)
    raise Failure(
        f"{name} is {kind} and called {_parameters(app, name.rpartition(':')[2])}; "
        "WSGI apps take (environ, start_response), ASGI apps (scope, receive, send)"
        + ("; if it makes the app, serve a function that calls it: main:create_app()" if makes else "")
    )


def _is_asgi2(app: Any) -> bool:
    """Whether what can be called with one argument is called with a scope, not with the settings of a factory."""
    if next(iter(inspect.signature(app).parameters)) == "scope":
        return True
    call = getattr(app, "__call__", None) if inspect.isclass(app) else None  # noqa: B004
    return inspect.iscoroutinefunction(call) and len(inspect.signature(call).parameters) == 3  # self, receive, send


def _takes_any(app: Any) -> bool:
    parameters = inspect.signature(app).parameters.values()
    return any(each.kind is each.VAR_POSITIONAL for each in parameters) and len(_arguments(app) or ()) > 3


def is_async(app: Any) -> bool:
    """Whether calling `app` makes a coroutine."""
    if inspect.isclass(app):
        return False
    return inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(getattr(type(app), "__call__", None))  # noqa: B004


def _arguments(app: Any) -> set[int] | None:
    """With how many positional arguments, of 0 to 3, it can be called; None if it does not say."""
    try:
        signature = inspect.signature(app)
    except (TypeError, ValueError):
        return None
    numbers = set()
    for number in range(4):
        try:
            signature.bind(*range(number))
        except TypeError:
            continue
        numbers.add(number)
    return numbers


def _is_factory(app: Any) -> bool:
    """Whether it can be called with nothing, as neither a WSGI nor an ASGI app can."""
    if not (inspect.isroutine(app) or inspect.isclass(app)) or inspect.iscoroutinefunction(app):
        return False
    numbers = _arguments(app)
    return numbers is not None and 0 in numbers and numbers != {0, 1, 2, 3}


def _made(factory: Any, name: str) -> Any:
    if not callable(factory):
        raise Failure(f"{name} is {_article(factory)}, which is not callable; leave out its '()'")
    try:
        app = factory()
    except Exception as error:
        raise Failure(f"{name}() raised {error!r}{_where(error)}", _traceback(error)) from error
    if inspect.iscoroutine(app):
        app.close()
        raise Failure(f"{name} is a coroutine function; a factory is a plain function that returns the app")
    return app


def _called(app: Any, name: str) -> str:
    """How it is called: "await app(scope, receive, send)", "await App(scope)(receive, send)"."""
    called, numbers = _parameters(app, name), _arguments(app)
    if is_async(app) or numbers == {3}:
        return f"await {called}"
    return f"await {called}(receive, send)" if numbers == {1} else called


def _parameters(app: Any, name: str) -> str:
    """Its name and the names of its parameters: "make(config)"; of many, the first."""
    try:
        parameters = [*inspect.signature(app).parameters.values()]
    except (TypeError, ValueError):
        return f"{name}(…)"
    names = [str(each.replace(annotation=each.empty, default=each.empty)) for each in parameters[:KNOWN]]
    return f"{name}({', '.join(names)}{', …' if len(parameters) > KNOWN else ''})"


def _module_name(location: str) -> str:
    """The name to import; what a file needs to be imported, its folder among the places to look in, is seen to."""
    path = Path(location)
    if path.suffix != ".py" and os.sep not in location and not location.startswith("."):
        if not location:
            raise Failure("the target has no module before its ':'; e.g. main:app")
        return location
    if path.is_dir():
        path /= "__init__.py"
    if not path.is_file():
        raise Failure(f"there is no file {location!r} here")
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
            raise Failure(f"there is no module {missing!r} here{_instead(missing, _modules())}") from error
        raise Failure(f"importing {name} failed: {error}{_where(error)}", _traceback(error)) from error
    except (Exception, SystemExit) as error:
        said = f"SyntaxError: {error.msg}" if isinstance(error, SyntaxError) else repr(error)
        raise Failure(f"importing {name} failed: {said}{_where(error)}", _traceback(error)) from error


def _modules() -> list[str]:
    """The names that can be imported from the current folder."""
    here = Path()
    files = (each.stem for each in here.glob("*.py") if each.stem.isidentifier() and each.stem != "__init__")
    packages = (each.parent.name for each in here.glob("*/__init__.py"))
    return sorted({*files, *packages})


def _usual_name(module: ModuleType) -> str:
    for name in NAMES:
        if callable(getattr(module, name, None)):
            return name
    inside = [f"{module.__name__}.{name}" for name in SUBMODULES if _has_submodule(module, name)]
    there = f"; did you mean {' or '.join(map(repr, inside))}?" if inside else _instead("", _callables(module))
    raise Failure(f"module {module.__name__} has none of {', '.join(NAMES)}{there}")


def _has_submodule(module: ModuleType, name: str) -> bool:
    return any(Path(folder, f"{name}.py").is_file() for folder in getattr(module, "__path__", ()))


def _attribute(module: ModuleType, name: str) -> Any:
    try:
        return attrgetter(name)(module)
    except AttributeError:
        said = _instead(name, _callables(module))
        raise Failure(f"module {module.__name__} has no attribute {name!r}{said}") from None


def _callables(module: ModuleType) -> list[str]:
    """What it defines itself and can be called, and instances that can be called, wherever their class is from."""
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
    return f"; there is {', '.join(names[:KNOWN])}{more}" if names else ""


def _article(value: Any) -> str:
    kind = type(value).__name__
    return f"{'an' if kind[0].lower() in 'aeiou' else 'a'} {kind}"


def _where(error: BaseException) -> str:
    """Where it was raised: the last line of it that is in a file."""
    if isinstance(error, SyntaxError) and error.filename:
        return f" ({error.filename}:{error.lineno})"
    own = _theirs(traceback.extract_tb(error.__traceback__))
    return f" ({own[-1].filename}:{own[-1].lineno})" if own else ""


def _traceback(error: BaseException) -> str:
    """As Python prints it, without the way that led to the app."""
    told = traceback.TracebackException.from_exception(error)
    told.stack = traceback.StackSummary.from_list(_theirs(told.stack))
    return "".join(told.format())


def _theirs(frames: Iterable[traceback.FrameSummary]) -> list[traceback.FrameSummary]:
    return [
        frame
        for frame in frames
        if frame.filename != __file__ and "importlib" not in frame.filename and not frame.filename.startswith("<frozen")
    ]
