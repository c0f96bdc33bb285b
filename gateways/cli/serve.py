"""`gateways serve`: run the user's app on a server, through an adapter if their interfaces differ.

Knows the command line. It must not know how to detect an app's interface or run a server (gateways/serving), or how
events are handled until shutdown (until_ended.py).
"""

import contextlib
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from socket import socket
from types import FrameType
from typing import NoReturn

import click

from gateways.cli.choosing import choose, complete, files, given
from gateways.cli.command import Command
from gateways.cli.plan import Plan
from gateways.cli.serve_checks import certificate, check
from gateways.cli.until_ended import Changed, Serving, await_change, watched
from gateways.failure import Failure
from gateways.serving.deployment import Deployed, Place, script
from gateways.serving.listen import bind, bind_unix
from gateways.serving.log_lines import FIELDS, FORMATS, LEVELS, is_format
from gateways.serving.probe import Known, probe
from gateways.serving.server import MODES, Mode, side
from gateways.serving.settings import Settings
from gateways.serving.target import is_site

FILE = click.Path(exists=True, dir_okay=False)

IMPORT = 600.0
"""Timeout for importing an app, in seconds. Ctrl-C can stop it earlier."""


@click.command(cls=Command, short_help="Serve an app, a CGI program or a folder.")
@click.argument("target", shell_complete=files, callback=given)
@click.option("--mode", type=click.Choice(MODES), help="Interface of the server. Default: the interface of the app.")
@click.option(
    "--server", metavar="NAME", shell_complete=complete, help="Server to use. Default: waitress for WSGI, else uvicorn."
)
@click.option("--interface", type=click.Choice(MODES), help="Interface of the app. Default: detected.")
@click.option("--host", metavar="ADDRESS", help="Address to listen on.  [default: 127.0.0.1]")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 selects a free port.  [default: 8000]"
)
@click.option(
    "--unix", metavar="PATH", shell_complete=files, help="Unix socket to listen on, instead of host and port."
)
@click.option(
    "--threads", type=click.IntRange(1), help="Number of threads that run the app, in the server or the adapter."
)
@click.option("--workers", type=click.IntRange(1), help="Number of worker processes of the server.")
@click.option("--root-path", metavar="PATH", default="", help="URL path at which the app is mounted, e.g. /shop.")
@click.option("--reload", is_flag=True, help="Restart the app when a Python file changes.")
@click.option(
    "--warm",
    is_flag=True,
    help="Run Python CGI programs faster, in forks of an interpreter that has already imported their modules.",
)
@click.option(
    "--env", metavar="NAME[=VALUE]", multiple=True, help="Environment variable for CGI programs; may be repeated."
)
@click.option(
    "--cgi-dir",
    metavar="PATH",
    multiple=True,
    help="URL path of a folder of CGI programs; may be repeated.  [default: /cgi-bin and /htbin]",
)
@click.option(
    "--chdir",
    metavar="FOLDER",
    type=click.Path(exists=True, file_okay=False, resolve_path=True),
    help="Working folder of CGI programs.  [default: each program's own]",
)
@click.option("--follow-symlinks", is_flag=True, help="Follow symbolic links that lead out of the folder.")
@click.option("--limit", type=click.IntRange(1), help="Maximum number of concurrent CGI programs.  [default: 64]")
@click.option(
    "--timeout", metavar="SECONDS", type=click.FloatRange(0), help="Time limit of a CGI program; 0 for no limit."
)
@click.option("--certfile", metavar="FILE", type=FILE, help="Certificate for HTTPS, in PEM, with its chain.")
@click.option(
    "--keyfile", metavar="FILE", type=FILE, help="Private key of the certificate. Default: read from --certfile."
)
@click.option("--tls", is_flag=True, help="Serve HTTPS with a self-signed certificate, created for this run.")
@click.option(
    "--log-format",
    metavar="FORMAT",
    default="full",
    help=f"Format of request lines: {', '.join(FORMATS)}, or a template with {{fields}}.  [default: full]",
)
@click.option(
    "--log-level",
    type=click.Choice(LEVELS),
    default="info",
    help="Lowest log level to print. A request with status 4xx is a warning, with 5xx an error.  [default: info]",
)
@click.option(
    "--print",
    "is_printed",
    is_flag=True,
    help="Print a shell script that starts the server, with an adapter if needed, and exit.",
)
@click.option("--quiet", is_flag=True, help="Print no request lines.")
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
    """Serve TARGET until Ctrl-C. TARGET is module:app, a module or Python file with an app or a factory, a CGI
    program, a folder of files and CGI programs, or a folder of CGI programs named cgi-bin.
    """
    if unix and (host is not None or port is not None):
        raise click.UsageError("--unix replaces --host and --port; use it without them.")
    if not is_format(log_format):
        message = f"{log_format!r} is neither a format nor a template with known fields: {', '.join(FIELDS)}."
        raise click.BadParameter(message, param_hint="'--log-format'")
    files = interface != "cgi" and (is_site(Path(target)) or (bool(cgi_dir) and Path(target).is_dir()))
    settings = Settings(
        *(threads, workers, _root(root_path), warm, files, env), cgi_dir, chdir, follow_symlinks, limit, timeout
    )
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    with contextlib.suppress(KeyboardInterrupt), contextlib.ExitStack() as stack:
        secured = stack.enter_context(certificate(certfile, keyfile, tls, host))
        cert, key = secured or ("", "")
        settings = replace(settings, certfile=cert, keyfile=key, log_level=log_level)
        reload = reload and not is_printed
        sock = stack.enter_context(_listening(host, port, unix)) if reload else None  # the error page needs it
        known = Known(target, "cgi", target) if files else _found(target, interface, sock, secured)
        mode, server = choose(known.interface, mode, server)
        plan = Plan(known, mode, server, settings, reload, quiet, log_format)
        check(plan, unix)
        if is_printed:
            if root_path or tls:
                raise click.UsageError(
                    "--print does not support --root-path and --tls: configure them in the reverse proxy (docs/deploy)."
                )
            place = Place(host or "127.0.0.1", 8000 if port is None else port, unix or "")
            click.echo("\n".join(printed(plan, place)))
            return
        side(mode).SERVERS[server].version()
        Serving(plan, sock or stack.enter_context(_listening(host, port, unix))).run()


