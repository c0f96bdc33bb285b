"""Run uvicorn, which serves CGI and ASGI."""

import inspect
from collections.abc import Callable
from socket import socket
from typing import TYPE_CHECKING, Any

from gateways.serving.server import App
from gateways.serving.settings import Settings

if TYPE_CHECKING:
    from uvicorn import Config

OPTIONS = frozenset(("workers", "unix", "tls"))


def run(load: Callable[[], App], sock: socket, settings: Settings) -> None:
    """Serve the ASGI app that `load()` returns on `sock`, in this process or its workers, until SIGINT or SIGTERM."""
    import uvicorn

    several = (settings.workers or 1) > 1
    config = uvicorn.Config(
        load if several else load(),
        factory=several,
        workers=settings.workers if several else None,
        interface="asgi3",
        log_config=None,
        log_level="warning",
        access_log=False,
        # Shutdown does not wait for slow clients. It cancels running requests, which may clean up.
        timeout_graceful_shutdown=0,
        ssl_certfile=settings.certfile or None,
        ssl_keyfile=settings.keyfile or None,
    )
    if several:
        _workers(config, sock)
    else:
        uvicorn.Server(config).run(sockets=[sock])


def _workers(config: "Config", sock: socket) -> None:
    from uvicorn import Server
    from uvicorn.supervisors import Multiprocess

    supervisor: Any = Multiprocess
    accepted = inspect.signature(supervisor).parameters
    # Older versions of Multiprocess, up to about 0.49, require the argument `target`.
    more = {"target": Server(config).run} if "target" in accepted else {}
    supervisor(config, sockets=[sock], **more).run()
