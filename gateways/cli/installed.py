"""`gateways --version`: this project, Python, and which of the servers and adapters to compare with are installed."""

import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version

import click

from gateways.compare.plan.contender import ADAPTERS
from gateways.compare.plan.servers import SERVERS
from gateways.installing import install_line


def show(ctx: click.Context, _param: click.Parameter, asked: bool) -> None:
    """Print it and exit, as click's own version option does."""
    if asked and not ctx.resilient_parsing:
        click.echo("\n".join(lines()))
        ctx.exit()


def lines() -> list[str]:
    """What is there, and what is not."""
    servers = _found(server.package for server in SERVERS.values())
    others = _found(each.package for adapters in ADAPTERS.values() for each in adapters if each.package != "gateways")
    said = [
        f"gateways {_found(['gateways'])['gateways'] or 'from a folder, not installed'}",
        f"{platform.python_implementation()} {platform.python_version()}, {platform.system()} {platform.machine()}",
        f"servers: {_listed(servers)}",
        f"other adapters: {_listed(others)}",
    ]
    absent = [name for name, number in (servers | others).items() if number is None]
    return [*said, f"not installed: {', '.join(absent)} ({install_line('compare')})"] if absent else said


def _found(packages: Iterable[str]) -> dict[str, str | None]:
    """Their versions; None for those that are not installed."""
    found: dict[str, str | None] = {}
    for package in sorted(set(packages)):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return found


def _listed(found: dict[str, str | None]) -> str:
    return ", ".join(f"{name} {number}" for name, number in found.items() if number is not None) or "none"
