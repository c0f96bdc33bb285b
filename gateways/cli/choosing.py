"""Which mode and which server serve a target: as asked for, and else what its app speaks; and what a shell offers."""

import click
from click.shell_completion import CompletionItem

from gateways.serving.server import MODES, Mode, side


def complete(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """The servers that a shell is to offer: those of --mode, if it has been said."""
    mode: Mode | None = ctx.params.get("mode")
    names = dict.fromkeys(name for each in ([mode] if mode else MODES) for name in side(each).SERVERS)
    return [name for name in names if name.startswith(incomplete)]


def files(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """A shell is to offer files and folders: what a target may be, or a socket."""
    return [CompletionItem(incomplete, type="file")]


def choose(interface: Mode, mode: Mode | None, server: str | None) -> tuple[Mode, str]:
    """The mode and the server for an app of that interface. A server that is asked for may bring its mode.

    Raises:
        BadParameter: there is no such server, or not for that mode.
    """
    if server is None:
        mode = mode or interface
        return mode, next(iter(side(mode).SERVERS))
    modes = [each for each in MODES if server in side(each).SERVERS]
    if not modes:
        there = dict.fromkeys(name for each in MODES for name in side(each).SERVERS)
        raise click.BadParameter(
            f"unknown server {server!r}; choose one of {', '.join(there)}.", param_hint="'--server'"
        )
    if mode is not None and mode not in modes:
        article = "an" if mode == "asgi" else "a"
        said = f"{server!r} is not {article} {mode.upper()} server; choose one of {', '.join(side(mode).SERVERS)}."
        raise click.BadParameter(said, param_hint="'--server'")
    return mode or (interface if interface in modes else modes[-1]), server
