"""Choose mode and server for a target, from the options or the app's interface; complete their names in a shell."""

import click
from click.shell_completion import CompletionItem

from gateways.serving.server import MODES, Mode, side


def complete(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Return the servers to complete: those of --mode, if it is given."""
    mode: Mode | None = ctx.params.get("mode")
    names = dict.fromkeys(name for each in ([mode] if mode else MODES) for name in side(each).SERVERS)
    return [name for name in names if name.startswith(incomplete)]


def files(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Let the shell complete files and folders, for targets and sockets."""
    return [CompletionItem(incomplete, type="file")]


def choose(interface: Mode, mode: Mode | None, server: str | None) -> tuple[Mode, str]:
    """Choose mode and server for an app of that interface. A named server may imply its mode.

    Raises:
        BadParameter: unknown server, or it does not speak that mode.
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
