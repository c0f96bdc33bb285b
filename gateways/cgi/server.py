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
    options: dict[str, Any] = {"env": environment(settings.environment), **({"warm": True} if settings.warm else {})}
    return site(target, adapter, **options) if settings.files else getattr(adapters, adapter)(target, **options)


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
