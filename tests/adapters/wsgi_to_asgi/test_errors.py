"""Exceptions of an app: PEP 3333, "Error Handling"."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse

import pytest

from tests.adapters.wsgi_to_asgi.apps import Environ, hello
from tests.adapters.wsgi_to_asgi.serving import Serve

PLACES = ["call", "first iteration", "after an empty block", "after a block", "after blocks", "iter", "write"]
BEFORE_THE_HEAD = [*PLACES[:3], "iter"]
AFTER_THE_HEAD = ["after a block", "after blocks", "write"]


class BoomError(Exception):
    """An app's own error."""


class Raising:
    """Raises an error at the given place; responds with hello on other paths than /raise."""

    def __init__(self, error: Any, place: str) -> None:
        self._error, self._place = error, place

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/raise":
            return hello(environ, start_response)
        if self._place == "call":
            raise self._error
        write = start_response("200 OK", [])
        if self._place == "write":
            write(b"one")
            raise self._error
        return Blocks(self._error) if self._place == "iter" else self.raising_blocks()

    def raising_blocks(self) -> Iterator[bytes]:
        if self._place == "after an empty block":
            yield b""
        if self._place.startswith("after a block"):
            yield b"one"
        if self._place == "after blocks":
            yield b"one"
            yield b""
            yield b"two"
        raise self._error


class Blocks:
    """Raises when it is iterated."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def __iter__(self) -> Iterator[bytes]:
        raise self._error


@pytest.mark.parametrize("place", BEFORE_THE_HEAD)
def test_an_error_before_the_response_headers_reaches_the_server_unchanged(serve: Serve, place: str) -> None:
    """PEP 3333: servers should trap and log any exception; while nothing has been sent, they can still send a 500."""
    boom = BoomError("boom")
    exchange = serve(Raising(boom, place), path="/raise")
    assert exchange.error() is boom
    assert exchange.sent == []


@pytest.mark.parametrize("place", AFTER_THE_HEAD)
def test_an_error_after_the_response_headers_leaves_the_response_incomplete(serve: Serve, place: str) -> None:
    """PEP 3333: the server can trap this fatal exception and abort the response; it must not look complete."""
    boom = BoomError("boom")
    exchange = serve(Raising(boom, place), path="/raise")
    assert exchange.error() is boom
    assert not exchange.complete
    assert exchange.body == (b"onetwo" if place == "after blocks" else b"one")


@pytest.mark.parametrize("place", ["call", "first iteration", "after a block"])
def test_the_traceback_of_an_error_leads_into_the_app(serve: Serve, place: str) -> None:
    """PEP 3333: servers should log any exception that aborts an application; the log must show the place."""
    error = serve(Raising(BoomError("boom"), place), path="/raise").error()
    names = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
    assert names[-1] == ("__call__" if place == "call" else "raising_blocks")


HARMFUL = [StopIteration, StopAsyncIteration, SystemExit, KeyboardInterrupt, GeneratorExit, asyncio.CancelledError]


@pytest.mark.parametrize("harmful", [*HARMFUL, BaseException], ids=lambda harmful: harmful.__name__)
@pytest.mark.parametrize("place", ["call", "iter", "after a block", "write"])
def test_errors_that_would_stop_the_loop_are_replaced_by_others(serve: Serve, harmful: Any, place: str) -> None:
    """Safety: no exception of an app may end the loop, make its request look cancelled, or end a worker."""
    app = Raising(harmful(), place)
    for _ in range(3):
        exchange = serve(app, path="/raise", threads=1)
        error = exchange.error()
        assert isinstance(error, Exception)
        assert not isinstance(error, (StopIteration, StopAsyncIteration))
        assert not exchange.complete
    assert serve(app, threads=1).response().body == b"hello"


@pytest.mark.parametrize("place", ["call", "after a block"])
def test_a_replaced_error_is_kept_as_the_cause(serve: Serve, place: str) -> None:
    """PEP 3333: servers should log any exception that aborts an application, so it is kept as the cause."""
    harmful = SystemExit(3)
    error: BaseException | None = serve(Raising(harmful, place), path="/raise").error()
    chain = []
    while error is not None:
        chain.append(error)
        error = error.__cause__ or error.__context__
    assert harmful in chain


def test_stop_iteration_of_the_iterator_is_the_end_of_the_body(serve: Serve) -> None:
    """PEP 234: the iterator's own StopIteration ends the body, and is not an error."""

    class Once:
        def __init__(self) -> None:
            self._blocks = [b"x"]

        def __iter__(self) -> Once:
            return self

        def __next__(self) -> bytes:
            if not self._blocks:
                raise StopIteration
            return self._blocks.pop()

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        return Once()

    assert serve(app).response().body == b"x"


def test_an_app_that_cannot_be_called_is_an_error(serve: Serve) -> None:
    """PEP 3333: the application object must accept two positional arguments."""
    exchange = serve(lambda environ: [b"x"])  # type: ignore[arg-type, misc]
    assert isinstance(exchange.error(), TypeError)
    assert exchange.sent == []


def test_an_error_raised_repeatedly_is_always_reported(serve: Serve) -> None:
    """Safety: an app may keep an exception object and raise it for each request."""
    boom = BoomError("always the same")
    app = Raising(boom, "call")
    for _ in range(20):
        assert serve(app, path="/raise", threads=1).error() is boom
    assert serve(app, threads=1).response().body == b"hello"


def test_an_error_with_slots_or_required_arguments_is_reported(serve: Serve) -> None:
    """Safety: exceptions are not recreated, because their constructor may need arguments."""

    class PickyError(Exception):
        def __init__(self, code: int, *, reason: str) -> None:
            super().__init__(code)
            self.reason = reason

    boom = PickyError(5, reason="picky")
    assert serve(Raising(boom, "call"), path="/raise").error() is boom


def test_a_request_that_fails_affects_no_other_request(serve: Serve) -> None:
    """Safety: errors of one request, of any kind and number, do not affect the adapter."""
    apps = [Raising(error, place) for error in (BoomError("boom"), SystemExit(1)) for place in PLACES]
    exchanges = [serve(app, path="/raise", threads=2) for app in apps for _ in range(3)]
    for exchange in exchanges:
        assert isinstance(exchange.error(), Exception)
    for app in apps:
        assert serve(app, threads=2).response().body == b"hello"
