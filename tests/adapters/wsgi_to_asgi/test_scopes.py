"""Scopes other than http: ASGI Lifespan 2.0; ASGI WebSocket; ASGI, "Connection Scope"."""

from __future__ import annotations

from typing import Any

import pytest

from tests.adapters.wsgi_to_asgi.apps import Capturing, hello
from tests.adapters.wsgi_to_asgi.loops import PATIENCE, Running
from tests.adapters.wsgi_to_asgi.serving import Serve, poll


class Channel:
    """A scope, its events, and the sent messages."""

    def __init__(self, serve: Serve, adapter: Any, scope: dict[str, Any], *events: str) -> None:
        self.sent: list[dict[str, Any]] = []
        self._events = [{"type": event} for event in events]
        self._loop = serve.loop
        self.running: Running = serve.loop.start(lambda: adapter(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        if self._events:
            return self._events.pop(0)
        await self._loop.event().wait()
        raise AssertionError("an event was set that must never be set")

    async def _send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    def wait_end(self) -> None:
        assert self.running.ended.wait(PATIENCE), f"after {PATIENCE} s the adapter's call has not ended"

    @property
    def types(self) -> list[str]:
        return [message["type"] for message in self.sent]


LIFESPAN: dict[str, Any] = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": {}}
WEBSOCKET: dict[str, Any] = {
    "type": "websocket", "asgi": {"version": "3.0", "spec_version": "2.5"}, "http_version": "1.1", "scheme": "ws",
    "path": "/", "raw_path": b"/", "query_string": b"", "root_path": "", "headers": [], "client": None, "server": None,
    "subprotocols": [],
}  # fmt: skip


def test_lifespan_startup_and_shutdown_are_acknowledged(serve: Serve) -> None:
    """ASGI Lifespan: a server must wait for startup.complete before it serves, for shutdown.complete before it ends."""
    channel = Channel(serve, serve.adapt(hello), LIFESPAN, "lifespan.startup", "lifespan.shutdown")
    channel.wait_end()
    assert channel.running.error is None
    assert channel.types == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_the_lifespan_lasts_until_shutdown(serve: Serve) -> None:
    """ASGI Lifespan: the scope exists for the duration of the event loop; requests are served meanwhile."""
    channel = Channel(serve, serve.adapt(hello), LIFESPAN, "lifespan.startup")
    poll(lambda: channel.types == ["lifespan.startup.complete"], "startup to be answered")
    assert serve(hello).response().body == b"hello"
    serve.loop.settle()
    assert not channel.running.ended.is_set()
    serve.loop.call(channel.running.cancel)
    channel.wait_end()


def test_the_lifespan_does_not_call_the_app(serve: Serve) -> None:
    """PEP 3333: a WSGI app handles only requests."""
    app = Capturing()
    Channel(serve, serve.adapt(app), LIFESPAN, "lifespan.startup", "lifespan.shutdown").wait_end()
    assert app.calls == 0


def test_the_lifespan_can_start_again(serve: Serve) -> None:
    """ASGI Lifespan: one per event loop; test clients start and stop the same app repeatedly."""
    adapter = serve.adapt(hello)
    for _ in range(3):
        channel = Channel(serve, adapter, LIFESPAN, "lifespan.startup", "lifespan.shutdown")
        channel.wait_end()
        assert channel.types == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
        assert serve(hello).response().body == b"hello"


def test_requests_do_not_need_a_lifespan(serve: Serve) -> None:
    """ASGI Lifespan: not every server runs it."""
    assert serve(hello).response().body == b"hello"


def test_a_websocket_is_refused_cleanly(serve: Serve) -> None:
    """ASGI WebSocket: a close in reply to websocket.connect refuses it with a 403; this is not an error."""
    app = Capturing()
    serve.options["websockets"] = 0
    channel = Channel(serve, serve.adapt(app), WEBSOCKET, "websocket.connect")
    channel.wait_end()
    assert channel.running.error is None
    assert channel.types == ["websocket.close"]
    assert app.calls == 0


def test_a_websocket_is_refused_even_if_a_denial_response_is_offered(serve: Serve) -> None:
    """ASGI, Websocket Denial Response: the application may deny with a response; it never accepts."""
    scope = {**WEBSOCKET, "extensions": {"websocket.http.response": {}}}
    channel = Channel(serve, serve.adapt(hello), scope, "websocket.connect")
    channel.wait_end()
    assert channel.running.error is None
    assert channel.types
    assert all(kind == "websocket.close" or kind.startswith("websocket.http.response") for kind in channel.types)


@pytest.mark.parametrize("name", ["telepathy", "http2", ""])
def test_an_unknown_scope_type_is_an_error(serve: Serve, name: str) -> None:
    """ASGI: applications should raise for a scope of a type that they do not understand."""
    app = Capturing()
    channel = Channel(serve, serve.adapt(app), {"type": name, "asgi": {"version": "3.0"}})
    channel.wait_end()
    assert isinstance(channel.running.error, Exception)
    assert (channel.types, app.calls) == ([], 0)
