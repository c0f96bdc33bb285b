"""`gateways timeline`: run one request through five generations of interfaces, and compare them.

Knows the command line. It must not know how the generations are run or drawn.
"""

import json
from pathlib import Path

import click
from rich.console import Console

from gateways.cli.command import Command
from gateways.cli.trace import draw, width_of, write
from gateways.timeline.document import to_json
from gateways.timeline.page import render
from gateways.timeline.run import run
from gateways.timeline.text import WIDTH, lines


@click.command(cls=Command, short_help="Run one request through CGI, WSGI and ASGI.")
@click.option(
    "--timeout",
    type=click.FloatRange(0.1, 3600),
    default=10.0,
    show_default=True,
    help="Timeout for each response, in seconds.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the timeline as JSON (docs/trace-schema.md).")
@click.option(
    "--html", "page", type=click.Path(dir_okay=False, path_type=Path), help="Write the timeline to a web page."
)
def timeline(timeout: float, as_json: bool, page: Path | None) -> int:
    """Run the same request through CGI (1993), PEP 333 (2003), PEP 3333 (2010), ASGI 2 (2017) and ASGI 3 (2019), and
    compare them: how the app is called, where it runs, how long it takes, and when the first byte of a stream arrives.
    """
    taken = run(timeout, lambda generation: click.echo(f"{generation.name} ({generation.year}) …", err=True))
    if page is not None:
        write(page, render(taken))
    if as_json:
        click.echo(json.dumps(to_json(taken), indent=2))
    elif page is None:
        draw(lines(taken, width_of(Console(), WIDTH)))
    return 1 if taken.problem else 0
