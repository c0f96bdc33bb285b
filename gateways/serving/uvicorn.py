"""Running uvicorn, which serves two of the modes."""

from collections.abc import Callable
from socket import socket

from gateways.serving.server import App


def run(load: Callable[[], App], sock: socket) -> None:
    """Serve the ASGI app that `load()` returns on `sock`, in this process, until SIGINT or SIGTERM."""
    import uvicorn

    config = uvicorn.Config(
        load(),
        interface="asgi3",
        log_config=None,
        log_level="warning",
        access_log=False,
        # Whoever ends it does not wait for slow clients: what still runs is cancelled, and may clean up.
        timeout_graceful_shutdown=0,
    )
    uvicorn.Server(config).run(sockets=[sock])
