"""`gateways serve`: the user's own app behind a server, and an adapter in between where the two speak differently.

Knows the command line and what may be asked of which server. How an app is recognised and how a server is run is known
in gateways/serving; what happens while it runs, in until_ended.py.
"""

import contextlib
import os
import signal
import ssl
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from socket import socket
from types import FrameType
from typing import NoReturn

import click

from gateways.cli.choosing import choose, complete, files
from gateways.cli.command import Command
from gateways.cli.until_ended import PROGRAMS, Serving, Wanted, await_change
from gateways.failure import Failure
from gateways.serving.certificate import self_signed
from gateways.serving.deployment import Deployed, Place, script
from gateways.serving.listen import bind, bind_unix
from gateways.serving.log_lines import FIELDS, FORMATS, LEVELS, is_format
from gateways.serving.probe import Known, probe
from gateways.serving.server import MODES, Mode, side
from gateways.serving.settings import Settings

FILE = click.Path(exists=True, dir_okay=False)

IMPORT = 600.0
"""Seconds that importing an app may take, while Ctrl-C ends it."""


@click.command(cls=Command)
@click.argument("target", shell_complete=files)
@click.option("--mode", type=click.Choice(MODES), help="What the server speaks; without, what the app speaks.")
@click.option(
    "--server", metavar="NAME", shell_complete=complete, help="The server; without, the usual one of the mode."
)
@click.option("--interface", type=click.Choice(MODES), help="What the app speaks, where it does not show.")
@click.option("--host", metavar="ADDRESS", help="The address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="The port; 0 is any that is free.  [default: 8000]")
@click.option(
    "--unix", metavar="PATH", shell_complete=files, help="A Unix socket to listen on, in place of host and port."
)
@click.option("--threads", type=click.IntRange(1), help="Threads for the app: of the server, or of the adapter.")
@click.option("--workers", type=click.IntRange(1), help="Processes of the server.")
@click.option("--root-path", metavar="PATH", default="", help="The path that the app is reached at, e.g. /shop.")
@click.option("--reload", is_flag=True, help="Start the app anew when a Python file changes.")
@click.option("--warm", is_flag=True, help="Run CGI programs in Python by an interpreter that is ready.")
@click.option("--env", metavar="NAME[=VALUE]", multiple=True, help="A variable for CGI programs; may be repeated.")
@click.option(
    "--cgi-dir",
    metavar="PATH",
    multiple=True,
    help="Folder of CGI programs below a site; may be repeated.  [default: /cgi-bin and /htbin]",
)
@click.option(
    "--chdir",
    metavar="FOLDER",
    type=click.Path(exists=True, file_okay=False, resolve_path=True),
    help="Working folder of CGI programs.  [default: each program's own]",
)
@click.option("--follow-symlinks", is_flag=True, help="Let links lead out of the folder of CGI programs or files.")
@click.option("--limit", type=click.IntRange(1), help="CGI programs that run at once.  [default: 64]")
@click.option("--timeout", metavar="SECONDS", type=click.FloatRange(0), help="Time for a CGI program; 0: no limit.")
@click.option("--certfile", metavar="FILE", type=FILE, help="Certificate for HTTPS, in PEM, with its chain.")
@click.option("--keyfile", metavar="FILE", type=FILE, help="Key of the certificate. Default: in --certfile.")
@click.option("--tls", is_flag=True, help="Serve HTTPS with a self-signed certificate, made for this run.")
@click.option(
    "--log-format",
    metavar="FORMAT",
    default="full",
    help=f"Format of request lines: {', '.join(FORMATS)}, or a text with {{fields}}.  [default: full]",
)
@click.option(
    "--log-level",
    type=click.Choice(LEVELS),
    default="info",
    help="Least level of lines; a status of 4xx is a warning, 5xx an error.  [default: info]",
)
@click.option(
    "--print",
    "is_printed",
    is_flag=True,
    help="Do not serve: print the module and the command line of a deployment, as a shell script.",
)
@click.option("--quiet", is_flag=True, help="No line for each request.")
def serve(  # noqa: PLR0913, PLR0917 (options)
    target: str,
    mode: Mode | None,
    server: str | None,
    interface: Mode | None,
    host: str | None,
    port: int | None,
    unix: str | None,
    threads: int | None,
    workers: int | None,
    root_path: str,
    reload: bool,
    warm: bool,
    env: tuple[str, ...],
    cgi_dir: tuple[str, ...],
    chdir: str | None,
    follow_symlinks: bool,
    limit: int | None,
    timeout: float | None,
    certfile: str | None,
    keyfile: str | None,
    tls: bool,
    log_format: str,
    log_level: str,
    is_printed: bool,
    quiet: bool,
) -> None:
    """Serve TARGET: module:app, a module or a Python file (whose app, or factory, has a usual name), a CGI program, a
    folder of files and CGI programs, or a folder of programs alone, named cgi-bin. Ctrl-C ends it.
    """
    if unix and (host is not None or port is not None):
        raise click.UsageError("--unix is in place of --host and --port.")
    if not is_format(log_format):
        said = f"{log_format!r} is neither a name nor has it known fields; fields: {', '.join(FIELDS)}."
        raise click.BadParameter(said, param_hint="'--log-format'")
    files = interface != "cgi" and (is_site(Path(target)) or (bool(cgi_dir) and Path(target).is_dir()))
    settings = Settings(
        *(threads, workers, _root(root_path), warm, files, env), cgi_dir, chdir, follow_symlinks, limit, timeout
    )
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    with contextlib.suppress(KeyboardInterrupt), contextlib.ExitStack() as stack:
        secured = stack.enter_context(_certificate(certfile, keyfile, tls, host))
        certificate, key = secured or ("", "")
        settings = replace(settings, certfile=certificate, keyfile=key, log_level=log_level)
        reload = reload and not is_printed
        sock = stack.enter_context(_listening(host, port, unix)) if reload else None  # for the page of a broken app
        known = Known(target, "cgi", target) if files else _found(target, interface, sock, secured)
        mode, server = choose(known.interface, mode, server)
        wanted = Wanted(known, mode, server, settings, reload, quiet, log_format)
        check(wanted, unix)
        if is_printed:
            if root_path or tls:
                raise click.UsageError(
                    "--print leaves out --root-path and --tls: a reverse proxy has both; see docs/deploy."
                )
            place = Place(host or "127.0.0.1", 8000 if port is None else port, unix or "")
            click.echo("\n".join(printed(wanted, place)))
            return
        side(mode).SERVERS[server].version()
        Serving(wanted, sock or stack.enter_context(_listening(host, port, unix))).run()


def printed(wanted: Wanted, place: Place) -> list[str]:
    """The shell script of a deployment.

    Raises:
        UsageError: the server's command line lacks an option.
    """
    known = wanted.known
    module, _, attribute = known.name.partition(":")
    program = str(Path(known.target).resolve()) if known.interface == "cgi" else ""
    # A CGI program runs in its own folder, and the command elsewhere in the folder in which it was typed.
    folder = known.folder or (str(Path.cwd()) if wanted.mode == "cgi" else "")
    app = Deployed(known.interface, module, attribute, folder, program, sys.executable)
    try:
        return script(app, wanted.mode, wanted.server, wanted.settings, place, lambda name: Path(name).exists())
    except ValueError as error:
        raise click.UsageError(f"{error}.") from None


def is_site(path: Path) -> bool:
    """Whether it is a folder with files for everybody, and not Python to be imported, nor programs alone.

    In any other folder an executable file would be run by whoever asks for it: that is for one named cgi-bin.
    """
    if any((path / name).is_dir() for name in PROGRAMS):
        return True
    return path.is_dir() and path.resolve().name not in PROGRAMS and not (path / "__init__.py").exists()


def _root(path: str) -> str:
    return f"/{path.strip('/')}" if path.strip("/") else ""


def _found(target: str, interface: Mode | None, sock: socket | None, tls: tuple[str, str] | None) -> Known:
    """What the target is. Where the app itself fails, its author needs its traceback.

    With a socket, for --reload, a failure is shown there until a change of a file has mended it.
    """
    while True:
        try:
            known = probe(target, IMPORT, interface)
            break
        except Failure as failure:
            click.echo(failure.traceback, nl=False, err=True)
            if sock is None or not failure.traceback:  # no change of the app mends a wrong name
                raise
            await_change(target, failure, sock, tls)
    if known.doubt:
        click.echo(f"gateways serve: {known.doubt}", err=True)
    return known


def check(wanted: Wanted, unix: str | None) -> None:
    """Refuse what the server, or what it is to serve, does not have.

    Raises:
        UsageError: it says what does have it.
    """
    mode, settings = wanted.mode, wanted.settings
    is_adapted = mode == "asgi" and wanted.known.interface == "wsgi"  # the adapter has threads
    asked = {
        "tls": bool(settings.certfile),
        "threads": settings.threads is not None and not is_adapted,
        "workers": (settings.workers or 1) > 1,
        "unix": unix is not None,
    }
    servers = side(mode).SERVERS
    for option, is_asked in asked.items():
        if is_asked and option not in servers[wanted.server].options:
            having = ", ".join(name for name in servers if option in servers[name].options)
            instead = f"of the {mode} servers {having} have" if having else f"no {mode} server has"
            raise click.UsageError(f"{wanted.server} has no --{option}; {instead}.")
    is_cgi = "cgi" in (mode, wanted.known.interface)
    if wanted.reload and is_cgi:
        raise click.UsageError("--reload is not for CGI: each request runs the program as it is then.")
    for_cgi = {
        "warm": settings.warm,
        "env": bool(settings.environment),
        "chdir": settings.chdir is not None,
        "follow-symlinks": settings.follow_symlinks,
        "limit": settings.limit is not None,
        "timeout": settings.timeout is not None,
    }
    for option, is_there in for_cgi.items():
        if is_there and not is_cgi:
            raise click.UsageError(f"--{option} is for CGI programs, and {wanted.known.target} is not one.")
    if settings.cgi_dirs and not settings.files:
        raise click.UsageError(
            f"--cgi-dir is for a folder of files and programs, and {wanted.known.target} is not one."
        )
    for variable in settings.environment:
        name, is_given, _ = variable.partition("=")
        if not name:
            raise click.UsageError(f"--env {variable!r} has no name before its '='; e.g. --env LANGUAGE=en.")
        if not is_given and name not in os.environ:
            raise click.UsageError(f"--env {name}: there is no such variable here; --env {name}=VALUE gives it one.")


@contextlib.contextmanager
def _certificate(
    certfile: str | None, keyfile: str | None, is_made: bool, host: str | None
) -> Iterator[tuple[str, str] | None]:
    """The paths of the certificate and its key; None for plain HTTP.

    Raises:
        UsageError: the options contradict each other.
        Failure: the files are not a certificate and its key.
    """
    if is_made:
        if certfile or keyfile:
            raise click.UsageError("--tls makes a certificate; it is in place of --certfile and --keyfile.")
        with self_signed(host or "127.0.0.1") as made:
            yield made
    elif certfile:
        pair = certfile, keyfile or certfile
        try:
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(*pair)
        except OSError as error:
            raise Failure(f"{' and '.join(dict.fromkeys(pair))} cannot be used for TLS: {error}") from error
        yield pair
    elif keyfile:
        raise click.UsageError("--keyfile needs --certfile.")
    else:
        yield None


@contextlib.contextmanager
def _listening(host: str | None, port: int | None, unix: str | None) -> Iterator[socket]:
    with bind_unix(unix) if unix else bind(host or "127.0.0.1", 8000 if port is None else port) as sock:
        try:
            yield sock
        finally:
            if unix:
                Path(unix).unlink(missing_ok=True)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
