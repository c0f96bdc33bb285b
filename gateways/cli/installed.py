"""`gateways --version`: print the versions of this project, of Python, and of the optional servers and adapters."""

import platform
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version

from gateways.compare.plan.contender import ADAPTERS
from gateways.compare.plan.servers import SERVERS
from gateways.installing import install_line


def lines() -> list[str]:
    """Return lines with the installed versions and the missing packages."""
    servers = _versions(server.package for server in SERVERS.values())
    others = _versions(
        each.package for adapters in ADAPTERS.values() for each in adapters if each.package != "gateways"
    )
    output = [
        f"gateways {_versions(['gateways'])['gateways'] or 'run from a folder, not installed'}",
        f"{platform.python_implementation()} {platform.python_version()}, {', '.join(_machine())}",
        f"servers: {_listed(servers)}",
        f"other adapters: {_listed(others)}",
    ]
    absent = [name for name, number in (servers | others).items() if number is None]
    return [*output, f"not installed: {', '.join(absent)} ({install_line('compare')})"] if absent else output


def _machine() -> tuple[str, str]:
    """Return the operating system with its processor, and the state of the GIL."""
    on = getattr(sys, "_is_gil_enabled", lambda: True)()
    return f"{platform.system()} {platform.machine()}", "GIL on" if on else "GIL off (free-threaded)"


def _versions(packages: Iterable[str]) -> dict[str, str | None]:
    """Return the version of each package; None if it is not installed."""
    found: dict[str, str | None] = {}
    for package in sorted(set(packages)):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return found


def _listed(found: dict[str, str | None]) -> str:
    return ", ".join(f"{name} {number}" for name, number in found.items() if number is not None) or "none"
