"""Run granian, which supports WSGI and ASGI."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from socket import socket

from gateways.serving.server import App
from gateways.serving.settings import Settings


def run(load: Callable[[], App], sock: socket, settings: Settings, *, interface: str) -> None:
    """Serve the app that `load()` returns at the address of `sock`, in worker processes, until SIGINT or SIGTERM.

    granian binds its own socket, so `sock` is closed just before granian starts.
    """
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    host, port = sock.getsockname()[:2]
    sock.close()
    server = Granian(
        target="app",
        address=host,
        port=port,
        interface=Interfaces(interface),
        workers=settings.workers or 1,
        blocking_threads=settings.threads or 8 if interface == "wsgi" else None,
        workers_kill_timeout=1,
        log_level=LogLevels.error,
        ssl_cert=Path(settings.certfile) if settings.certfile else None,
        ssl_key=Path(settings.keyfile) if settings.keyfile else None,
    )
    server.serve(target_loader=partial(_loaded, load))


def _loaded(load: Callable[[], App], _target: str) -> App:
    return load()
