"""Write the shell script of `gateways serve --print`, with the files and the command line of a deployment. Pure.

COMMANDS has one row for each mode and server. A row has the options of the server's own command line.
"""

import keyword
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass

from gateways.serving.mode import Mode
from gateways.serving.settings import Settings


@dataclass(frozen=True, slots=True)
class Command:
    """A server's command line. For IPv6, `{host}` is in brackets, because a port follows it; `{address}` is not.

    first: the command and its fixed arguments. tcp, unix: arguments for the address to listen on. threads, workers:
    options that contain {threads} and {workers}. tls: options that contain {certfile} and {keyfile}. The value of an
    unsupported option is ().
    """

    first: tuple[str, ...]
    tcp: tuple[str, ...]
    unix: tuple[str, ...] = ()
    threads: tuple[str, ...] = ()
    workers: tuple[str, ...] = ()
    tls: tuple[str, ...] = ()


_GRANIAN = {
    "tcp": ("--host", "{address}", "--port", "{port}"),
    "workers": ("--workers", "{workers}"),
    "tls": ("--ssl-certificate", "{certfile}", "--ssl-keyfile", "{keyfile}"),
}

COMMANDS: dict[tuple[Mode, str], Command] = {
    ("wsgi", "waitress"): Command(
        ("waitress-serve",),
        ("--listen={host}:{port}",),
        ("--unix-socket={unix}",),
        ("--threads={threads}",),
    ),
    ("wsgi", "gunicorn"): Command(
        ("gunicorn", "--worker-class", "gthread"),
        ("--bind", "{host}:{port}"),
        ("--bind", "unix:{unix}"),
        ("--threads", "{threads}"),
        ("--workers", "{workers}"),
        ("--certfile", "{certfile}", "--keyfile", "{keyfile}"),
    ),
    ("wsgi", "cheroot"): Command(
        ("python3", "-m", "cheroot"),  # the command `cheroot` does not import from the current folder
        ("--bind", "{host}:{port}"),
        ("--bind", "{unix}"),
        ("--threads", "{threads}", "--max-threads", "{threads}"),
    ),
    ("wsgi", "granian"): Command(
        ("granian", "--interface", "wsgi"), threads=("--blocking-threads", "{threads}"), **_GRANIAN
    ),
    ("asgi", "granian"): Command(("granian", "--interface", "asgi"), **_GRANIAN),
    ("asgi", "uvicorn"): Command(
        ("uvicorn",),
        ("--host", "{address}", "--port", "{port}"),
        ("--uds", "{unix}"),
        workers=("--workers", "{workers}"),
        tls=("--ssl-certfile", "{certfile}", "--ssl-keyfile", "{keyfile}"),
    ),
    ("asgi", "hypercorn"): Command(
        ("hypercorn",),
        ("--bind", "{host}:{port}"),
        ("--bind", "unix:{unix}"),
        workers=("--workers", "{workers}"),
        tls=("--certfile", "{certfile}", "--keyfile", "{keyfile}"),
    ),
    ("asgi", "daphne"): Command(("daphne",), ("-b", "{address}", "-p", "{port}"), ("-u", "{unix}")),
}

