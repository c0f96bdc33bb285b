"""WebSocket handshakes on a server that does not expose its connection get a 501 with the reason."""

from __future__ import annotations

from typing import Any

import pytest

from .apps import Journal, Receive, Scope, Send, respond
from .conftest import Bridge
from .harness import Exchange, fetch
from .request import Environ, environ

HANDSHAKE = {
    "HTTP_UPGRADE": "websocket",
    "HTTP_CONNECTION": "Upgrade",
    "HTTP_SEC_WEBSOCKET_KEY": "dGhlIHNhbXBsZSBub25jZQ==",
    "HTTP_SEC_WEBSOCKET_VERSION": "13",
}


@pytest.fixture
def ask(bare: Bridge) -> Any:
    """Send a request to an app for any scope; return the exchange, and the types of the scopes."""

    def send_request(method: str = "GET", **headers: Any) -> tuple[Exchange, list[str]]:
        journal = Journal()

        async def takes_anything(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "lifespan":
                raise NotImplementedError
            journal.note(scope["type"])
            await respond(send)

        return fetch(bare(takes_anything), environ(method, path="/ws", **headers)), journal.entries

    return send_request


def test_a_handshake_gets_a_501_and_never_reaches_the_app(ask: Any) -> None:
    """Ours: a server may ignore Upgrade; 501 means that it does not support it (RFC 9110, 15.6.2).

    426 would ask the client to upgrade, which it just tried; a 404 of the app would blame the path.
    """
    response, scopes = ask(**HANDSHAKE)
    assert response.code == 501
    assert scopes == []


def test_the_response_names_the_missing_feature(ask: Any) -> None:
    """Ours: the reader runs a WSGI server, and must see which servers support it."""
    response, _ = ask(**HANDSHAKE)
    assert b"WebSocket" in response.body
    assert b"WSGI" in response.body
    assert response.values("content-type")[0].startswith("text/plain")
    assert response.values("content-length") == [str(len(response.body))]


@pytest.mark.parametrize(
    "spelling",
    [
        {"HTTP_UPGRADE": "WebSocket", "HTTP_CONNECTION": "upgrade"},
        {"HTTP_CONNECTION": "keep-alive, Upgrade"},
        {"HTTP_UPGRADE": "h2c, websocket"},
    ],
    ids=["case", "connection list", "upgrade list"],
)
def test_a_handshake_is_recognised_in_every_notation(ask: Any, spelling: Environ) -> None:
    """Ours: both headers are lists with case-insensitive names (RFC 9110, 7.6.1 and 7.8)."""
    response, scopes = ask(**(HANDSHAKE | spelling))
    assert response.code == 501
    assert scopes == []


@pytest.mark.parametrize(
    "headers",
    [
        {"HTTP_UPGRADE": "h2c", "HTTP_CONNECTION": "Upgrade"},
        {"HTTP_CONNECTION": "Upgrade"},
        {"HTTP_UPGRADE": "websocket-like", "HTTP_CONNECTION": "Upgrade"},
    ],
    ids=["h2c", "no name", "another name"],
)
def test_any_other_upgrade_is_ignored(ask: Any, headers: Environ) -> None:
    """RFC 9110, 7.8: a server may ignore Upgrade and continue with the current protocol."""
    response, scopes = ask(**headers)
    assert response.code == 200
    assert scopes == ["http"]


def test_a_handshake_with_another_method_is_an_ordinary_request(ask: Any) -> None:
    """RFC 6455, 4.1: the method of a handshake must be GET."""
    response, scopes = ask("POST", **HANDSHAKE)
    assert response.code == 200
    assert scopes == ["http"]
