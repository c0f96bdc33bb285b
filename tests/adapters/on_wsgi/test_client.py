"""A client that has left, told by its socket, wherever a server keeps it."""

from __future__ import annotations

import io
import socket
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from gateways.adapters.on_wsgi.client import descriptor, has_left

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture(params=[socket.AF_INET, socket.AF_UNIX], ids=["TCP", "Unix"])
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    """A client, and its connection as the server has it."""
    if request.param == socket.AF_UNIX:
        client, connection = socket.socketpair()
    else:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            client = socket.create_connection(listener.getsockname())
            connection, _ = listener.accept()
    with client, connection:
        yield client, connection


class Channel:
    """As waitress's is: its method is in the environ."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection

    def check_client_disconnected(self) -> bool:
        """What waitress can tell only with channel_request_lookahead."""
        return False


SHOWN: dict[str, Callable[[socket.socket], dict[str, Any]]] = {
    "gunicorn": lambda connection: {"gunicorn.socket": connection},
    "werkzeug": lambda connection: {"werkzeug.socket": connection},
    "waitress": lambda connection: {"waitress.client_disconnected": Channel(connection).check_client_disconnected},
    "wsgiref": lambda connection: {"wsgi.input": connection.makefile("rb")},
    "cheroot": lambda connection: {"wsgi.input": SimpleNamespace(rfile=connection.makefile("rb"))},
}


@pytest.mark.parametrize("server", SHOWN)
def test_a_client_is_there_until_it_closes_its_side(pair: Pair, server: str) -> None:
    client, connection = pair
    environ = SHOWN[server](connection)
    assert descriptor(environ) == connection.fileno()
    assert not has_left(environ)
    client.sendall(b"GET /next HTTP/1.1\r\n")
    assert not has_left(environ)
    connection.recv(100)
    assert not has_left(environ)
    client.close()
    assert has_left(environ)


def test_what_came_before_the_end_is_still_a_clients(pair: Pair) -> None:
    client, connection = pair
    client.sendall(b"GET /next HTTP/1.1\r\n")
    client.close()
    environ = SHOWN["gunicorn"](connection)
    assert not has_left(environ)
    connection.recv(100)
    assert has_left(environ)


@pytest.mark.parametrize("source", [io.BytesIO(b"body"), None, SimpleNamespace(rfile=None)])
def test_a_server_that_shows_no_socket_tells_nothing(source: Any) -> None:
    environ = {"wsgi.input": source}
    assert descriptor(environ) == -1
    assert not has_left(environ)


def test_a_file_is_no_socket(tmp_path: Any) -> None:
    with (tmp_path / "body").open("w+b") as file:
        assert descriptor({"wsgi.input": file}) == -1


def test_a_function_that_the_server_offers_is_asked_where_it_shows_no_socket() -> None:
    assert has_left({"waitress.client_disconnected": lambda: True})
    assert not has_left({"waitress.client_disconnected": lambda: False})


def test_a_connection_that_is_closed_on_this_side_shows_none(pair: Pair) -> None:
    _, connection = pair
    environ = SHOWN["gunicorn"](connection)
    connection.close()
    assert descriptor(environ) == -1
