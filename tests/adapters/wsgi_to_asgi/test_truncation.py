"""Truncated bodies: RFC 9112, section 8; disconnects during an upload."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse

import pytest

from tests.adapters.wsgi_to_asgi.apps import Environ, Reading
from tests.adapters.wsgi_to_asgi.exchange import Exchange
from tests.adapters.wsgi_to_asgi.serving import STALL, Gate, Serve, poll, scope_of
from tests.adapters.wsgi_to_asgi.test_upload import CHUNKED, MIB, announcing


def truncated(
    serve: Serve, sent: int, announced: int, read: Any, headers: Any = None
) -> tuple[Reading, Exchange, Gate]:
    """An app whose client disconnects during the body."""
    called = serve.gate("the app to be called")

    def note(stream: Any) -> Any:
        called.open()
        return read(stream)

    app = Reading(note)
    exchange = serve(app, "POST", body=STALL, headers=headers or announcing(announced))
    for start in range(0, sent, 65536):
        exchange.feed(b"x" * min(65536, sent - start))
    return app, exchange, called


READS = {
    "read": lambda stream: stream.read(),
    "sizes": lambda stream: list(iter(lambda: stream.read(8192), b"")),
    "readline": lambda stream: stream.readline(),
    "readlines": lambda stream: stream.readlines(),
    "iteration": list,
}


@pytest.mark.parametrize("read", READS.values(), ids=READS.keys())
@pytest.mark.parametrize("sent", [5, 500_000])
def test_a_truncated_body_never_looks_complete(serve: Serve, read: Any, sent: int) -> None:
    """RFC 9112, 8: a message is incomplete if fewer octets than its Content-Length were received before the close."""
    app, exchange, called = truncated(serve, sent, 2 * sent, read)
    exchange.leave()
    exchange.wait_end()
    assert isinstance(app.error, OSError) if called.is_open else app.result is None


@pytest.mark.parametrize("read", READS.values(), ids=READS.keys())
@pytest.mark.parametrize("sent", [5, 500_000])
def test_a_disconnect_during_the_body_raises_in_the_app(serve: Serve, read: Any, sent: int) -> None:
    """Ours: the app gets an OSError of a special class, so that it can recognise it and clean up."""
    from gateways.adapters import ClientDisconnected

    app, exchange, _ = truncated(serve, sent, 2 * sent, read)
    exchange.leave()
    exchange.wait_end()
    assert isinstance(app.error, ClientDisconnected)
    assert isinstance(app.error, OSError)


@pytest.mark.parametrize("sent", [5, 500_000], ids=["collected", "streamed"])
@pytest.mark.parametrize("expecting", [False, True], ids=["plain", "expect"])
def test_a_disconnect_during_the_body_is_not_reported_as_an_error(serve: Serve, sent: int, expecting: bool) -> None:
    """Ours: servers log each exception with its traceback; native servers do not log a client that disconnects."""
    headers = [*announcing(2 * sent), *([(b"expect", b"100-continue")] if expecting else [])]

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        return [environ["wsgi.input"].read()]

    adapter = serve.adapt(app)
    exchange = serve.start(adapter, scope_of("POST", headers=headers))
    exchange.feed(b"x" * sent)
    exchange.wait_until(lambda: exchange.taken == sent, "the body to be received")
    serve.loop.settle()
    exchange.leave()
    exchange.wait_end()
    assert exchange.types == []
    stats = adapter.stats()
    assert (stats.errors, stats.disconnects) == (0, 1)


def test_a_disconnect_during_the_body_is_counted_once(serve: Serve) -> None:
    """Ours: with `slow`, a running request is checked every 100 ms."""
    go = serve.gate("the app to continue")

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        go.wait()
        return [environ["wsgi.input"].read()]

    serve.options = {"slow": 60.0}
    adapter = serve.adapt(app)
    exchange = serve.start(adapter, scope_of("POST", headers=announcing(10)))
    exchange.feed(b"x" * 5)
    exchange.leave()
    poll(lambda: adapter.stats().disconnects >= 1, "the disconnect to be counted")
    looks = adapter.stats().oldest
    poll(lambda: adapter.stats().oldest > looks + 0.5, "further checks of the request")
    go.open()
    exchange.wait_end()
    assert adapter.stats().disconnects == 1


def test_a_disconnect_wakes_an_app_that_reads(serve: Serve) -> None:
    """Safety: an app that waits for a body is woken after a disconnect."""
    app, exchange, called = truncated(serve, 500_000, 8 * MIB, READS["read"])
    serve.loop.settle()
    exchange.leave()
    exchange.wait_end()
    assert isinstance(app.error, OSError) if called.is_open else app.result is None


@pytest.mark.parametrize("sent", [5, 500_000])
def test_a_truncated_chunked_body_never_looks_complete(serve: Serve, sent: int) -> None:
    """RFC 9112, 8: a message with chunked coding is incomplete if the last chunk has not been received."""
    app, exchange, _ = truncated(serve, sent, 0, READS["read"], headers=CHUNKED)
    exchange.leave()
    exchange.wait_end()
    assert app.result is None


def test_a_body_shorter_than_the_content_length_never_looks_complete(serve: Serve) -> None:
    """RFC 9112, 8: a message is incomplete if fewer octets than the Content-Length have arrived."""
    app = Reading(READS["read"])
    serve(app, "POST", body=b"hello", headers=announcing(10)).wait_end()
    assert app.result is None


def test_with_expect_continue_a_disconnect_raises_in_the_app(serve: Serve) -> None:
    """Safety: a truncated body never looks complete, even if it is read late."""
    app, exchange, called = truncated(serve, 5, 10, READS["read"], announcing(10, (b"expect", b"100-continue")))
    called.wait()
    exchange.leave()
    exchange.wait_end()
    assert isinstance(app.error, OSError)
