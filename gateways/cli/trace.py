"""`gateways trace`: one request to an app, with all that passed between client, server and app.

Knows the command line and where its output goes; it must not know how a trace is taken or drawn.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click
from rich.console import Console
from rich.text import Text

from gateways.cli.choosing import choose, complete, files
from gateways.cli.command import Command
from gateways.failure import Failure
from gateways.serving.probe import Known, probe
from gateways.serving.server import MODES, Mode, side
from gateways.serving.target import find
from gateways.trace.client import Request
from gateways.trace.diagram import WIDTH, diagram
from gateways.trace.document import Trace, to_json
from gateways.trace.page import render
from gateways.trace.run import Plan, take

IMPORT = 20.0
"""Seconds within which a target must be imported."""

REFERENCE_PATH = "/hello?name=you"

TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
"""RFC 9110, 5.6.2: what a method and the name of a header are made of."""


@click.command(cls=Command)
@click.argument("target", required=False, shell_complete=files)
@click.option("--mode", type=click.Choice(MODES), help="What the server speaks; an adapter bridges it to another app.")
@click.option(
    "--server", metavar="NAME", shell_complete=complete, help="The server; the usual one of the mode without."
)
@click.option("--interface", type=click.Choice(MODES), help="What the app speaks, where it does not show.")
@click.option("--path", metavar="PATH", help=f"Path and query to ask for.  [default: {REFERENCE_PATH}, with TARGET: /]")
@click.option("--method", metavar="METHOD", help="The method; GET without, POST with --data.")
@click.option("--header", "headers", metavar="'NAME: VALUE'", multiple=True, help="A header; may be repeated.")
@click.option("--data", metavar="TEXT", help="The body of the request.")
@click.option("--ws", "texts", metavar="TEXT", multiple=True, help="Open a WebSocket and send TEXT; may be repeated.")
@click.option(
    "--timeout", type=click.FloatRange(0.1, 3600), default=10.0, show_default=True, help="Seconds for the answer."
)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON (docs/trace-schema.md).")
@click.option("--html", "page", type=click.Path(dir_okay=False, path_type=Path), help="Write it to a web page.")
def trace(
    target: str | None,
    mode: Mode | None,
    server: str | None,
    interface: Mode | None,
    timeout: float,
    as_json: bool,
    page: Path | None,
    **asked: Any,
) -> int:
    """Make one request and show it whole: the bytes on the socket, what the server made of them, every call and event
    of the app, and the bytes that went back.

    TARGET is `module:attribute`, `module`, a Python file, a CGI program or a folder of those; without it, the
    reference app.
    """
    asked["path"] = asked["path"] or ("/" if target else REFERENCE_PATH)
    wanted = request(**asked)
    known = probe(target, max(timeout, IMPORT), interface) if target else None
    mode, server = choose(known.interface if known else "asgi", mode, server)
    if known is None:
        reference = side(mode).REFERENCE
        known = Known(reference, mode, find(reference).signature)
    (taken,) = take(Plan(known, mode, server, (wanted,), timeout))
    show(taken, as_json, page)
    return 1 if taken.problem else 0


def request(
    path: str, method: str | None, headers: tuple[str, ...], data: str | None, texts: tuple[str, ...]
) -> Request:
    """What the options ask for."""
    if not path.startswith("/"):
        raise click.BadParameter(f"{path!r} does not begin with '/'.", param_hint="'--path'")
    if method is not None and not TOKEN.fullmatch(method):
        raise click.BadParameter(f"{method!r} is no method; e.g. GET.", param_hint="'--method'")
    if texts and (method or data is not None):
        raise click.UsageError("--ws goes without --method and --data: a WebSocket begins with a GET.")
    pairs = []
    for header in headers:
        name, colon, value = header.partition(":")
        if not (colon and TOKEN.fullmatch(name)) or not value.strip().isprintable():
            raise click.BadParameter(f"{header!r} is no header; e.g. 'Accept: text/html'.", param_hint="'--header'")
        pairs.append((name, value.strip()))
    body = None if data is None else data.encode("utf-8", "surrogateescape")
    verb = method or ("GET" if data is None else "POST")
    return Request(verb, quote(path, safe="/%~!$&'()*+,;=:@?[]"), tuple(pairs), body, texts)


def show(taken: Trace, as_json: bool, page: Path | None) -> None:
    """Print the trace, or write it."""
    if page is not None:
        write(page, render(taken))
    if as_json:
        click.echo(json.dumps(to_json(taken), indent=2, ensure_ascii=True))
    elif page is None:
        draw(diagram(taken, WIDTH))


def write(page: Path, text: str) -> None:
    """Write a page.

    Raises:
        Failure: it cannot be written there.
    """
    try:
        page.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Failure(f"cannot write {page}: {error.strerror}") from error
    click.echo(f"written: {page}", err=True)


def draw(lines: list[Text]) -> None:
    """Print lines, coloured on a terminal only."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    for line in lines:
        console.print(line)
