"""A WSGI application that sends faster than the server leaves the event loop time for other requests."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any
from wsgiref.types import StartResponse

from tests.adapters.wsgi_to_asgi.apps import Environ
from tests.adapters.wsgi_to_asgi.conftest import kind, loop, serve  # noqa: F401 - fixtures
from tests.adapters.wsgi_to_asgi.exchange import Message
from tests.adapters.wsgi_to_asgi.loops import PATIENCE
from tests.adapters.wsgi_to_asgi.serving import Serve, events_of, scope_of


class Fast:
    """Streams blocks of one byte. It lets the caller wait until the app is ahead."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._queued = self._sent = 0
        self._stopped = False

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"x"
        while not self._stopped:  # here the previous block has been queued
            with self._changed:
                self._queued += 1
                self._changed.notify_all()
            yield b"x"

    def wait_for_more(self, sent: int) -> None:
        """Block the calling thread until a block is queued that has not been sent."""
        with self._changed:
            self._sent += sent
            assert self._changed.wait_for(lambda: self._queued > self._sent or self._stopped, PATIENCE)

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()


def test_an_app_that_is_always_faster_than_the_server_does_not_block_the_loop(serve: Serve) -> None:  # noqa: F811
    """If send() does not wait, as with a fast client, the loop still serves others and detects a disconnect."""
    adapter = serve.adapt(app := Fast())

    async def sending(scope: Any, receive: Any, send: Any) -> None:
        async def slower(message: Message) -> None:
            await send(message)
            app.wait_for_more(len(message.get("body", b"")))

        await adapter(scope, receive, slower)

    exchange = serve.start(sending, scope_of(), None, events_of([b""]))
    try:
        exchange.wait_body(b"x" * 100)
        exchange.leave()
        exchange.wait_end()
    finally:
        app.stop()
        exchange.wait_end()
