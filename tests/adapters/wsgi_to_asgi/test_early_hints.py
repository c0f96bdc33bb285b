"""wsgi.early_hints, as Gunicorn names it, over the ASGI extension Early Hints; RFC 8297."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse

import pytest

from tests.adapters.wsgi_to_asgi.apps import Capturing, Environ
from tests.adapters.wsgi_to_asgi.exchange import Exchange
from tests.adapters.wsgi_to_asgi.serving import Serve

OFFERED: dict[str, Any] = {"http.response.early_hint": {}}
STYLE, SCRIPT = "</style.css>; rel=preload; as=style", "</app.js>; rel=preload; as=script"


def hinting(serve: Serve, *hints: list[tuple[str, str]]) -> tuple[Exchange, list[BaseException]]:
    """An app that sends hints before it starts its response, and records their exception."""
    raised: list[BaseException] = []

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        for hint in hints:
            try:
                environ["wsgi.early_hints"](hint)
            except Exception as error:
                raised.append(error)
        start_response("200 OK", [])
        return [b"page"]

    return serve(app, extensions=OFFERED), raised


def links(exchange: Exchange) -> list[list[bytes]]:
    return [list(message["links"]) for message in exchange.sent if message["type"].endswith("early_hint")]


def test_early_hints_are_sent_before_the_response(serve: Serve) -> None:
    """Ours: links is an iterable of link header field values; a 103 precedes the final response (RFC 8297)."""
    exchange, raised = hinting(serve, [("Link", STYLE), ("Link", SCRIPT)])
    assert exchange.response().body == b"page"
    assert exchange.types == ["early_hint", "start", "body"]
    assert (links(exchange), raised) == ([[STYLE.encode(), SCRIPT.encode()]], [])


def test_early_hints_may_be_sent_several_times(serve: Serve) -> None:
    """Ours: the message can be sent multiple times."""
    exchange, raised = hinting(serve, [("Link", STYLE)], [("link", SCRIPT)])
    assert exchange.response().body == b"page"
    assert (links(exchange), raised) == ([[STYLE.encode()], [SCRIPT.encode()]], [])


def test_early_hints_after_the_response_headers_are_not_sent(serve: Serve) -> None:
    """Ours: a 103 precedes the final response (RFC 8297); servers fail if it follows."""

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        yield b"pa"
        environ["wsgi.early_hints"]([("Link", STYLE)])
        yield b"ge"

    exchange = serve(app, extensions=OFFERED)
    assert exchange.response().body == b"page"
    assert links(exchange) == []


def test_early_hints_reach_the_server_while_the_app_computes(serve: Serve) -> None:
    """Ours: a hint that waits for the response is useless."""
    go = serve.gate()

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        environ["wsgi.early_hints"]([("Link", STYLE)])
        go.wait()
        start_response("200 OK", [])
        return [b"page"]

    exchange = serve(app, extensions=OFFERED)
    exchange.wait_until(lambda: exchange.types == ["early_hint"], "the hint")
    go.open()
    assert exchange.response().body == b"page"


@pytest.mark.parametrize("extensions", [{}, {"http.response.pathsend": {}}])
def test_without_the_extension_there_is_no_callable(serve: Serve, extensions: dict[str, Any]) -> None:
    """Ours: the key in the environ shows whether hints are supported."""
    app = Capturing()
    serve(app, extensions=extensions).response()
    assert "wsgi.early_hints" not in app.environ


@pytest.mark.parametrize("value", ["</a>\r\nX-Injected: yes", "</a>\n", "</☃>"])
def test_early_hints_cannot_split_the_response(serve: Serve, value: str) -> None:
    """Ours: a hint is checked like any header."""
    exchange, raised = hinting(serve, [("Link", value)])
    assert exchange.response().body == b"page"
    assert links(exchange) == []
    assert raised


def test_early_hints_to_a_disconnected_client_cause_no_error(serve: Serve) -> None:
    """Safety: hints for a disconnected client are not an error."""
    called, go = serve.gate("the app to be called"), serve.gate()

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        called.open()
        go.wait()
        if "wsgi.early_hints" in environ:
            environ["wsgi.early_hints"]([("Link", STYLE)])
        start_response("200 OK", [])
        return [b"page"]

    exchange = serve(app, extensions=OFFERED, threads=1)
    called.wait()
    exchange.leave()
    go.open()
    exchange.wait_end()
    assert serve(app, threads=1).response().body == b"page"
