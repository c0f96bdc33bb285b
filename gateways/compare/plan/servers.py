"""The servers that can be compared, as a table of their command lines. Pure.

The servers run with their default settings, with exceptions that are the same for all: the number of worker processes
(1 by default), no access log, few log messages, and at least 2,048 connections. gunicorn-gthread also gets 4 threads,
and the names of other variants state their settings. To add a server, add one row. If the server is a default
contender, add its name to plan.contender.WAYS.
"""

from dataclasses import dataclass
from typing import Literal

Interface = Literal["wsgi", "asgi"]


@dataclass(frozen=True, slots=True)
class Server:
    """One way to run a server.

    arguments: the words after `python -m`, with the fields {host}, {port}, {app} ("module:attribute"), {threads} and
        {workers}.
    threads: default number of threads for a WSGI app; None if the server has an event loop. threads_flag: arguments to
    insert to change this number.
    fixed: True if the number of threads cannot be changed.
    grows: True if the server starts threads on demand. `threads` is then the default maximum.
    workers_flag: arguments to insert for several worker processes, if `arguments` does not contain {workers}.
    websocket: True if the server supports WebSockets.
    extra: the extra of gateways that installs it; "" for a dependency of the toolkit.
    """

    name: str
    package: str
    speaks: Interface
    arguments: tuple[str, ...]
    threads: int | None = None
    threads_flag: tuple[str, ...] = ()
    fixed: bool = False
    grows: bool = False
    workers_flag: tuple[str, ...] = ()
    websocket: bool = False
    extra: str = "compare"

    @property
    def forks(self) -> bool:
        """Return True if the server can have several worker processes."""
        return bool(self.workers_flag) or "{workers}" in self.arguments

    def command(self, python: str, app: str, host: str, port: str, threads: int | None, workers: int = 1) -> list[str]:
        """Return the command line."""
        flag = self.threads_flag if threads not in {None, self.threads} else ()
        if workers > 1:
            flag += self.workers_flag
        arguments = [*self.arguments[:-1], *flag, self.arguments[-1]]
        values = {"host": host, "port": port, "app": app, "threads": str(threads or self.threads),
                  "workers": str(workers)}  # fmt: skip
        return [python, "-m", *(argument.format(**values) for argument in arguments)]


_GUNICORN = ("--bind", "{host}:{port}", "--workers", "{workers}", "--log-level", "warning", "--no-control-socket")
_WORKERS = ("--workers", "{workers}")
_UVICORN = ("uvicorn", "--host", "{host}", "--port", "{port}", "--log-level", "warning", "--no-access-log")
_GRANIAN = (
    "--workers",
    "{workers}",
    "--log-level",
    "warning",
    "--no-access-log",
    "--host",
    "{host}",
    "--port",
    "{port}",
    "{app}",
)

SERVERS: dict[str, Server] = {
    server.name: server
    for server in (
        Server(
            "waitress",
            "waitress",
            "wsgi",
            ("waitress", "--host={host}", "--port={port}", "--connection-limit=2048", "{app}"),
            threads=4,
            threads_flag=("--threads={threads}",),
            extra="",
        ),
        Server(
            "gunicorn-sync",
            "gunicorn",
            "wsgi",
            ("gunicorn", *_GUNICORN, "--worker-class", "sync", "{app}"),
            threads=1,
            fixed=True,
        ),
        Server(
            "gunicorn-gthread",
            "gunicorn",
            "wsgi",
            ("gunicorn", *_GUNICORN, "--worker-class", "gthread", "--threads", "{threads}", "{app}"),
            threads=4,
        ),
        Server(
            "gunicorn-gthread-100",  # as Flask-SocketIO advises: each WebSocket uses a thread
            "gunicorn",
            "wsgi",
            ("gunicorn", *_GUNICORN, "--worker-class", "gthread", "--threads", "{threads}", "{app}"),
            threads=100,
        ),
        Server(
            "cheroot",
            "cheroot",
            "wsgi",
            ("cheroot", "--bind", "{host}:{port}", "--request-queue-size", "2048", "{app}"),
            threads=10,
            threads_flag=("--threads", "{threads}", "--max-threads", "{threads}"),
        ),
        Server(
            "granian-wsgi",
            "granian",
            "wsgi",
            ("granian", "--interface", "wsgi", *_GRANIAN),
            threads=512,
            grows=True,
            threads_flag=("--blocking-threads", "{threads}"),
        ),
        Server("uvicorn", "uvicorn", "asgi", (*_UVICORN, "{app}"), workers_flag=_WORKERS, websocket=True, extra=""),
        Server(
            "uvicorn-h11",
            "uvicorn",
            "asgi",
            (*_UVICORN, "--loop", "asyncio", "--http", "h11", "{app}"),
            workers_flag=_WORKERS,
            websocket=True,
            extra="",
        ),
        Server(
            "hypercorn",
            "hypercorn",
            "asgi",
            ("hypercorn", "--bind", "{host}:{port}", "--log-level", "WARNING", "--backlog", "2048", "{app}"),
            workers_flag=_WORKERS,
            websocket=True,
        ),
        Server(
            "daphne",
            "daphne",
            "asgi",
            ("daphne", "-v", "0", "-e", "tcp:{port}:interface={host}:backlog=2048", "{app}"),
            websocket=True,
        ),
        Server("granian-asgi", "granian", "asgi", ("granian", "--interface", "asgi", *_GRANIAN), websocket=True),
        Server(
            "gunicorn-asgi",
            "gunicorn",
            "asgi",
            ("gunicorn", *_GUNICORN, "--worker-class", "asgi", "{app}"),
            websocket=True,
        ),
    )
}
