"""The write() callable: PEP 3333, "The write() Callable"."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse

import pytest

from tests.adapters.wsgi_to_asgi.apps import Environ, Result
from tests.adapters.wsgi_to_asgi.serving import LIMIT, SLOW, Serve, level


def test_write_sends_immediately(serve: Serve) -> None:
    """PEP 3333: before write() returns, it must guarantee that the bytestring is sent, or being transmitted."""
    go = serve.gate()

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        write = start_response("200 OK", [])
        write(b"one")
        go.wait()
        write(b"two")
        return []

    exchange = serve(app)
    exchange.wait_body(b"one")
    go.open()
    assert exchange.response().body == b"onetwo"


def test_yielded_blocks_follow_written_blocks(serve: Serve) -> None:
    """PEP 3333: bytestrings yielded by the iterable are transmitted after all bytestrings passed to write()."""

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        write = start_response("200 OK", [])
        write(b"one ")
        write(b"two ")
        return [b"three ", b"four"]

    assert serve(app).response().body == b"one two three four"


@pytest.mark.parametrize("result", [[], [b""], iter(())])
def test_the_whole_body_may_be_written_with_write(serve: Serve, result: Any) -> None:
    """PEP 3333: the returned iterable may be empty, if write() produced all of the body."""

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])(b"all")
        return result  # type: ignore[no-any-return]

    assert serve(app).response().body == b"all"


def test_write_may_be_called_within_the_iterable(serve: Serve) -> None:
    """PEP 3333: applications must not, but some do; the order of their calls is the order of the body."""

    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        write = start_response("200 OK", [])
        write(b"one ")
        yield b"two "
        write(b"three ")
        yield b"four"

    assert serve(app).response().body == b"one two three four"


def test_writing_nothing_does_not_end_the_response(serve: Serve) -> None:
    """PEP 3333: write() treats its bytestring exactly as though it had been yielded."""

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        write = start_response("200 OK", [])
        write(b"")
        write(b"one")
        write(b"")
        return [b"two"]

    assert serve(app).response().body == b"onetwo"


@pytest.mark.parametrize("data", ["text", None, 5, [b"x"]])
def test_writing_a_value_that_is_not_bytes_is_an_error(serve: Serve, data: Any) -> None:
    """PEP 3333: values passed to write() must be of type bytes."""
    raised: list[bool] = []

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        write = start_response("200 OK", [])
        try:
            write(data)
        except Exception:
            raised.append(True)
            raise
        return []

    serve(app).wait_end()
    assert raised


@pytest.mark.parametrize("first", [b"begun", b""], ids=["block", "empty"])
def test_the_first_write_sends_the_response_headers(serve: Serve, first: bytes) -> None:
    """PEP 3333: headers are transmitted upon the first invocation of write(); from then on, exc_info re-raises."""
    boom = ValueError("boom")

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])(first)
        try:
            raise boom
        except ValueError:
            start_response("500 Oops", [], sys.exc_info())
        return [b"never"]

    exchange = serve(app)
    assert exchange.error() is boom
    assert not exchange.complete


def test_writing_past_the_content_length_is_an_error(serve: Serve) -> None:
    """PEP 3333: raise an error if the application tries to write() past the Content-Length."""
    raised: list[bool] = []

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        write = start_response("200 OK", [("Content-Length", "5")])
        write(b"hello")
        try:
            write(b"more")
        except Exception:
            raised.append(True)
            raise
        return []

    exchange = serve(app)
    exchange.wait_end()
    assert raised
    assert len(exchange.body) <= 5


def test_an_app_that_writes_faster_than_the_client_reads_has_to_wait(serve: Serve) -> None:
    """Safety: bytes in flight are bounded; a slow client stalls the app, not the memory."""
    written = [0]

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        write = start_response("200 OK", [])
        for _ in range(256):
            write(b"x" * 65536)
            written[0] += 65536
        return []

    exchange = serve(app, plan=SLOW)
    assert level(lambda: written[0] - len(exchange.body), LIMIT) <= LIMIT
    exchange.release()
    assert len(exchange.response().body) == 256 * 65536


def test_writing_to_a_disconnected_client_raises(serve: Serve) -> None:
    """Safety: only write() can tell an app that never returns that its client has disconnected."""
    raised = serve.gate("write() to raise")

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        write = start_response("200 OK", [])
        try:
            while True:
                write(b"x" * 1024)
        except OSError:
            raised.open()
            raise

    exchange = serve(app)
    exchange.wait_body(b"x")
    exchange.leave()
    raised.wait()
    exchange.wait_end()


def test_close_is_called_after_a_response_that_was_written(serve: Serve) -> None:
    """PEP 3333: if the iterable has a close() method, it must be called upon completion of the request."""
    result = Result([])

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])(b"all")
        return result

    serve(app).response()
    assert result.closes == 1
