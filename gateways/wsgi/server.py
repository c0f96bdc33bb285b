"""Table of the WSGI servers. Each server has a function that runs it on a socket. It must not know CGI or ASGI."""

import socket
from collections.abc import Callable
from functools import partial
from typing import Any

from gateways.serving import granian
from gateways.serving.job import Job
from gateways.serving.server import App, Server
from gateways.serving.settings import Settings
from gateways.serving.target import load_object

REFERENCE = "gateways.wsgi.app:app"
THREADS = 8

Load = Callable[[], Any]


def load(job: Job) -> App:
    """Return the job's WSGI app."""
    return load_object(job.target)


def _waitress(load: Load, sock: socket.socket, settings: Settings) -> None:
    import waitress

    waitress.serve(load(), sockets=[sock], threads=settings.threads or THREADS, ident="waitress", _quiet=True)


def _gunicorn(load: Load, sock: socket.socket, requested: Settings) -> None:
    from gunicorn.app.base import BaseApplication

    class Application(BaseApplication):
        def load_config(self) -> None:
            for name, value in settings.items():
                if name in self.cfg.settings:  # gunicorn 25.1 and later have control_socket_disable
                    self.cfg.set(name, value)

        def load(self) -> Any:
            return load()

    settings = {
        "bind": f"fd://{sock.fileno()}",
        "worker_class": "gthread",
        "workers": requested.workers or 1,
        "threads": requested.threads or THREADS,
        "graceful_timeout": 1,
        "loglevel": "warning",
        "control_socket_disable": True,
        **({"certfile": requested.certfile, "keyfile": requested.keyfile} if requested.certfile else {}),
    }
    Application().run()


def _cheroot(load: Load, sock: socket.socket, settings: Settings) -> None:
    from cheroot import wsgi

    class Adopting(wsgi.Server):
        def bind(self, family: int, type: int, proto: int = 0) -> socket.socket:  # noqa: A002 - cheroot's names
            self.socket = sock
            self.bind_addr = address
            return sock

    name = sock.getsockname()
    address = name if isinstance(name, str) else name[:2]
    threads = settings.threads or THREADS
    server = Adopting(address, load(), numthreads=threads, max=threads, shutdown_timeout=1)
    if settings.certfile:
        from cheroot.ssl.builtin import BuiltinSSLAdapter

        server.ssl_adapter = BuiltinSSLAdapter(settings.certfile, settings.keyfile)
    try:
        server.start()
    finally:
        server.stop()


SERVERS = {
    server.name: server
    for server in (
        Server(
            "waitress",
            f"one process: a thread for all sockets, {THREADS} threads for the app",
            _waitress,
            extra="toolkit",
            options=frozenset(("threads", "unix")),
        ),
        Server(
            "gunicorn",
            f"a master and one worker process: {THREADS} threads for the app",
            _gunicorn,
            options=frozenset(("threads", "workers", "unix", "tls")),
        ),
        Server(
            "cheroot",
            f"one process: {THREADS} threads for the app",
            _cheroot,
            options=frozenset(("threads", "unix", "tls")),
        ),
        Server(
            "granian",
            "a master and one worker process: Rust threads for the sockets, 8 threads for the app",
            partial(granian.run, interface="wsgi"),
            options=frozenset(("threads", "workers", "tls", "http2")),
        ),
    )
}
