"""What is known of a server before it is started: the row of a table in gateways/<mode>/server.py."""

import importlib
import importlib.metadata
from collections.abc import Callable
from dataclasses import dataclass
from socket import socket
from typing import Any, Protocol

from gateways.failure import Failure
from gateways.installing import install_line
from gateways.serving.mode import MODES, Mode
from gateways.serving.settings import Settings

__all__ = ("MODES", "App", "Mode", "Server", "Side", "side")

App = Any
"""What a server calls: a WSGI or an ASGI callable, according to the mode."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that can run an app on a socket.

    `name` is also its package's and its module's. `model` says in one clause what processes and threads it uses as run
    here. `run(load, sock, settings)` serves what `load()` returns on the bound, not yet listening `sock` until SIGTERM;
    servers with processes of their own call `load` there, so it can be pickled. `extra` is the extra that brings the
    server. `options` are those that it has of "threads", "workers", "unix" (a socket that is a file), "tls" and "http2"
    (which it then offers over TLS).
    """

    name: str
    model: str
    run: Callable[[Callable[[], App], socket, Settings], None]
    extra: str = "compare"
    options: frozenset[str] = frozenset()

    def version(self) -> str:
        """The installed version.

        Raises:
            Failure: it is not installed.
        """
        try:
            return importlib.metadata.version(self.name)
        except importlib.metadata.PackageNotFoundError:
            raise Failure(
                f"the server {self.name} is not installed; it comes with: {install_line(self.extra)}"
            ) from None


class Side(Protocol):
    """What gateways/<mode>/server.py offers."""

    SERVERS: dict[str, Server]  # the default first
    REFERENCE: str  # the target of the reference app

    def load(self, target: str) -> App: ...


def side(mode: Mode) -> Side:
    """The module gateways/<mode>/server.py, imported when it is needed: the three do not know of each other."""
    module: Any = importlib.import_module(f"gateways.{mode}.server")
    found: Side = module
    return found
