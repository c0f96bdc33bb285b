"""Table of the ASGI servers. Each server has a function that runs it on a socket. It must not know CGI or WSGI."""

import asyncio
import logging
import socket
from collections.abc import Callable
from functools import partial
from typing import Any

from gateways.adapters.asgi_types import ASGIApp
from gateways.adapters.run_asgi.versions import as_asgi3
from gateways.serving import granian, uvicorn
from gateways.serving.job import Job
from gateways.serving.server import Server
from gateways.serving.settings import Settings
from gateways.serving.target import load_object

REFERENCE = "gateways.asgi.app:app"

Load = Callable[[], Any]


def load(job: Job) -> ASGIApp:
    """Return the job's ASGI 3 or ASGI 2 app as ASGI 3."""
    return as_asgi3(load_object(job.target))


def _hypercorn(load: Load, sock: socket.socket, settings: Settings) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    config = Config()
    config.bind = [f"fd://{sock.detach()}"]
    config.graceful_timeout = 0.5
    config.loglevel = "WARNING"
    config.certfile, config.keyfile = settings.certfile or None, settings.keyfile or None
    asyncio.run(serve(load(), config, mode="asgi"))


def _daphne(load: Load, sock: socket.socket, settings: Settings) -> None:
    logging.getLogger("daphne").setLevel(logging.WARNING)  # suppresses its startup lines, as for the other servers
    # The import installs Twisted's asyncio reactor, which must happen before any other import of a reactor.
    from daphne.endpoints import build_endpoint_description_strings
    from daphne.server import Server as Daphne

    host, port = sock.getsockname()[:2]
    sock.close()  # daphne binds its own socket, because it can adopt only IPv4 sockets
    endpoints = build_endpoint_description_strings(host=host, port=port)
    if settings.certfile:
        files = [each.replace(":", r"\:") for each in (settings.keyfile, settings.certfile, host)]
        endpoints = ["ssl:{port}:privateKey={}:certKey={}:interface={}".format(*files, port=port)]
    Daphne(load(), endpoints=endpoints, application_close_timeout=1).run()


SERVERS = {
    server.name: server
    for server in (
        Server(
            "uvicorn",
            "one process: one event loop for the sockets and the app",
            uvicorn.run,
            extra="toolkit",
            options=uvicorn.OPTIONS,
        ),
        Server(
            "hypercorn",
            "one process: one event loop for the sockets and the app",
            _hypercorn,
            options=frozenset(("unix", "tls", "http2")),
        ),
        Server("daphne", "one process: Twisted's reactor on one event loop", _daphne, options=frozenset(("tls",))),
        Server(
            "granian",
            "a master and one worker process: Rust threads for the sockets, one event loop for the app",
            partial(granian.run, interface="asgi"),
            options=frozenset(("workers", "tls", "http2")),
        ),
    )
}
