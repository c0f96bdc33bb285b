"""How a CGI program is served: the servers, each with the CGI host in front. Knows nothing of WSGI and ASGI apps."""

import os
import sys
from pathlib import Path

from adapters import CGIToASGI
from adapters.cgi_host import CGIHost
from gateways.serving import uvicorn
from gateways.serving.server import Server

REFERENCE = str(Path(__file__).with_name("app.py"))


def load(target: str, host: type[CGIHost] = CGIToASGI) -> CGIHost:
    """The CGI host for a program, or for a folder of programs."""
    # A program that starts with `#!/usr/bin/env python3` gets the Python that runs this.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return host(target, env={"PATH": path})


SERVERS = {
    server.name: server
    for server in (
        Server("uvicorn", "one event loop for the sockets; a new process for every request", uvicorn.run, extra=""),
    )
}
