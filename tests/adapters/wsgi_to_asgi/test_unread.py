"""A disconnect is detected even if the application has not read the upload (ASGI HTTP, "Disconnect")."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse

import pytest

from gateways.adapters.concurrency.inbox import OVERFLOW
from tests.adapters.wsgi_to_asgi.apps import Environ, stream
from tests.adapters.wsgi_to_asgi.exchange import Exchange
from tests.adapters.wsgi_to_asgi.serving import SLOW, STALL, Serve, poll

MIB = 2**20
BLOCK = b"x" * 65536


def upload(serve: Serve, app: Any, size: int, **more: Any) -> Exchange:
    """Start a request whose body has arrived completely at the server."""
    headers = [(b"content-length", b"%d" % size)]
    exchange = serve(app, "POST", body=STALL, headers=headers, **more)
    for _ in range(size // len(BLOCK)):
        exchange.feed(BLOCK)
    return exchange


@pytest.mark.parametrize("size", [MIB // 16, 2 * MIB, 16 * MIB])
def test_a_disconnect_after_an_unread_upload_stops_a_streaming_app(serve: Serve, size: int) -> None:
    """Ours: an endless response ends with a disconnect, for any size of the upload."""
    exchange = upload(serve, stream, size)
    exchange.wait_until(lambda: "body" in exchange.types, "the response to begin")
    exchange.leave()
    exchange.wait_end()


def test_an_app_that_computes_can_detect_a_disconnect_after_an_unread_upload(serve: Serve) -> None:
    """Ours: waitress.client_disconnected, after the response headers have been sent."""
    told = serve.gate("the app to be told")

    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"begun"
        poll(environ["waitress.client_disconnected"], "the client's leaving")
        told.open()

    exchange = upload(serve, app, 4 * MIB)
    exchange.wait_body(b"begun")
    exchange.leave()
    told.wait()


def test_discarded_body_data_always_causes_an_error_on_reading(serve: Serve) -> None:
    """Safety: an application that reads after all gets the beginning, and then an OSError."""
    outcome: list[Any] = []
    size = 8 * MIB

    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"begun"
        go.wait()
        read = 0
        try:
            while block := environ["wsgi.input"].read(65536):
                read += len(block)
        except OSError as error:
            outcome.extend((read, str(error)))

    go = serve.gate("the app to be let go")
    exchange = upload(serve, app, size)
    exchange.wait_until(lambda: exchange.taken == size, "the upload to be received")
    go.open()
    exchange.response()
    assert outcome[0] <= OVERFLOW + len(BLOCK)
    assert "discarded" in outcome[1]


def test_an_app_that_reads_slowly_while_it_responds_loses_no_data(serve: Serve) -> None:
    """Safety: an application that echoes slowly does not ignore its body."""
    size = 2 * MIB

    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [])
        for turn in range(size // len(BLOCK)):
            if turn in range(3, 15, 2):
                time.sleep(
                    0.4
                )  # each wait is shorter than the second that an application has; all waits together are longer
            yield environ["wsgi.input"].read(len(BLOCK))

    exchange = upload(serve, app, size)
    assert len(exchange.response().body) == size


def test_an_app_that_waits_for_a_slow_client_still_gets_the_whole_body(serve: Serve) -> None:
    """Safety: a client that sends everything before it reads gets its whole body back."""
    size = 3 * MIB

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        return iter(lambda: environ["wsgi.input"].read(len(BLOCK)), b"")

    exchange = upload(serve, app, size, plan=SLOW)
    exchange.wait_body(BLOCK)
    time.sleep(1.5)  # longer than the second after which an unread body may be discarded
    assert exchange.taken < size
    exchange.release()
    assert len(exchange.response().body) == size
