"""The app of the WSGI lane is the WSGI reference app, except for WebSocket handshakes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gateways.adapters import ASGIToWSGI
from gateways.asgi.app import app as asgi_app
from gateways.demo.lane import app
from tests.adapters.asgi_to_wsgi.harness import fetch
from tests.adapters.asgi_to_wsgi.request import environ
from tests.adapters.asgi_to_wsgi.sockets import HANDSHAKE, connected


@pytest.fixture(autouse=True)
def sockets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Replace the lane's adapter by an adapter that is closed after the test."""
    adapter = ASGIToWSGI(asgi_app)
    monkeypatch.setattr("gateways.demo.lane.sockets", adapter)
    yield
    adapter.close()


def test_a_plain_request_is_served_by_the_wsgi_app() -> None:
    assert fetch(app, environ(path="/hello")).body == b"Hello, world!\n"
    refused = fetch(app, environ(path="/ws"))
    assert refused.code == 501
    assert refused.body.startswith(b"A WebSocket sends messages in both directions until one side closes it; a WSGI")


def test_a_handshake_reaches_the_asgi_app_if_the_server_exposes_its_socket() -> None:
    with connected(app) as client:
        client.send("hello")
        assert client.message() == "hello"
        client.close()
        assert client.closed()[0] == 1000


def test_a_handshake_on_another_server_gets_a_501_that_names_suitable_servers() -> None:
    handshake: dict[str, Any] = dict(HANDSHAKE)
    refused = fetch(app, environ(path="/ws", **handshake))
    assert refused.code == 501
    assert b"gunicorn" in refused.body
