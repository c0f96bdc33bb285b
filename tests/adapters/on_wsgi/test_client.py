"""Detect a disconnect from the socket, for each place where a server exposes it."""

from __future__ import annotations

import contextlib
import io
import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from waitress.channel import ClientDisconnected as WaitressClientDisconnected
from waitress.channel import HTTPChannel

from gateways.adapters import ASGIToWSGI, ClientDisconnected
from gateways.adapters.asgi_types import Receive, Scope, Send
from gateways.adapters.on_wsgi.client import Client, descriptor
from tests.adapters.asgi_to_wsgi.harness import Exchange
from tests.adapters.asgi_to_wsgi.patience import eventually
from tests.adapters.asgi_to_wsgi.request import environ

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture(params=[socket.AF_INET, socket.AF_UNIX], ids=["TCP", "Unix"])
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    """A client, and the server's end of its connection."""
    if request.param == socket.AF_UNIX:
        client, connection = socket.socketpair()
    else:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            client = socket.create_connection(listener.getsockname())
            connection, _ = listener.accept()
    with client, connection:
        yield client, connection


class Channel:
    """A connection like waitress's, with a method in the environ."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection

    def check_client_disconnected(self) -> bool:
        """Called by waitress's environ; waitress can detect a disconnect only with channel_request_lookahead."""
        return False


SHOWN: dict[str, Callable[[socket.socket], dict[str, Any]]] = {
    "gunicorn": lambda connection: {"gunicorn.socket": connection},
    "werkzeug": lambda connection: {"werkzeug.socket": connection},
    "waitress": lambda connection: {"waitress.client_disconnected": Channel(connection).check_client_disconnected},
    "wsgiref": lambda connection: {"wsgi.input": connection.makefile("rb")},
    "cheroot": lambda connection: {"wsgi.input": SimpleNamespace(rfile=connection.makefile("rb"))},
}


def has_left(environ: dict[str, Any]) -> bool:
    """Check once, with a new Client, which does not remember where the socket is."""
    return Client(environ).has_left()


def reset(client: socket.socket) -> None:
    """Disconnect with a reset, as after a crash or with unread data."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


@pytest.mark.parametrize("server", SHOWN)
def test_a_client_is_connected_until_its_connection_is_reset(pair: Pair, server: str) -> None:
    client, connection = pair
    environ = SHOWN[server](connection)
    asked = Client(environ)
    assert descriptor(environ) == connection.fileno()
    assert not asked.has_left()
    client.sendall(b"GET /next HTTP/1.1\r\n")
    assert not asked.has_left()
    connection.recv(100)
    assert not asked.has_left()
    reset(client)
    assert asked.has_left()
    assert has_left(environ)


def test_the_descriptor_of_a_closed_connection_is_not_checked_again() -> None:
    """The server may close the socket while the application still runs; the next connection gets its number."""
    client, connection = socket.socketpair()
    other_client, other = socket.socketpair()
    with client, other:
        asked = Client(SHOWN["gunicorn"](connection))
        assert not asked.has_left()
        number = connection.fileno()
        connection.close()
        os.dup2(other.fileno(), number)
        try:
            reset(other_client)
            assert has_left(SHOWN["gunicorn"](other))
            assert not asked.has_left()
        finally:
            os.close(number)


def test_a_connection_that_the_server_replaces_is_found_again(pair: Pair) -> None:
    client, connection = pair
    channel = Channel(connection)
    asked = Client({"waitress.client_disconnected": channel.check_client_disconnected})
    assert not asked.has_left()
    channel.socket = connection.dup()
    connection.close()
    assert not asked.has_left()
    reset(client)
    with channel.socket:
        assert asked.has_left()


def test_a_client_that_has_shut_down_its_sending_side_is_still_connected(pair: Pair) -> None:
    """RFC 9112, 9.6: the client waits for the response."""
    client, connection = pair
    client.shutdown(socket.SHUT_WR)
    environ = SHOWN["gunicorn"](connection)
    assert not has_left(environ)
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    assert not has_left(environ)
    assert client.recv(100)


def test_a_client_that_has_shut_down_its_sending_side_is_probed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        connection, _ = listener.accept()
    with client, connection:
        environ = SHOWN["gunicorn"](connection)
        assert not has_left(environ)
        assert not connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        client.shutdown(socket.SHUT_WR)
        assert not has_left(environ)
        assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert connection.gettimeout() is None


def test_a_closed_connection_is_detected_once_data_is_sent_to_it(pair: Pair) -> None:
    client, connection = pair
    client.close()
    environ = SHOWN["gunicorn"](connection)
    with contextlib.suppress(OSError):
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
    eventually("the reset", lambda: has_left(environ))


def test_a_failed_probe_is_not_a_disconnect() -> None:
    def fails() -> bool:
        raise AttributeError("module 'select' has no attribute 'poll'")

    assert not has_left({"waitress.client_disconnected": fails})


def test_it_works_without_poll_in_the_select_module() -> None:
    """Eventlet's monkey patching does."""
    program = """
import select, socket, struct
del select.poll
from tests.adapters.asgi_to_wsgi.patience import eventually
from tests.adapters.asgi_to_wsgi.request import environ
from gateways.adapters.on_wsgi.client import Client
client, connection = socket.socketpair()
asked = Client({"gunicorn.socket": connection})
assert not asked.has_left()
client.close()
assert asked.has_left()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("source", [io.BytesIO(b"body"), None, SimpleNamespace(rfile=None)])
def test_a_server_that_exposes_no_socket_reports_no_disconnect(source: Any) -> None:
    environ = {"wsgi.input": source}
    assert descriptor(environ) == -1
    assert not has_left(environ)


def test_a_file_is_not_used_as_a_socket(tmp_path: Any) -> None:
    with (tmp_path / "body").open("w+b") as file:
        assert descriptor({"wsgi.input": file}) == -1


def test_without_a_socket_the_servers_own_callable_is_used() -> None:
    assert has_left({"waitress.client_disconnected": lambda: True})
    assert not has_left({"waitress.client_disconnected": lambda: False})


def test_a_connection_that_is_closed_on_this_side_has_no_descriptor(pair: Pair) -> None:
    _, connection = pair
    environ = SHOWN["gunicorn"](connection)
    connection.close()
    assert descriptor(environ) == -1


@pytest.mark.parametrize("headers_first", [True, False])
def test_waitress_gets_its_own_exception_for_a_client_that_has_disconnected(headers_first: bool) -> None:
    """Waitress logs any other exception as an error of the application, with its traceback."""

    async def waits_for_the_disconnect(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return
        await receive()
        if headers_first:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"first", "more_body": True})
        served.connected = False  # waitress sets it
        assert (await receive())["type"] == "http.disconnect"

    served = HTTPChannel.__new__(HTTPChannel)
    served.connected = True
    app = ASGIToWSGI(waits_for_the_disconnect)
    given = environ(waitress_client_disconnected=served.check_client_disconnected)
    with Exchange(app, given) as exchange, pytest.raises(WaitressClientDisconnected):
        exchange.run()
    app.close()


def test_a_server_without_an_exception_for_disconnects_gets_an_oserror() -> None:
    for given in (
        {},
        {"waitress.client_disconnected": bool},
        {"waitress.client_disconnected": threading.Event().is_set},
    ):
        assert isinstance(Client(given).disconnect_error(), ClientDisconnected)
