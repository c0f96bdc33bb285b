"""The base class of the commands, and the format of their failures."""

import errno
import traceback
from typing import Any

import click

from gateways.failure import Failure

FULL = (errno.ENOSPC, errno.EDQUOT)
"""Error numbers of a write to a full disk."""


class Failed(click.ClickException):
    """A failure of `command`, e.g. "gateways serve". `status` is the exit status."""

    def __init__(self, line: str, command: str, status: int = 1) -> None:
        super().__init__(line)
        self.command = command
        self.status = status


class Command(click.Command):
    """A command with --debug. A failure prints one line and exits with `failure_status`.

    If the user's code has failed, its traceback is printed before the line.
    """

    failure_status = 1

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        debug = click.Option(["--debug"], is_flag=True, help="Show the traceback of a failure.")
        self.params.append(debug)

    def invoke(self, ctx: click.Context) -> Any:
        debug = ctx.params.pop("debug")
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit):
            raise
        except Exception as error:
            if debug:
                traceback.print_exc()
            if isinstance(error, Failure):
                if error.traceback:
                    click.echo(error.traceback.rstrip("\n"), err=True)
                raise Failed(str(error), ctx.command_path, self.failure_status) from error
            if isinstance(error, OSError) and error.errno in FULL:
                raise Failed(f"cannot write: {error.strerror}", ctx.command_path, self.failure_status) from error
            raise Failed(
                f"a bug in gateways: {error!r}; please report it with the traceback that --debug shows",
                ctx.command_path,
                self.failure_status,
            ) from error
