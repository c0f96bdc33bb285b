"""How a CGI program is served: the servers, each with the CGI host in front. Knows nothing of WSGI and ASGI apps."""

import os
import sys
from pathlib import Path
from typing import Any

from gateways import adapters
from gateways.cgi.site import site
from gateways.serving import uvicorn
from gateways.serving.server import App, Server
from gateways.serving.settings import USUAL, Settings

REFERENCE = str(Path(__file__).with_name("app.py"))


def load(target: str, adapter: str = "CGIToASGI", settings: Settings = USUAL) -> App:
    """The CGI host of that name for a program, or for a folder of programs, or for a folder that is a site."""
    options = host_options(settings)
    if not settings.files:
        return getattr(adapters, adapter)(target, **options)
    return site(target, adapter, **({"cgi_dirs": settings.cgi_dirs} if settings.cgi_dirs else {}), **options)


def host_options(settings: Settings) -> dict[str, Any]:
    """The options of a CGI host that the settings name."""
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
    """Variables for programs: those that are wanted ("NAME=VALUE", or "NAME" for what it is here), and a PATH."""
    pairs = [each.partition("=") for each in wanted]
    given = {
        name: value if equals else os.environ[name] for name, equals, value in pairs if equals or name in os.environ
    }
    # A program that starts with `#!/usr/bin/env python3` gets the Python that runs this.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return {**given, "PATH": path}


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