THREADS = 8
"""Default number of threads of a WSGI server, the same as in `gateways serve`."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """The app to deploy: its interface and location.

    module: module to import; "" for a CGI program. attribute: "app", "site.app", "create_app()".
    folder: folder to import from, "" for the current one. program: path of a CGI program, of a folder of programs, or
    of a site. python: for a CGI program, the interpreter with the app's packages.
    """

    interface: Mode
    module: str = ""
    attribute: str = ""
    folder: str = ""
    program: str = ""
    python: str = "/usr/bin/env python3"


@dataclass(frozen=True, slots=True)
class Place:
    """The address to listen on: a Unix socket if `unix` is not "", else `host` and `port`."""

    host: str = "127.0.0.1"
    port: int = 8000
    unix: str = ""


def script(
    app: Deployed, mode: Mode, server: str, settings: Settings, place: Place, is_taken: Callable[[str], bool]
) -> list[str]:
    """Return the lines of a shell script that writes the files and starts the server.

    `is_taken` returns True for the name of a file that must not be overwritten.

    Raises:
        ValueError: the server's command line does not support an option.
    """
    if mode == "cgi" and app.interface != "cgi":
        return _program(app, is_taken)
    mode = "asgi" if mode == "cgi" else mode
    is_plain = app.interface == mode and not app.folder and not app.attribute.endswith("()")
    if is_plain:
        return [shlex.join(_command(mode, server, settings, place, f"{app.module}:{app.attribute}", []))]
    stem = _stem(app.module) or "programs"
    name = _free(f"{stem}_{mode}", (".py", "_gunicorn.py"), is_taken)
    lines = _file(f"{name}.py", _module(app, mode, settings))
    more: list[str] = []
    if server == "gunicorn" and app.interface == "asgi":
        lines += _file(f"{name}_gunicorn.py", _exit_hook(name))
        more = ["--config", f"{name}_gunicorn.py"]
    return [*lines, shlex.join(_command(mode, server, settings, place, f"{name}:app", more))]


def _stem(module: str) -> str:
    """Return the module's name as a valid identifier, because gunicorn's configuration file imports the module."""
    return re.sub(r"\W|^(?=\d)", "_", module)


def _free(name: str, ends: tuple[str, ...], is_taken: Callable[[str], bool]) -> str:
    """Return the name, with a number if a file with that name and one of `ends` must not be overwritten."""
    free, number = name, 1
    while any(is_taken(f"{free}{end}") for end in ends):
        number += 1
        free = f"{name}{number}"
    return free


def _file(name: str, lines: list[str]) -> list[str]:
    return [f"cat > {shlex.quote(name)} <<'END'", *lines, "END"]


def _command(mode: Mode, server: str, settings: Settings, place: Place, app: str, more: list[str]) -> list[str]:
    row = COMMANDS[mode, server]
    threads = settings.threads or (THREADS if row.threads else None)
    wanted = [
        (row.unix if place.unix else row.tcp, "unix", True),
        (row.threads, "threads", bool(threads) and (mode == "wsgi" or bool(row.threads))),
        (row.workers, "workers", (settings.workers or 1) > 1),
        (row.tls, "certfile", bool(settings.certfile)),
    ]
    values = {
        "host": f"[{place.host}]" if ":" in place.host else place.host,
        "address": place.host,
        "port": place.port,
        "unix": place.unix,
        "threads": threads,
        "workers": settings.workers,
        "certfile": settings.certfile,
        "keyfile": settings.keyfile,
    }
    arguments: list[str] = []
    for options, name, is_wanted in wanted:
        if is_wanted and not options:
            raise ValueError(f"the command line of {server} has no option for --{name}")
        arguments += options if is_wanted else ()
    return [*row.first, *(each.format(**values) for each in arguments), *more, app]


def _module(app: Deployed, mode: Mode, settings: Settings) -> list[str]:
    """Return the lines of the module whose `app` the server runs."""
    if app.interface == "cgi":
        adapter = "CGIToASGI" if mode == "asgi" else "CGIToWSGI"
        arguments = ", ".join([repr(app.program), *([repr(adapter)] if settings.files else ()), *_host(settings)])
        return [
            f'"""The CGI programs of {app.program} for servers that speak {mode.upper()}."""',
            "",
            "from gateways.cgi.site import site" if settings.files else f"from gateways.adapters import {adapter}",
            "",
            f"app = {'site' if settings.files else adapter}({arguments})",
        ]
    head, what = _imported(app)
    if app.interface == mode:
        return [f'"""{app.module}, with a name that servers can import."""', "", *head, "", f"app = {what}"]
    adapter = f"{app.interface.upper()}To{mode.upper()}"
    threads = f", threads={settings.threads}" if settings.threads and mode == "asgi" else ""
    kind = "an ASGI" if app.interface == "asgi" else "a WSGI"
    return [
        f'"""{app.module}, {kind} app, for servers that speak {mode.upper()}."""',
        "",
        *head,
        f"from gateways.adapters import {adapter}",
        "",
        f"app = {adapter}({what}{threads})",
    ]


def _host(settings: Settings) -> list[str]:
    """Return the options of a CGI host as Python arguments."""
    env = dict(each.split("=", 1) for each in settings.environment if "=" in each)
    timeouts = (
        settings.timeout
        if settings.timeout is None
        else dict.fromkeys(("head", "idle", "total"), settings.timeout or None)
    )
    options = {
        "cgi_dirs": settings.cgi_dirs or None,
        "env": env or None,
        "inherit": [each for each in settings.environment if "=" not in each] or None,
        "warm": settings.warm or None,
        "chdir": settings.chdir,
        "follow_symlinks": settings.follow_symlinks or None,
        "limit": settings.limit,
        "timeouts": timeouts,
    }
    return [f"{name}={value!r}" for name, value in options.items() if value is not None]


def _imported(app: Deployed) -> tuple[list[str], str]:
    """Return the lines that import the app, and the expression for the app."""
    first, dot, rest = app.attribute.removesuffix("()").partition(".")
    call = "()" if app.attribute.endswith("()") else ""
    path = ["import sys", "", f"sys.path.insert(0, {app.folder!r})"] if app.folder else []
    found = f"original{dot}{rest}{call}"
    if _can_be_written(app.module):
        return [*path, f"from {app.module} import {first} as original"], found
    taken = f"original = importlib.import_module({app.module!r}).{first}"
    return ["import importlib", *path, "", taken], found


def _can_be_written(module: str) -> bool:
    """Return False for a name that an import statement cannot contain, such as my-shop for my-shop.py."""
    return all(part.isidentifier() and not keyword.iskeyword(part) for part in module.split("."))


def _exit_hook(name: str) -> list[str]:
    """Return the configuration file for gunicorn: a worker that exits runs the app's shutdown (ASGI, Lifespan)."""
    return [
        "def worker_exit(server, worker):",
        f"    from {name} import app",
        "",
        "    app.close()",
    ]


def _program(app: Deployed, is_taken: Callable[[str], bool]) -> list[str]:
    """Return the lines of a CGI program that runs the app."""
    adapter = f"{app.interface.upper()}ToCGI"
    head, what = _imported(app)
    name = f"{_free(_stem(app.module), ('.cgi',), is_taken)}.cgi"
    lines = [
        f"#!{app.python}",
        *head,
        f"from gateways.adapters import {adapter}",
        "",
        f"{adapter}({what}).run()",
    ]
    return [*_file(name, lines), f"chmod +x {shlex.quote(name)}"]
