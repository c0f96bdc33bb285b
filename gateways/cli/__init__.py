"""The command line. Knows the list of commands, and how to print a failure.

A failure is one line on stderr with the cause and the fix. Exit status: 2 for a wrong command line, 130 after Ctrl-C, 1
if the command failed (2 in check and diff, where 1 is a result). A traceback of this project needs --debug.
"""

import importlib
import sys
from typing import Any, NoReturn

import click

from gateways.cli.command import FULL, Failed
from gateways.cli.configured import defaults

COMMANDS = ("check", "compare", "demo", "diff", "serve", "timeline", "trace")


class Commands(click.Group):
    """The commands. The module of a command is imported only when it is used, because imports take most of
    the start time.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = getattr(importlib.import_module(f"gateways.cli.{cmd_name}"), cmd_name)
        return found


def _show_versions(ctx: click.Context, param: click.Parameter, requested: Any) -> None:
    if requested and not ctx.resilient_parsing:
        from gateways.cli.installed import lines

        click.echo("\n".join(lines()))
        ctx.exit()


@click.group(cls=Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_show_versions,
    help="Show the installed versions, and exit.",
)
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Serve, compare and inspect apps under CGI, WSGI and ASGI."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


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
        sys.exit(_complain("gateways", "interrupted", 130))
    except OSError as error:  # from printing --version or --help; commands report their own errors
        if error.errno not in FULL:
            raise
        sys.exit(_complain("gateways", f"cannot write: {error.strerror}", 1))
    sys.exit(status if isinstance(status, int) else 0)


def _line(error: click.ClickException) -> str:
    return " ".join(error.format_message().split())


def _complain(command: str, line: str, status: int) -> int:
    print(f"{command}: {line}", file=sys.stderr)
    return status
