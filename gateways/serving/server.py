"""Describe a server in one row of the table in gateways/<mode>/server.py."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from socket import socket
from typing import Any, Protocol

from gateways.failure import Failure
from gateways.installing import install_line
from gateways.serving.job import Job
from gateways.serving.mode import MODES, Mode
from gateways.serving.settings import Settings

__all__ = ("MODES", "App", "Mode", "Server", "Side", "side")

App = Any
"""The app that a server calls: a WSGI or ASGI callable, depending on the mode."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that can run an app on a socket.

    `name` is also the name of its package and module. `model` describes its processes and threads in one clause.
    `run(load, sock, settings)` serves the app that `load()` returns, until SIGTERM. `sock` is bound, but does not
    listen yet. Servers with worker processes call `load` in each worker, so `load` can be pickled. `extra` is the extra
    of this project that installs the server. `options` lists the supported options: "threads", "workers", "unix" (a
    Unix socket), "tls" and "http2" (over TLS).
    """

    name: str
    model: str
    run: Callable[[Callable[[], App], socket, Settings], None]
    extra: str = "compare"
    options: frozenset[str] = frozenset()

    def version(self) -> str:
        """Return the installed version.

        Raises:
            Failure: not installed.
        """
        from importlib.metadata import PackageNotFoundError, version  # imported late, because it is slow to import

        try:
            return version(self.name)
        except PackageNotFoundError:
            raise Failure(
                f"the server {self.name} is not installed; install it with: {install_line(self.extra)}"
            ) from None


class Side(Protocol):
    """The contents of gateways/<mode>/server.py."""

    SERVERS: dict[str, Server]  # the first is the default
    REFERENCE: str  # the target of the reference app

    def load(self, job: Job) -> App: ...  # returns the job's target as an app of this interface


def side(mode: Mode) -> Side:
    """Import and return the module gateways/<mode>/server.py. The three modules do not import each other."""
    module: Any = importlib.import_module(f"gateways.{mode}.server")
    found: Side = module
    return found
