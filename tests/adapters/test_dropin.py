"""Names and signatures of other packages: their arguments are accepted, and have the equivalent effect."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterable
from typing import Any

import pytest

from gateways.adapters.dropin import ASGIMiddleware, WSGIMiddleware, WsgiToAsgi
from tests.adapters.asgi_to_wsgi.request import environ


def wsgi_app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"one, ", b"two"]


async def asgi_app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        raise RuntimeError("no lifespan here")
    if scope["path"] == "/fails":
        raise ValueError("it fails")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": threading.current_thread().name.encode()})


def ask_asgi(app: Any, headers: Iterable[tuple[bytes, bytes]] = ()) -> list[dict[str, Any]]:
    """Return the messages of the response to one GET."""
    sent: list[dict[str, Any]] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": [*headers]}
    asyncio.run(app(scope, receive, send))
    return sent


def ask_wsgi(app: Any, path: str = "/") -> tuple[str, bytes]:
    """Return the status and the body of the response to one GET."""
    statuses: list[str] = []
    blocks = app(environ(path=path), lambda status, *_: statuses.append(status))
    return statuses[-1], b"".join(blocks)


@pytest.mark.parametrize(
    "app", [WSGIMiddleware(wsgi_app), WSGIMiddleware(wsgi_app, 2, 5), WSGIMiddleware(wsgi_app, workers=3)]
)
def test_wsgi_middleware_takes_the_arguments_of_a2wsgis(app: Any) -> None:
    assert b"".join(message.get("body", b"") for message in ask_asgi(app)) == b"one, two"


def test_wsgi_to_asgi_sends_a_message_for_each_block_as_asgirefs_does() -> None:
    bodies = [message["body"] for message in ask_asgi(WsgiToAsgi(wsgi_app)) if "body" in message]
    assert [body for body in bodies if body] == [b"one, ", b"two"]


@pytest.mark.parametrize(("limit", "status"), [(2, 400), (3, 200), (0, 200)])
def test_wsgi_to_asgi_refuses_a_header_that_is_repeated_too_often(limit: int, status: int) -> None:
    app = WsgiToAsgi(wsgi_app, duplicate_header_limit=limit)
    assert ask_asgi(app, [(b"x-tag", b"1")] * 3)[0]["status"] == status


def test_asgi_middleware_sends_the_500_for_an_app_that_failed() -> None:
    app = ASGIMiddleware(asgi_app, 0.5)
    try:
        assert ask_wsgi(app, "/fails") == ("500 Internal Server Error", b"Server got itself in trouble")
        assert ask_wsgi(app)[0] == "200 OK"
    finally:
        app.close()


def test_asgi_middleware_runs_on_the_given_loop() -> None:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="the caller's")
    thread.start()
    app = ASGIMiddleware(asgi_app, loop=loop)
    try:
        assert ask_wsgi(app) == ("200 OK", b"the caller's")
    finally:
        app.close()
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def test_asgi_middleware_does_not_wait_for_a_loop_that_is_not_running() -> None:
    loop = asyncio.new_event_loop()
    try:
        with pytest.raises(RuntimeError, match="run it in another thread"):
            ASGIMiddleware(asgi_app, loop=loop)._loop()
    finally:
        loop.close()


@pytest.mark.parametrize("closed", [False, True], ids=["stopped", "closed"])
def test_asgi_middleware_does_not_wait_for_a_loop_that_has_ended(
    closed: bool, caplog: pytest.LogCaptureFixture
) -> None:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    app = ASGIMiddleware(asgi_app, loop=loop)
    assert ask_wsgi(app)[0] == "200 OK"
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    if closed:
        loop.close()
    before = time.monotonic()
    app.close()
    assert time.monotonic() - before < 5
    assert "its event loop is not running" in caplog.text
    loop.close()


def test_asgi_middleware_fails_a_request_whose_loop_is_stopped() -> None:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    app = ASGIMiddleware(asgi_app, loop=loop)
    assert ask_wsgi(app)[0] == "200 OK"
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    try:
        assert ask_wsgi(app)[0] == "500 Internal Server Error"
    finally:
        app.close()
        loop.close()