def printed(plan: Plan, place: Place) -> list[str]:
    """Return the shell script of a deployment.

    Raises:
        UsageError: the server's command line has no such option.
    """
    known = plan.known
    module, _, attribute = known.name.partition(":")
    program = str(Path(known.target).resolve()) if known.interface == "cgi" else ""
    # A CGI program runs in its own folder; other apps run in the current folder.
    folder = known.folder or (str(Path.cwd()) if plan.mode == "cgi" else "")
    app = Deployed(known.interface, module, attribute, folder, program, sys.executable)
    try:
        return script(app, plan.mode, plan.server, plan.settings, place, lambda name: Path(name).exists())
    except ValueError as error:
        raise click.UsageError(f"{error}.") from None


def _root(path: str) -> str:
    return f"/{path.strip('/')}" if path.strip("/") else ""


def _found(target: str, interface: Mode | None, sock: socket | None, tls: tuple[str, str] | None) -> Known:
    """Import and recognise the target; print the traceback if the import fails.

    With a socket (--reload), serve a page with the error until a file change fixes it.
    """
    changed: Changed | None = None
    with contextlib.ExitStack() as stack:
        while True:
            try:
                known = probe(target, IMPORT, interface)
                break
            except Failure as failure:
                if sock is None or not failure.traceback:  # a wrong name cannot be fixed by changing a file
                    raise
                if changed is None:  # a file may change between this import and the start of the watch: import again
                    changed = stack.enter_context(watched(target))
                    continue
                click.echo(failure.traceback, nl=False, err=True)
                await_change(target, failure, sock, tls, changed)
    if known.doubt:
        click.echo(f"gateways serve: {known.doubt}", err=True)
    return known


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
