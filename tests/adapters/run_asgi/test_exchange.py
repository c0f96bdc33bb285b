"""The end of a response without content (HEAD, 204, 304), when the app sends a body anyway."""

from __future__ import annotations

import logging

import pytest

from gateways.adapters import ASGIToWSGI
from tests.adapters.asgi_to_wsgi.apps import Receive, Scope, Send, start
from tests.adapters.asgi_to_wsgi.harness import fetch
from tests.adapters.asgi_to_wsgi.request import environ


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_headers_without_a_body_message_are_sent_if_the_response_has_no_content(
    method: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Lilya responds to HEAD in this way; uvicorn sends the headers, and logs the missing message."""

    async def starts_only(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start(status, [(b"etag", b'"1"')]))

    app = ASGIToWSGI(starts_only)
    with caplog.at_level(logging.ERROR, "gateways.asgi"):
        exchange = fetch(app, environ(method=method))
        app.close()
    assert (exchange.code, exchange.body, exchange.own_headers()) == (status, b"", [("etag", '"1"')])
    assert "returned before its response was complete" in caplog.text
