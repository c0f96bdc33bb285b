"""`gateways check`: report the code of an app that behaves differently on another server. Knows the command line.

Exit status 0 without findings, 1 with findings, 2 if the app could not be checked or no request succeeded.
"""

import json

import click
from click.shell_completion import CompletionItem

from gateways.check.move import SERVERS
from gateways.check.run import Plan
from gateways.check.run import check as run
from gateways.check.show import document, lines
from gateways.cli.choosing import files, given
from gateways.cli.command import Command
from gateways.serving.server import MODES, Mode


class Checking(Command):
    """A command that exits with 2 if it fails, because 1 means findings."""

    failure_status = 2


def _servers(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in SERVERS if name.startswith(incomplete)]


@click.command(cls=Checking, short_help="Find code that behaves differently on another server.")
@click.argument("target", shell_complete=files, callback=given)
@click.option("--to", type=click.Choice(MODES), help="Interface to move to. Default: WSGI for an ASGI app, else ASGI.")
@click.option(
    "--server",
    metavar="NAME",
    shell_complete=_servers,
    help=f"Server to move to: {', '.join(SERVERS)}. Default: waitress for WSGI, else uvicorn.",
)
@click.option("--interface", type=click.Choice(MODES), help="Interface of the app. Default: detected.")
@click.option("--threads", type=click.IntRange(1), help="Number of threads that will run the app on that server.")
@click.option(
    "--path",
    "paths",
    metavar="PATH",
    multiple=True,
    help="Path to request with GET; may be repeated. Default: the app's GET routes without parameters, or /.",
)
@click.option(
    "--requests",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False),
    help="Requests to send: a HAR file, an access log, or JSON lines.",
)
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=click.FloatRange(0.1),
    default=60.0,
    help="Time limit of the check.  [default: 60]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.pass_context
def check(  # noqa: PLR0913, PLR0917 (options)
    ctx: click.Context,
    target: str,
    to: Mode | None,
    server: str | None,
    interface: Mode | None,
    threads: int | None,
    paths: tuple[str, ...],
    requests: str | None,
    timeout: float,
    as_json: bool,
) -> None:
    """Import TARGET, send it some requests, and report the code that will behave differently on another server.
    --to and --server select this server.

    TARGET has the same form as in `gateways serve`. Each finding shows the evidence, the rule and a remedy. Exit
    status: 0 without findings, 1 with findings, 2 if the app could not be checked or no request succeeded.
    """
    for path in paths:
        if not path.startswith("/"):
            raise click.BadParameter(f"{path!r} does not begin with a slash; write '/{path}'.", param_hint="'--path'")
    try:
        plan = Plan(target, interface, paths, requests, timeout)
        report = run(plan, to, server, threads)
    except ValueError as error:
        raise click.UsageError(f"{error}.") from None
    click.echo(json.dumps(document(report), indent=2) if as_json else "\n".join(lines(report)))
    ctx.exit(1 if report.findings else 0 if report.has_success else 2)
