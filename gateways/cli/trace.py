"""`gateways trace`: send one request to an app, and show everything that client, server and app exchange.

Knows the command line and its output. It must not know how a trace is recorded or drawn.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from gateways.cli.choosing import choose, complete, files, given
from gateways.cli.command import Command
from gateways.cli.requests import request_options, tell_left_out, traffic_of
from gateways.files import write_whole
from gateways.requests.request import Request as Recorded
from gateways.serving.probe import Known, probe
from gateways.serving.server import MODES, Mode, side
from gateways.serving.target import find
from gateways.trace.diagram import WIDTH, diagram
from gateways.trace.document import Trace, to_json
from gateways.trace.page import render
from gateways.trace.run import Plan, take
from gateways.trace.secrets import redacted

IMPORT = 20.0
"""Minimum timeout for importing a target, in seconds. A longer --timeout applies here too."""

REFERENCE_PATH = "/hello?name=you"


@click.command(cls=Command, short_help="Show each step of one request.")
@click.argument("target", required=False, shell_complete=files, callback=given)
@click.option("--mode", type=click.Choice(MODES), help="Interface of the server. Default: the interface of the app.")
@click.option(
    "--server", metavar="NAME", shell_complete=complete, help="Server to use. Default: waitress for WSGI, else uvicorn."
)
@click.option("--interface", type=click.Choice(MODES), help="Interface of the app. Default: detected.")
@request_options
@click.option("--ws", "texts", metavar="TEXT", multiple=True, help="Open a WebSocket and send TEXT. Repeatable.")
@click.option(
    "--timeout",
    type=click.FloatRange(0.1, 3600),
    default=10.0,
    show_default=True,
    help="Timeout for the response, in seconds.",
)
@click.option("--cold", is_flag=True, help="Send no warm-up request. Default: send one first, to start the app.")
@click.option("--show-secrets", is_flag=True, help="Show cookies, tokens, passwords and API keys. Default: [redacted].")
@click.option("--json", "as_json", is_flag=True, help="Print the trace as JSON (docs/trace-schema.md).")
@click.option("--html", "page", type=click.Path(dir_okay=False, path_type=Path), help="Write the trace to a web page.")
def trace(  # noqa: PLR0913, PLR0917 (options)
    target: str | None,
    mode: Mode | None,
    server: str | None,
    interface: Mode | None,
    timeout: float,
    texts: tuple[str, ...],
    cold: bool,
    show_secrets: bool,
    as_json: bool,
    page: Path | None,
    **options: Any,
) -> int:
    """Trace one request: the bytes on the socket, the environ or scope that the server creates from them, every call
    and event of the app, and the bytes of the response.

    TARGET is `module:attribute`, `module`, a Python file, a CGI program, or a folder of CGI programs. Default: the
    reference app. If there are several requests, the last one is traced; the others, such as a login, are sent first.

    Exit status: 0 for a complete response with any status, 1 if the response is missing or cut off, 2 for an invalid
    command line.
    """
    before, last = requests(texts, "/" if target else REFERENCE_PATH, **options)
    known = probe(target, max(timeout, IMPORT), interface) if target else None
    # A CGI program starts for each request.
    warm_up = not (cold or before or (known is not None and known.interface == "cgi"))
    if warm_up:
        before = (_warm_up(last, texts),)
    mode, server = choose(known.interface if known else "asgi", mode, server)
    if known is None:
        reference = side(mode).REFERENCE
        known = Known(reference, mode, find(reference).signature)
    (taken,) = take(Plan(known, mode, server, (), timeout, before, last, texts, warm_up))
    show(taken if show_secrets else redacted(taken), as_json, page)
    return 1 if taken.problem else 0


def requests(texts: tuple[str, ...], path: str, **options: Any) -> tuple[tuple[Recorded, ...], Recorded]:
    """Return the requests to send first, and the request to trace. `path` is the default path."""
    if texts and (options["method"] or options["data"] is not None):
        raise click.UsageError(
            "--ws cannot be used with --method and --data: a WebSocket starts with GET and has no body."
        )
    if not (options["paths"] or options["files"]):
        options["paths"] = (path,)
    traffic = traffic_of(**options)
    tell_left_out(traffic)
    if not traffic.requests:
        raise click.UsageError("there are no requests to trace.")
    *before, last = (*traffic.login, *traffic.requests)
    return tuple(before), last


def _warm_up(last: Recorded, texts: tuple[str, ...]) -> Recorded:
    """Return a request that makes the app start: the traced request, or HEAD.

    It is HEAD if the method is not safe (RFC 9110), or if the traced request opens a WebSocket.
    """
    warm = replace(last, takes=())
    return warm if last.is_safe and not texts else replace(warm, method="HEAD", body=None)


def show(taken: Trace, as_json: bool, page: Path | None) -> None:
    """Print the trace, or write it to a page."""
    if page is not None:
        write(page, render(taken))
    if as_json:
        click.echo(json.dumps(to_json(taken), indent=2, ensure_ascii=True))
    elif page is None:
        draw(diagram(taken, width_of(Console(), WIDTH)))


def write(page: Path, text: str) -> None:
    """Write a page.

    Raises:
        Failure: the file cannot be written.
    """
    write_whole(page, text)
    click.echo(f"written: {page}", err=True)


NARROWEST = 76
"""Minimum width of a drawing in columns; a terminal that is narrower wraps the lines."""


def width_of(console: Console, default: int) -> int:
    """Return the width for a drawing: the terminal's width; the default if the output goes to a file."""
    return max(console.width, NARROWEST) if console.is_terminal else default


def draw(lines: list[Text]) -> None:
    """Print lines, with colours on a terminal only."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    for line in lines:
        console.print(line)
