"""Options that describe requests, for all commands that send the user's own requests.

Knows click and files. It must not know the formats of the files: gateways/requests parses them.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from gateways.failure import Failure
from gateways.files import write_whole
from gateways.requests import json_lines
from gateways.requests.log_format import FORMATS
from gateways.requests.options import traffic as of_options
from gateways.requests.read import read
from gateways.requests.traffic import Traffic, summary

FILE = click.Path(dir_okay=False, exists=True, path_type=Path)

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--requests", "files", metavar="FILE", type=FILE, multiple=True,
                 help="File of requests: HAR, access log or JSON lines (docs/requests.md). Repeatable."),
    click.option("--log-format", metavar="FORMAT",
                 help=f"Format of access logs: {', '.join(FORMATS)}, or an Apache LogFormat. Default: detected."),
    click.option("--path", "paths", metavar="PATH[=WEIGHT]", multiple=True,
                 help="Path and query of a request, with an optional weight for load tests. Repeatable."),
    click.option("--method", metavar="METHOD", help="Method for --path. Default: GET, or POST with --data."),
    click.option("--header", "headers", metavar="'NAME: VALUE'", multiple=True, help="Header for --path. Repeatable."),
    click.option("--data", metavar="TEXT|@FILE", help="Request body for --path; @- is stdin."),
    click.option("--cookie", "cookies", metavar="NAME=VALUE", multiple=True, help="Cookie for --path. Repeatable."),
    click.option("--user", metavar="NAME:PASSWORD", help="Basic authentication for --path."),
    click.option("--login", metavar="FILE", type=FILE,
                 help="File of requests to send first, e.g. a login. Later requests use values of its responses."),
)  # fmt: skip


def request_options(command: Decorated) -> Decorated:
    """Add the options to a command. The command gets the arguments of traffic_of()."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def traffic_of(  # noqa: PLR0913, PLR0917 (one for each option)
    files: tuple[Path, ...],
    log_format: str | None,
    paths: tuple[str, ...],
    method: str | None,
    headers: tuple[str, ...],
    data: str | None,
    cookies: tuple[str, ...],
    user: str | None,
    login: Path | None,
    expect: int | None = None,
) -> Traffic:
    """Return the requests from the options: first from files, then from --path. The result may be empty.

    Raises:
        UsageError: an option is invalid, or requires --path.
        Failure: a file cannot be read or is invalid. The text names the line.
    """
    own = {"method": method, "header": headers, "data": data, "cookie": cookies, "user": user}
    if files and not paths and (given := [name for name, value in own.items() if value]):
        raise click.UsageError(f"--{given[0]} needs --path; it does not apply to requests of a file.")
    if log_format is not None and not files and login is None:
        raise click.UsageError("--log-format needs --requests or --login with an access log.")
    found = Traffic(())
    if login is not None:
        first = _read(login, log_format)
        found += Traffic((), first.login + first.requests, first.left_out, first.notes, first.host)
    for file in files:
        found += _read(file, log_format)
    body = None if data is None else data_of(data)
    try:
        return found + of_options(paths, method, headers, body, cookies, user, expect)
    except ValueError as error:
        raise click.UsageError(f"{error}.") from error


LONG = 4 << 20
"""Size of a file whose reading takes a noticeable time, in bytes."""


def _read(file: Path, log_format: str | None) -> Traffic:
    """Read a file. A terminal shows the progress if the file is long, or a pipe."""
    if not sys.stderr.isatty() or (file.is_file() and file.stat().st_size < LONG):
        return read(file, log_format)
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"reading {file.name}", total=None)
        return read(file, log_format, lambda done, size: bar.update(task, completed=done, total=size or None))


def data_of(text: str) -> bytes:
    """Return the body for --data: the text itself, or the content of the file named after "@" ("@-": stdin).

    Raises:
        Failure: the file cannot be read.
    """
    if not text.startswith("@"):
        return text.encode("utf-8", "surrogateescape")
    if text == "@-":
        return sys.stdin.buffer.read()
    try:
        return Path(text[1:]).read_bytes()
    except OSError as error:
        raise Failure(f"--data {text}: cannot read the file: {error.strerror}") from error


def export(file: Path, traffic: Traffic) -> None:
    """Write the requests as JSON lines; "-" is stdout.

    Raises:
        Failure: the file cannot be written.
    """
    text = json_lines.write(traffic)
    if str(file) == "-":
        click.echo(text, nl=False)
        return
    write_whole(file, text)


def tell_left_out(traffic: Traffic) -> None:
    """Print to stderr which requests of the files are not sent, and why."""
    for line in (*summary(traffic.left_out), *traffic.notes):
        click.echo(line, err=True)
