"""`gateways diff`: send the same requests to two stacks, and show the differences between their responses.

Knows the command line, files and signals. It must not know how to send requests or judge responses. It imports the
modules for a comparison only when the comparison starts. So other commands start quickly.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click
from rich.console import Console

from gateways.cli.choosing import choose, files, given
from gateways.cli.command import Command
from gateways.cli.requests import export, request_options, tell_left_out, traffic_of
from gateways.failure import Failure
from gateways.files import write_whole
from gateways.requests.traffic import summary
from gateways.serving.probe import Known, probe
from gateways.serving.server import MODES, Mode, side

if TYPE_CHECKING:
    from types import FrameType

    from gateways.diff.accepted import Accepted
    from gateways.diff.result import Result
    from gateways.diff.run import Plan
    from gateways.diff.side import Site, Stack
    from gateways.requests.traffic import Traffic

IMPORT = 60.0
"""Timeout for importing a target, in seconds."""

NOT_ASKED = 2
"""Exit status if the stacks could not be compared. A wrong command line has the same status."""

FILE = click.Path(dir_okay=False, path_type=Path)
STDOUT = click.Path(dir_okay=False, allow_dash=True, path_type=Path)


class _Diff(Command):
    """The command. Exit status 1 means that the stacks differ."""

    failure_status = NOT_ASKED


def _facets(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    from gateways.diff.patterns import pattern

    try:
        return tuple(map(pattern, values))
    except ValueError as error:
        raise click.BadParameter(f"{error}.") from None


@click.command(cls=_Diff, short_help="Compare the responses of two apps or servers.")
@click.argument("old", shell_complete=files, callback=given)
@click.argument("new", shell_complete=files, callback=given)
@request_options
@click.option("--interface", type=click.Choice(MODES), help="Interface of the app. Default: detected.")
@click.option(
    "--host-header",
    metavar="HOST",
    help="Host header for OLD and NEW. Default: the recording's host, else localhost.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0.1, 3600),
    default=30.0,
    show_default=True,
    help="Timeout for each response, in seconds.",
)
@click.option("--reset", metavar="COMMAND", help="Shell command to run before each round of requests.")
@click.option("--unsafe", is_flag=True, help="Also send POST, PUT, PATCH and DELETE to a URL.")
@click.option("--insecure", is_flag=True, help="Do not verify TLS certificates of URLs.")
@click.option(
    "--ca",
    metavar="FILE",
    type=click.Path(dir_okay=False, exists=True),
    help="CA certificates for URLs (PEM). Default: the system's.",
)
@click.option(
    "--ignore",
    "ignored",
    metavar="FACET",
    multiple=True,
    callback=_facets,
    help="Part of a response to ignore, e.g. header:x-request-id or 'cookie:*'. Repeatable.",
)
@click.option(
    "--accept", metavar="FILE", type=FILE, help="File of accepted differences. They do not change the exit status."
)
@click.option(
    "--write-accepted", metavar="FILE", type=STDOUT, help="Write the current differences to a file for --accept."
)
@click.option(
    "--strict", is_flag=True, help="Also count differences that no client should depend on, e.g. header order."
)
@click.option("--show-secrets", is_flag=True, help="Show cookies, tokens, passwords and API keys. Default: [redacted].")
@click.option("--json", "as_json", metavar="FILE", type=STDOUT, help="Write the result as JSON; - is stdout.")
@click.option("--html", "page", metavar="FILE", type=FILE, help="Write the result as a web page.")
@click.option(
    "--export", "export_file", metavar="FILE", type=STDOUT, help="Write the requests as JSON lines, and send nothing."
)
def diff(  # noqa: PLR0913, PLR0917 (options)
    old: str,
    new: str,
    interface: Mode | None,
    host_header: str | None,
    timeout: float,
    reset: str | None,
    unsafe: bool,
    insecure: bool,
    ca: str | None,
    ignored: tuple[str, ...],
    accept: Path | None,
    write_accepted: Path | None,
    strict: bool,
    show_secrets: bool,
    as_json: Path | None,
    page: Path | None,
    export_file: Path | None,
    **options: Any,
) -> int:
    """Send the same requests to OLD and NEW, and show the differences between the responses.

    OLD and NEW are TARGET, TARGET@SERVER, TARGET@MODE, or the URL of a running server. For example, shop:app@gunicorn
    runs shop:app on gunicorn, with an adapter if one is needed. NEW may be @SERVER alone, which means OLD's target on
    another server. OLD gets each request at least twice. Values that differ between OLD's own responses are noise, and
    are not shown as differences.

    Exit status: 0 same, 1 different, 2 interrupted, or not compared.
    """
    from gateways.diff.accepted import apply, write
    from gateways.diff.redact import redacted
    from gateways.diff.run import HOST, Plan
    from gateways.diff.side import Site

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    known = None if accept is None else _accepted(accept)
    traffic = traffic_of(**options)
    if export_file is not None:
        export(export_file, traffic)
        tell_left_out(traffic)
        return 0
    first = _side(old, "", interface, insecure, ca)
    second = _side(new, "" if isinstance(first, Site) else first.known.target, interface, insecure, ca)
    plan = Plan(
        old=first,
        new=second,
        traffic=_sent(traffic, (first, second), unsafe=unsafe),
        host=host_header or traffic.host or HOST,
        seconds=timeout,
        reset=reset,
        ignored=ignored,
        strict=strict,
    )
    result = _run(plan)
    if known is not None:
        result = apply(result, known)
    if write_accepted is not None and result.interrupted:
        click.echo(f"not written: {write_accepted}, because the comparison was interrupted", err=True)
    elif write_accepted is not None:
        _write(write_accepted, write(result, known or []))
    to_stdout = Path("-") not in (as_json, write_accepted)
    return _show(result if show_secrets else redacted(result), as_json, page, to_stdout=to_stdout)


def _side(text: str, default: str, interface: Mode | None, insecure: bool, ca: str | None) -> Stack | Site:
    """Return the side for TARGET, TARGET@SERVER, TARGET@MODE or a URL."""
    from gateways.diff.side import Stack, site

    if text.startswith(("http://", "https://")):
        return site(text, insecure=insecure, authorities=ca)
    target, at, name = text.rpartition("@")
    names = {each for mode in MODES for each in side(mode).SERVERS}
    if not at or name not in names | set(MODES):
        if at and not Path(text.partition(":")[0]).exists():
            there = ", ".join([*sorted(names), *MODES])
            raise click.UsageError(f"{text!r}: {name!r} is neither a server nor a mode; choose one of {there}.")
        target, name = text, ""
    if not (target or default):
        raise click.UsageError(f"{text!r} has no TARGET before the @; write e.g. shop:app@{name}.")
    known: Known = probe(target or default, IMPORT, interface)
    mode, server = choose(known.interface, _mode(name), None if name in ("", *MODES) else name)
    side(mode).SERVERS[server].version()  # report a missing server before anything is started
    return Stack(text if target else f"{default}{text}", known, mode, server)


def _mode(name: str) -> Mode | None:
    return next((mode for mode in MODES if mode == name), None)


def _sent(traffic: Traffic, sides: tuple[Stack | Site, ...], *, unsafe: bool) -> Traffic:
    from gateways.diff.side import Site

    if any(isinstance(each, Site) for each in sides) and not unsafe:
        traffic = traffic.safe(
            "POST, PUT, PATCH and DELETE may change data; add --unsafe to send them to a running server"
        )
    if not (traffic.requests or traffic.login):
        if traffic.left_out:
            raise click.UsageError(f"none of the requests can be sent; {'; '.join(summary(traffic.left_out))}.")
        raise click.UsageError("there are no requests to send; add --requests FILE or --path PATH.")
    return traffic


def _accepted(file: Path) -> list[Accepted]:
    from gateways.diff.accepted import read

    try:
        return read(file.read_text(encoding="utf-8"), file.name)
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"cannot read {file}: {error}") from error


def _run(plan: Plan) -> Result:
    """Compare, with a progress bar on a terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from gateways.diff.run import run

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=None)

        def show(which: str, number: int, done: int, total: int) -> None:
            progress.update(task, description=f"{which}, round {number}", completed=done, total=total)

        return run(plan, show)


def _show(result: Result, as_json: Path | None, page: Path | None, *, to_stdout: bool) -> int:
    from gateways.diff.document import to_json
    from gateways.diff.page import render
    from gateways.diff.terminal import lines

    if as_json is not None:
        _write(as_json, json.dumps(to_json(result), indent=2) + "\n")
    if page is not None:
        from importlib.metadata import version

        _write(page, render(result, version("gateways")))
    if to_stdout:
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="replace")
        console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
        for line in lines(result):
            console.print(line)
    if result.interrupted:
        return NOT_ASKED
    if result.counted:
        return 1
    return NOT_ASKED if not result.asked or result.unanswered else 0


def _write(file: Path, text: str) -> None:
    if file == Path("-"):
        click.echo(text, nl=False)
        return
    write_whole(file, text)
    click.echo(f"written: {file}", err=True)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
