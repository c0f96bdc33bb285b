"""When headers may be set, replaced and sent: PEP 3333, "The start_response() Callable", "Error Handling"."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse

import pytest

from tests.adapters.wsgi_to_asgi.apps import PLAIN, Environ, Starting
from tests.adapters.wsgi_to_asgi.serving import Serve


class BoomError(Exception):
    """An app's own error."""


def test_nothing_is_sent_before_the_first_block(serve: Serve) -> None:
    """PEP 3333: start_response must not transmit the headers, but store them until there is body data."""
    started, go = serve.gate("the response to be started"), serve.gate()

    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", list(PLAIN))
        started.open()
        go.wait()
        yield b"x"

    exchange = serve(app)
    started.wait()
    serve.loop.settle()
    assert exchange.sent == []
    go.open()
    assert exchange.response().body == b"x"


def test_empty_blocks_do_not_send_the_response_headers(serve: Serve) -> None:
    """PEP 3333: headers are sent only after the first iteration that yields a non-empty bytestring."""
    yielded, go = serve.gate("the empty blocks to be taken"), serve.gate()

    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", list(PLAIN))
        yield b""
        yield b""
        yielded.open()
        go.wait()
        start_response("500 Changed", [], (BoomError, BoomError(), None))  # type: ignore[arg-type]
        yield b"changed"

    exchange = serve(app)
    yielded.wait()
    serve.loop.settle()
    assert exchange.sent == []
    go.open()
    assert (exchange.response().status, exchange.response().body) == (500, b"changed")


@pytest.mark.parametrize("blocks", [[], [b""], [b"", b""], (), iter(())])
def test_the_response_headers_are_sent_when_the_iterable_is_exhausted(serve: Serve, blocks: Any) -> None:
    """PEP 3333: headers must not be sent until there is body data, or until the iterable is exhausted."""
    response = serve(Starting(lambda start: start("404 Not Found", list(PLAIN)), blocks)).response()
    assert (response.status, response.body) == (404, b"")
    assert response.values(b"content-type") == [b"text/plain"]


def test_start_response_may_be_called_by_the_first_iteration(serve: Serve) -> None:
    """PEP 3333: servers must not assume that start_response() was called before they begin iterating."""

    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("201 Created", list(PLAIN))
        yield b"late"

    response = serve(app).response()
    assert (response.status, response.body) == (201, b"late")


@pytest.mark.parametrize("blocks", [[], [b"x"], [b"", b"x"], iter([b"x"]), [b""]])
def test_a_response_that_was_never_started_is_an_error(serve: Serve, blocks: Any) -> None:
    """PEP 3333: the application must invoke start_response() before its first body bytestring."""
    exchange = serve(lambda environ, start_response: blocks)
    assert isinstance(exchange.error(), Exception)
    assert exchange.sent == []


def test_a_second_call_without_exc_info_is_an_error(serve: Serve) -> None:
    """PEP 3333: it is a fatal error to call start_response without exc_info if it has already been called."""
    app = Starting(lambda start: (start("200 OK", []), start("201 Created", [])))
    exchange = serve(app)
    exchange.wait_end()
    assert isinstance(app.error, Exception)
    assert exchange.sent == []


def test_a_second_call_is_an_error_even_after_a_failed_first_one(serve: Serve) -> None:
    """PEP 3333: this includes the case where the first call to start_response raised an error."""
    second: list[BaseException] = []

    def start(start_response: StartResponse) -> None:
        with contextlib.suppress(Exception):
            start_response("not a status", [])
        try:
            start_response("200 OK", [])
        except Exception as error:
            second.append(error)
            raise

    exchange = serve(Starting(start))
    exchange.wait_end()
    assert second


def test_a_failed_first_call_can_be_replaced_with_exc_info(serve: Serve) -> None:
    """PEP 3333: if an error occurs in the check, start_response can only be re-called with exc_info set."""

    def start(start_response: StartResponse) -> None:
        try:
            start_response("not a status", [])
        except Exception:
            start_response("500 Oops", list(PLAIN), sys.exc_info())

    response = serve(Starting(start, [b"sorry"])).response()
    assert (response.status, response.body) == (500, b"sorry")


def test_exc_info_replaces_response_headers_that_are_not_sent_yet(serve: Serve) -> None:
    """PEP 3333: if no headers have been output yet, all stored headers are replaced by the new ones."""

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("X-Old", "1"), ("Content-Length", "3")])
        try:
            raise BoomError
        except BoomError:
            start_response("500 Oops", [("X-New", "2")], sys.exc_info())
        return [b"a longer body"]

    response = serve(app).response()
    assert (response.status, response.body) == (500, b"a longer body")
    assert (response.values(b"x-old"), response.values(b"x-new")) == ([], [b"2"])
    assert response.values(b"content-length") in ([], [b"13"])


def test_exc_info_on_the_first_call_has_no_effect(serve: Serve) -> None:
    """PEP 3333: exc_info is given by error handlers; nothing has been sent, so it returns normally."""

    def start(start_response: StartResponse) -> None:
        try:
            raise BoomError
        except BoomError:
            start_response("500 Oops", [], sys.exc_info())

    response = serve(Starting(start, [b"sorry"])).response()
    assert (response.status, response.body) == (500, b"sorry")


def test_exc_info_may_be_passed_as_none(serve: Serve) -> None:
    """PEP 3333: start_response(status, response_headers, exc_info=None)."""
    assert serve(Starting(lambda start: start("200 OK", [], None))).response().status == 200


def test_a_handled_error_is_not_raised_again(serve: Serve) -> None:
    """PEP 3333: exc_info re-raises only after the headers have been sent; otherwise the app handles the error
    itself.
    """

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        try:
            raise BoomError
        except BoomError:
            start_response("500 Oops", [], sys.exc_info())
        return [b"sorry"]

    assert serve(app).response().status == 500


@pytest.mark.parametrize("by", ["iteration", "write"])
def test_exc_info_raises_the_error_again_after_the_response_headers_are_sent(serve: Serve, by: str) -> None:
    """PEP 3333: if the headers have been sent, start_response must raise, and should re-raise using exc_info."""
    boom = BoomError()
    raised: list[BaseException] = []

    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        write = start_response("200 OK", [])
        if by == "write":
            write(b"begun")
        else:
            yield b"begun"
        try:
            raise boom
        except BoomError:
            try:
                start_response("500 Oops", [], sys.exc_info())
            except BaseException as error:
                raised.append(error)
                raise
        yield b"never"

    exchange = serve(app)
    assert exchange.error() is boom
    assert raised == [boom]
    assert exchange.body == b"begun"
    assert not exchange.complete


def test_start_response_after_the_end_is_an_error(serve: Serve) -> None:
    """PEP 3333: it is a fatal error to call start_response again, here even after the response."""
    kept: list[StartResponse] = []

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        kept.append(start_response)
        start_response("200 OK", [])
        return [b"x"]

    exchange = serve(app)
    exchange.response()
    raised: list[Exception] = []
    try:
        kept[0]("200 OK", [])
    except Exception as error:
        raised.append(error)
    serve.loop.settle()
    assert raised
    assert exchange.types.count("start") == 1
