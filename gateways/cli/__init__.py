"""The command line: the list of commands, and the format of failures.

A failure is one line on stderr with the cause and the fix. Exit status: 2 for a wrong command line, 1 if the command
failed. The traceback is printed only with --debug.
"""

import sys
from typing import NoReturn

import click

from gateways.cli.check import check
from gateways.cli.command import Failed
from gateways.cli.compare import compare
from gateways.cli.configured import defaults
from gateways.cli.demo import demo
from gateways.cli.diff import diff
from gateways.cli.installed import show
from gateways.cli.serve import serve
from gateways.cli.timeline import timeline
from gateways.cli.trace import trace


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=show,
    help="Show the installed versions, and exit.",
)
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Serve, compare and inspect apps under CGI, WSGI and ASGI."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


cli.add_command(demo)
cli.add_command(serve)
cli.add_command(check)
cli.add_command(compare)
cli.add_command(diff)
cli.add_command(timeline)
cli.add_command(trace)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit."""
    try:
        status = cli.main(
            args=arguments,
            prog_name="gateways",
            standalone_mode=False,
            auto_envvar_prefix="GATEWAYS",
            default_map=defaults(cli),
        )
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "gateways"
        sys.exit(_complain(command, f"{_line(error)} (see {command} --help)", error.exit_code))
    except click.ClickException as error:
        command, status = (error.command, error.status) if isinstance(error, Failed) else ("gateways", error.exit_code)
        sys.exit(_complain(command, _line(error), status))
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    sys.exit(status if isinstance(status, int) else 0)


def _line(error: click.ClickException) -> str:
    return " ".join(error.format_message().split())


def _complain(command: str, line: str, status: int) -> int:
    print(f"{command}: {line}", file=sys.stderr)
    return status
