"""Tools for tests: hosts with warm programs, libraries that are installed for them, and their interpreters."""

import asyncio
import contextlib
import sys
from pathlib import Path
from typing import Any

import psutil
import uvloop

from gateways.adapters.cgi_to_asgi import CGIToASGI
from gateways.adapters.cgi_to_wsgi import CGIToWSGI
from tests.adapters.run_cgi.asking import Asker, InASGI, InWSGI
from tests.real.serving import eventually

KINDS = ["asyncio", "uvloop", "wsgi"]


def write(folder: Path, name: str, source: str, line: str = f"#!{sys.executable}") -> Path:
    """Write a program to the folder."""
    program = folder / name
    program.write_text(f"{line}\n{source}")
    program.chmod(0o755)
    return program


def site_packages(folder: Path) -> Path:
    """Return the folder in which the libraries of the programs are installed."""
    return folder / "installed" / "site-packages"


def install(folder: Path, name: str, source: str) -> Path:
    """Install a library: one module, or a package."""
    file = site_packages(folder) / f"{name.replace('.', '/')}.py"
    file.parent.mkdir(parents=True, exist_ok=True)
    for package in list(file.relative_to(site_packages(folder)).parents)[:-1]:
        (site_packages(folder) / package / "__init__.py").touch()
    file.write_text(source)
    return file


def _options(folder: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Let programs find the installed libraries, unless the test has its own variables."""
    return {"env": {"PYTHONPATH": str(site_packages(folder))}, **options}


def warm_asker(kind: str, folder: Path, **options: Any) -> InASGI | InWSGI:
    """Return a warm host of the folder."""
    options = _options(folder, {"warm": True, **options})
    if kind == "wsgi":
        return InWSGI(CGIToWSGI(folder, **options))
    return InASGI(CGIToASGI(folder, **options), asyncio.run if kind == "asyncio" else uvloop.run)


def cold_one(ask: Asker, folder: Path, **options: Any) -> Asker:
    """Return a host of the same kind that runs every program cold."""
    options = _options(folder, options)
    return InASGI(CGIToASGI(folder, **options)) if isinstance(ask, InASGI) else InWSGI(CGIToWSGI(folder, **options))


def interpreters(program: Path) -> list[psutil.Process]:
    """The warm interpreters of a program."""
    found = []
    for process in psutil.Process().children():
        with contextlib.suppress(psutil.Error):
            if process.status() != psutil.STATUS_ZOMBIE and process.cmdline()[-1:] == [str(program)]:
                found.append(process)
    return found


def living(ask: Asker, program: Path) -> list[psutil.Process]:
    """Send requests until an interpreter is ready. A run is cold if the host has just detected that the last
    interpreter died.
    """
    found: list[psutil.Process] = []

    def waits() -> bool:
        ask(f"/{program.name}")
        found[:] = interpreters(program)
        return bool(found)

    eventually(waits, "an interpreter waits")
    return found


def warmed(ask: Asker, program: Path) -> None:
    """Send requests until an interpreter with the libraries of the first run serves; fail if there is none."""
    first = min(living(ask, program), key=psutil.Process.create_time)

    def replaced() -> bool:
        ask(f"/{program.name}")
        now = interpreters(program)
        return len(now) == 1 and first not in now

    eventually(replaced, "an interpreter with its modules serves")
