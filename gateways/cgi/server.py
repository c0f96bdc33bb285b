"""Table of the servers for CGI programs. A CGI host runs the programs for the server.

Knows the options of a host. It must not know WSGI or ASGI apps.
"""

import os
import sys
from pathlib import Path
from typing import Any

from gateways import adapters
from gateways.cgi.site import site
from gateways.serving import uvicorn
from gateways.serving.job import Job
from gateways.serving.server import App, Server
from gateways.serving.settings import Settings

REFERENCE = str(Path(__file__).with_name("app.py"))


def load(job: Job) -> App:
    """Return the CGI host for the job's server and programs."""
    return host(job.target, "CGIToWSGI" if job.mode == "wsgi" else "CGIToASGI", job.settings)


def host(target: str, adapter: str, settings: Settings) -> App:
    """Return the CGI host for a program, a folder of programs, or a site. `adapter` is the name of the host's class."""
    options = host_options(settings)
    if not settings.files:
        return getattr(adapters, adapter)(target, **options)
    return site(target, adapter, **({"cgi_dirs": settings.cgi_dirs} if settings.cgi_dirs else {}), **options)


def host_options(settings: Settings) -> dict[str, Any]:
    """Return the options of the CGI host from the settings."""
    options: dict[str, Any] = {"env": environment(settings.environment), "follow_symlinks": settings.follow_symlinks}
    if settings.warm:
        options["warm"] = True
    if settings.chdir is not None:
        options["chdir"] = settings.chdir
    if settings.limit is not None:
        options["limit"] = settings.limit
    if settings.timeout is not None:
        options["timeouts"] = dict.fromkeys(("head", "idle", "total"), settings.timeout or None)
    return options


def environment(wanted: tuple[str, ...] = ()) -> dict[str, str]:
    """Return the variables for programs: PATH, and `wanted` ("NAME=VALUE", or "NAME" for this process's value).

    If `wanted` does not set PATH to a value, the folder of this Python comes first in PATH. A program that starts with
    `#!/usr/bin/env python3` then runs with the Python of this process.
    """
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    known = {**os.environ, "PATH": path}
    pairs = [each.partition("=") for each in wanted]
    given = {name: value if equals else known[name] for name, equals, value in pairs if equals or name in known}
    return {"PATH": path, **given}


SERVERS = {
    server.name: server
    for server in (
        Server(
            "uvicorn",
            "one event loop for the sockets; a new process for every request",
            uvicorn.run,
            extra="toolkit",
            options=uvicorn.OPTIONS,
        ),
    )
}
