"""Resolve a target to the app and its interface.

A target is `module:attribute`, `module`, a Python file with or without `:attribute`, a CGI program, or a folder of CGI
programs. Knows how to distinguish them. It must not know how apps are served.
"""

import inspect
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateways.failure import Failure
from gateways.serving.importing import attribute_of, load_module, traceback_of, usual_name, where
from gateways.serving.interface import arguments, article, called, interface_of
from gateways.serving.server import Mode

PROGRAMS = ("cgi-bin", "htbin")
"""Folders of a site whose executable files are CGI programs."""


@dataclass(frozen=True, slots=True)
class Found:
    """An app, or the path of a CGI program. `signature` shows how to call it: "app(environ, start_response)".

    `doubt` is the reason why the interface that the user has named may be wrong; "" without a doubt. `name` is the name
    to import, e.g. "shop:create_app()". `folder` is the folder that contains the module; "" for the current folder, or
    for an installed app.
    """

    app: Any
    interface: Mode
    signature: str
    doubt: str = ""
    name: str = ""
    folder: str = ""


def load_object(target: str) -> Any:
    """Return the app of `target`, without checking its interface.

    Raises:
        Failure: not found.
    """
    return _load(target)[0]


def find(target: str, interface: Mode | None = None) -> Found:
    """Import `target` and detect its interface. Calls a factory, but not the app.

    A given `interface` is used even if the app's signature does not match. In that case `doubt` is set.

    Raises:
        Failure: not found, or not an app.
    """
    if interface in (None, "cgi") and (program := program_of(target)):
        return Found(program, "cgi", program)
    if interface == "cgi":
        raise Failure(f"{target!r} is neither a CGI program (an executable file) nor a folder of CGI programs")
    app, module, name = _load(target)
    how = called(app, name)
    full, folder = f"{module}:{name}", _folder(target, module)
    if interface is None:
        return Found(app, interface_of(app, full), how, name=full, folder=folder)
    return Found(app, interface, how, _doubt(app, interface, f"{full} is called {how}"), full, folder)


def _folder(target: str, module: str) -> str:
    """Return the folder from which a file target was imported; "" for the current one."""
    location = Path(target.partition(":")[0])
    if not location.exists():
        return ""
    file = Path(str(sys.modules[module].__file__)).resolve()
    folder = file.parents[module.count(".") + (file.name == "__init__.py")]
    return "" if folder == Path.cwd() else str(folder)


def _doubt(app: Any, interface: Mode, how: str) -> str:
    try:
        detected = interface_of(app)
    except Failure:
        return ""
    return (
        f"{how}, as {detected.upper()} apps are; --interface {interface} may be wrong" if detected != interface else ""
    )


def _load(target: str) -> tuple[Any, str, str]:
    """Return the app, the name of its module, and its name in the module, e.g. "app" or "create_app()"."""
    location, _, attribute = target.partition(":")
    module = load_module(location)
    makes = attribute.endswith("()")
    name = attribute.removesuffix("()") or usual_name(module)
    if "(" in name:
        factory = name.partition("(")[0]
        raise Failure(
            f"'{target}' calls {factory} with arguments, which a target cannot have; write a module with "
            f"app = {name}, and serve this module"
        )
    app = attribute_of(module, name)
    if makes or _is_factory(app):
        app, name = _made(app, f"{module.__name__}:{name}"), f"{name}()"
    return app, module.__name__, name


def is_site(path: Path) -> bool:
    """Return True for a folder whose files are public.

    It contains a folder named cgi-bin or htbin, or it is neither a Python package nor a folder with one of these names.
    By default, programs run only in such folders, because clients must not start executable files elsewhere.
    """
    if any((path / name).is_dir() for name in PROGRAMS):
        return True
    return path.is_dir() and path.resolve().name not in PROGRAMS and not (path / "__init__.py").exists()


def program_of(target: str) -> str | None:
    """Return the path of the CGI program or folder; None if `target` is Python code to import.

    A Python file is a program if it is executable and starts with "#!".

    Raises:
        Failure: a folder contains no CGI program, a file is neither Python nor executable, or it is Django's manage.py.
    """
    path = Path(target)
    if path.is_dir() and not (path / "__init__.py").exists():
        if any(each.is_file() and os.access(each, os.X_OK) for each in path.rglob("*")):
            return str(path.resolve())
        raise Failure(
            f"the folder {target!r} contains no CGI program (an executable file); make a file executable with chmod +x"
        )
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
    raise Failure(f"{target!r} is neither a Python file nor executable; if it is a CGI program: chmod +x {target}")


def _refuse_manage(path: Path) -> None:
    """Reject Django's manage.py, which is executable but not a CGI program."""
    if path.name == "manage.py" and "execute_from_command_line" in (text := path.read_text("utf-8", "replace")):
        settings = re.search(r"DJANGO_SETTINGS_MODULE\W+(\w+)", text)
        name = settings[1] if settings else "mysite"
        raise Failure(f"{str(path)!r} is Django's command, not an app; the app is {name}.wsgi or {name}.asgi")


def _is_factory(app: Any) -> bool:
    """Return True if the object can be called without arguments, unlike a WSGI or ASGI app."""
    if not (inspect.isroutine(app) or inspect.isclass(app)) or inspect.iscoroutinefunction(app):
        return False
    numbers = arguments(app)
    return numbers is not None and 0 in numbers and numbers != {0, 1, 2, 3}


def _made(factory: Any, name: str) -> Any:
    if not callable(factory):
        raise Failure(f"{name} is {article(factory)}, which is not callable; leave out its '()'")
    try:
        app = factory()
    except Exception as error:
        raise Failure(f"{name}() raised {error!r}{where(error)}", traceback_of(error)) from error
    if inspect.iscoroutine(app):
        app.close()
        raise Failure(f"{name} is a coroutine function; a factory is a plain function that returns the app")
    return app
