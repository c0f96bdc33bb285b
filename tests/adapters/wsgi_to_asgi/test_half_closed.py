"""Clients that close only their sending side and wait for the response: some servers report this as a disconnect
too.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse

import pytest

from gateways.adapters.concurrency.outbox import LINGER
from tests.adapters.wsgi_to_asgi.apps import Environ, hello
from tests.adapters.wsgi_to_asgi.exchange import Exchange, Message
from tests.adapters.wsgi_to_asgi.serving import Serve, poll, scope_of

HALF_CLOSED: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}, {"type": "http.disconnect"}]


def half_closed(serve: Serve, app: Any) -> Exchange:
    return serve.start(serve.adapt(app), scope_of(), events=list(HALF_CLOSED))


class Late:
    """Starts its response after the reported disconnect."""

    def __init__(self, blocks: Iterable[bytes] | list[bytes]) -> None:
        self._blocks = blocks

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        poll(environ["waitress.client_disconnected"], "the disconnect")
        start_response("200 OK", [])
        return self._blocks


@pytest.mark.parametrize("shape", [list, iter], ids=["list", "iterator"])
def test_a_response_that_had_not_started_is_sent_completely(serve: Serve, shape: Any) -> None:
    """RFC 9112, 9.6: a client may close its sending side and still read; native servers send the response."""
    exchange = half_closed(serve, Late(shape([b"one, ", b"two, ", b"three"])))
    assert exchange.response().body == b"one, two, three"


def test_an_endless_response_still_ends(serve: Serve) -> None:
    """Safety: a client that has really disconnected holds its thread for a moment only."""
    ended = serve.gate("the stream to be closed")

    def blocks() -> Iterator[bytes]:
        try:
            while True:
                yield b"x"
                time.sleep(0.01)
        finally:
            ended.open()

    begun = time.monotonic()
    exchange = half_closed(serve, Late(blocks()))
    ended.wait()
    exchange.wait_end()
    assert time.monotonic() - begun < LINGER + 3


def test_a_request_that_waits_for_a_thread_is_dropped(serve: Serve) -> None:
    """Ours: under overload no thread works for a client that has probably disconnected."""
    go, paths = serve.gate("the thread to be free"), list[str]()

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        paths.append(environ["PATH_INFO"])
        if environ["PATH_INFO"] == "/busy":
            go.wait()
        return hello(environ, start_response)

    busy = serve(app, path="/busy", threads=1)
    poll(lambda: bool(paths), "the thread to be busy")
    gone = serve.start(serve.adapt(app, 1), scope_of(path="/gone"), events=list(HALF_CLOSED))
    gone.wait_until(lambda: gone.received == 2, "the disconnect to be seen")
    serve.loop.settle()
    go.open()
    busy.response()
    gone.wait_end()
    assert paths == ["/busy"]
