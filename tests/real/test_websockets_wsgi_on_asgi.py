"""A Flask app's WebSockets (flask-sock) on each ASGI server, with real clients: the results are the same as
natively.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.real.serving import Running, serve
from tests.real.websocket_checks import CHECKS, EARLY

FLASK = "tests.real.apps.websocket_flask:app"
SERVERS = {
    "uvicorn, websockets": ("uvicorn", "--ws", "websockets", "--loop", "uvloop"),
    "uvicorn, sans-io": ("uvicorn", "--ws", "websockets-sansio", "--loop", "asyncio"),
    "uvicorn, wsproto": ("uvicorn", "--ws", "wsproto", "--loop", "asyncio"),
    "hypercorn": ("hypercorn",),
    "hypercorn, trio": ("hypercorn", "--worker-class", "trio"),
    "granian": ("granian-asgi",),
    "daphne": ("daphne",),
}
_NO_REASON = "the client's close code and reason"  # these servers do not pass the reason on
MISSING: dict[str, set[str]] = {
    "hypercorn": {_NO_REASON},
    "hypercorn, trio": {_NO_REASON},
    "granian": {_NO_REASON},
    "daphne": {
        *(_NO_REASON, "text and bytes", "messages of 3 MB", "the app's close code and reason"),
        *("denial with its own response", "error before accept is a 500", "slow reader of 20 MB"),
    },
}
"""Limits of a server itself. They also apply natively, with one exception: daphne has no denial response, so a WSGI
app's own 500 cannot be sent. It drops empty messages, large ones and close codes, and buffers in memory what a slow
client does not read."""


@pytest.fixture(scope="module", params=SERVERS)
def named(request: pytest.FixtureRequest) -> Iterator[tuple[str, Running]]:
    server, *options = SERVERS[request.param]
    with serve(FLASK, server, *options) as running:
        yield request.param, running


# EARLY: RFC 6455 (4.1) forbids such bytes, and the socket is the server's.
@pytest.mark.parametrize("check", [check for check in CHECKS if check != EARLY])
def test_each_server_meets_the_guarantees_of_flask_sock(named: tuple[str, Running], check: str) -> None:
    name, server = named
    if check not in MISSING.get(name, ()):
        CHECKS[check](server)
