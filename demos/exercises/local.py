"""Start servers in threads of this process, for the exercises.

Knows uvicorn and waitress, the default ASGI server and WSGI server of this project. It
must not know the exercises.
"""

import http.client
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

import uvicorn
from waitress.server import create_server

HOST = "127.0.0.1"


@contextmanager
def uvicorn_serving(app: Any) -> Iterator[int]:
    """Serve an ASGI app during the `with` block; yield the port."""
    config = uvicorn.Config(app, log_level="warning", ws="websockets-sansio")
    server = uvicorn.Server(config)
    with socket.create_server((HOST, 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def waitress_serving(app: Any, threads: int = 4) -> Iterator[int]:
    """Serve a WSGI app in `threads` threads during the `with` block; yield the port."""
    # The exercises send more requests at the same time than there are threads.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    server: Any = create_server(app, map={}, host=HOST, port=0, threads=threads)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server.effective_port
    finally:
        server.task_dispatcher.shutdown()
        with suppress(OSError):  # the server's thread may have closed it already
            server.trigger.pull_trigger(server.close)
        thread.join()


def get(port: int, path: str = "/") -> str:
    """Send one request over a new connection; return the response body."""
    with closing(http.client.HTTPConnection(HOST, port, timeout=30)) as connection:
        connection.request("GET", path)
        return connection.getresponse().read().decode()
