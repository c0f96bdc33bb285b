"""Bodies that no header announces: behind decompressing middleware, in Lambda adapters, in test clients (ASGI HTTP)."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse

import pytest

from tests.adapters.wsgi_to_asgi.apps import Environ, Reading, echo, hello
from tests.adapters.wsgi_to_asgi.serving import STALL, Serve, scope_of

JSON = [(b"content-type", b"application/json")]
PIECES = [b'{"a"', b": 1}", b""]


@pytest.mark.parametrize(
    ("method", "headers"),
    [("POST", []), ("PUT", []), ("PATCH", JSON), ("DELETE", JSON), ("GET", JSON), ("PROPFIND", JSON)],
)
@pytest.mark.parametrize("pieces", [[b'{"a": 1}'], PIECES], ids=["whole", "in pieces"])
def test_the_body_is_what_receive_returns(serve: Serve, method: str, headers: list[Any], pieces: list[bytes]) -> None:
    """ASGI, Request: the body is in the messages; it gets a length, because Django and others need one."""
    app = Reading(lambda stream: stream.read())
    serve(app, method, body=pieces, headers=headers).response()
    assert (app.result, app.environ["CONTENT_LENGTH"]) == (b'{"a": 1}', "8")


@pytest.mark.parametrize("method", ["GET", "DELETE", "OPTIONS", "PROPFIND"])
@pytest.mark.parametrize("pieces", [[b'{"a": 1}'], PIECES, [b"x" * 70_000] * 20], ids=["whole", "in pieces", "large"])
def test_an_unannounced_body_is_available_when_the_app_reads(serve: Serve, method: str, pieces: list[bytes]) -> None:
    """ASGI, Request: even if no header hints at a body; wsgi.input_terminated shows that reading is safe."""
    app = Reading(lambda stream: stream.read())
    serve(app, method, body=pieces, headers=[]).response()
    assert (app.result, app.environ["wsgi.input_terminated"]) == (b"".join(pieces), True)


def test_an_unannounced_body_can_be_read_late(serve: Serve) -> None:
    """Safety: the listener for disconnects receives the body, and must keep it."""
    go = serve.gate("the app to be let go")

    def read(stream: Any) -> tuple[bytes, bytes, list[bytes]]:
        go.wait()
        return stream.readline(), stream.read(3), list(stream)

    app = Reading(read)
    exchange = serve(app, body=[b"one\ntwo\n", b"three"], headers=[])
    exchange.wait_until(lambda: exchange.received > 1, "the adapter to watch its client")
    go.open()
    exchange.response()
    assert app.result == (b"one\n", b"two", [b"\n", b"three"])


def test_an_app_that_does_not_read_does_not_wait(serve: Serve) -> None:
    """Safety: a POST without a body, announced only by its headers, has one empty message."""
    assert serve(hello, "POST", headers=[]).response().body == b"hello"
    assert serve(hello, "GET", body=STALL, headers=[]).response().body == b"hello"


def test_a_request_is_served_even_if_its_client_disconnects_at_once(serve: Serve) -> None:
    """Ours: a beacon's client disconnects at once; native servers still call the application."""
    ran = threading.Event()

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        assert environ["wsgi.input"].read() == b""
        ran.set()
        return hello(environ, start_response)

    exchange = serve.start(serve.adapt(app), scope_of("POST"), events=[{"type": "http.disconnect"}])
    exchange.response()
    assert ran.is_set()


class Gunzip:
    """Typical ASGI middleware: decompresses the body, and removes headers that are no longer correct."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = [pair for pair in scope["headers"] if pair[0] not in (b"content-length", b"content-encoding")]
        packed = b""
        while True:
            message = await receive()
            packed += message.get("body", b"")
            if not message.get("more_body"):
                break
        messages = [{"type": "http.request", "body": gzip.decompress(packed)}]

        async def unpacked() -> Any:
            return messages.pop() if messages else await receive()

        await self._app({**scope, "headers": headers}, unpacked, send)


def test_a_body_that_middleware_decompresses_is_complete(serve: Serve) -> None:
    """Ours: behind middleware, an application gets the same as an ASGI application."""
    body = b"0123456789" * 10_000
    packed = gzip.compress(body)
    headers = [(b"content-encoding", b"gzip"), (b"content-length", b"%d" % len(packed))]
    messages = [{"type": "http.request", "body": packed, "more_body": False}]
    exchange = serve.start(Gunzip(serve.adapt(echo)), scope_of("POST", "/", headers), events=messages)
    assert exchange.response().body == body


def test_an_unannounced_form_reaches_flask(serve: Serve) -> None:
    """Ours: Werkzeug checks wsgi.input_terminated; test_frameworks.py covers frameworks that need a CONTENT_LENGTH."""
    flask = pytest.importorskip("flask")
    app = flask.Flask("forms")

    @app.post("/")  # type: ignore[untyped-decorator]
    def form() -> str:
        return f"{flask.request.form['a']} {flask.request.form['b']}"

    headers = [(b"host", b"localhost"), (b"content-type", b"application/x-www-form-urlencoded")]
    assert serve(app.wsgi_app, "POST", body=[b"a=1&", b"b=2"], headers=headers).response().body == b"1 2"
