"""Frameworks and libraries with their own WebSockets, through both adapters."""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from tests.real.serving import Running, serve
from tests.real.websocket_servers import serving

LIBRARIES = "tests.real.apps.websocket_libraries"
FRAMEWORKS = "tests.real.apps.websocket_frameworks"


def echoed(server: Running, *texts: str) -> list[str | bytes]:
    """Return the echo of /ws."""
    received = []
    with connect(f"ws://{server.host}:{server.port}/ws", open_timeout=30) as websocket:
        for text in texts:
            websocket.send(text)
            received.append(websocket.recv(timeout=30))
    return received


@contextlib.contextmanager
def talking(server: Running, transports: list[str]) -> Iterator[Any]:
    """A Socket.IO client."""
    import socketio  # takes long to import

    client = socketio.Client(request_timeout=30)
    client.connect(server.url, transports=transports, wait_timeout=30)
    try:
        yield client
    finally:
        client.disconnect()


def test_django_with_simple_websocket_works_on_uvicorn() -> None:
    with serve(f"{LIBRARIES}:django", "uvicorn") as server:
        assert echoed(server, "one", "two") == ["one", "two"]
        assert httpx.get(server.url, trust_env=False).text == "plain"


@pytest.mark.parametrize("transports", [["websocket"], ["polling", "websocket"]], ids=["direct", "upgraded"])
def test_flask_socketio_works_on_uvicorn(transports: list[str]) -> None:
    said: queue.SimpleQueue[Any] = queue.SimpleQueue()
    with serve(f"{LIBRARIES}:flask_socketio", "uvicorn") as server, talking(server, transports) as client:
        client.on("said", said.put)
        client.emit("say", "hello")
        assert said.get(timeout=30) == "HELLO"
        assert client.transport() == "websocket" or transports[0] == "polling"


def test_python_socketio_in_threads_works_on_hypercorn() -> None:
    with serve(f"{LIBRARIES}:python_socketio", "hypercorn") as server, talking(server, ["websocket"]) as client:
        assert client.call("say", "hello", timeout=30) == "HELLO"


@pytest.mark.parametrize("framework", ["starlette", "litestar", "quart"])
@pytest.mark.parametrize("name", ["gunicorn sync", "waitress"])
def test_asgi_frameworks_work_on_wsgi_servers(framework: str, name: str) -> None:
    with serving(name, app=f"{FRAMEWORKS}:{framework}") as server:
        assert echoed(server, "one", "two") == ["one", "two"]


def test_python_socketios_async_server_works_on_gunicorn() -> None:
    with serving("gunicorn gthread", app=f"{FRAMEWORKS}:socket_io") as server, talking(server, ["websocket"]) as client:
        assert client.call("say", "hello", timeout=30) == "HELLO"
