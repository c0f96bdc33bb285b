"""Check a target, choose its mode and server, and complete names in a shell."""

from pathlib import Path

import click
from click.shell_completion import CompletionItem

from gateways.serving.server import MODES, Mode, side


def complete(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Return the names of servers for completion in a shell. With --mode, return only the servers of that mode."""
    mode: Mode | None = ctx.params.get("mode")
    names = dict.fromkeys(name for each in ([mode] if mode else MODES) for name in side(each).SERVERS)
    return [name for name in names if name.startswith(incomplete)]


def files(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Let the shell complete files and folders, for targets and sockets."""
    return [CompletionItem(incomplete, type="file")]


def given(ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    """Return the target unchanged.

    Raises:
        BadParameter: the target is empty (an empty path would mean the current folder), has no attribute after its ':',
            or is a URL, which only `gateways diff` accepts.
    """
    if value is not None and not value.strip():
        raise click.BadParameter(
            "the target is empty; give a module and its app, e.g. 'shop:app', or '.' for this folder."
        )
    if value and value.endswith(":") and not Path(value).exists():
        module = value.rstrip(":")
        raise click.BadParameter(f"{value!r} has no attribute after the ':'; give e.g. '{module}:app' or '{module}'.")
    if value and value.startswith(("http://", "https://")) and ctx.command.name != "diff":
        raise click.BadParameter(
            f"{value!r} is a URL; give an app, e.g. 'shop:app'. For a running server, use gateways diff, or "
            "gateways compare --url."
        )
    return value


def choose(interface: Mode, mode: Mode | None, server: str | None) -> tuple[Mode, str]:
    """Choose mode and server for an app with the given interface. A named server may imply its mode.

    Raises:
        BadParameter: the server is unknown, or does not speak that mode.
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
        message = f"{server!r} is not {article} {mode.upper()} server; choose one of {', '.join(side(mode).SERVERS)}."
        raise click.BadParameter(message, param_hint="'--server'")
    return mode or (interface if interface in modes else modes[-1]), server
