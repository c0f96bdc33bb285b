"""Servers in threads of this process, for exercises that ask them something.

Knows uvicorn and waitress, the usual ASGI and WSGI server of this project. It must not
know what is asked.
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
    """Serve an ASGI app; the port."""
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
    """Serve a WSGI app in so many threads; the port."""
    # More requests than threads are meant.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    server: Any = create_server(app, map={}, host=HOST, port=0, threads=threads)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server.effective_port
    finally:
        server.task_dispatcher.shutdown()
        with suppress(
            OSError
        ):  # its own thread closes it, perhaps before it has been woken up for that
            server.trigger.pull_trigger(server.close)
        thread.join()


def get(port: int, path: str = "/") -> str:
    """Make one request on a connection of its own; what came back."""
    with closing(http.client.HTTPConnection(HOST, port, timeout=30)) as connection:
        connection.request("GET", path)
        return connection.getresponse().read().decode()
