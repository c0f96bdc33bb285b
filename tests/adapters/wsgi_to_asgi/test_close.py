"""close() of the result: PEP 3333, "Specification Details"."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse

import pytest

from tests.adapters.wsgi_to_asgi.apps import Environ, Result, Returning, endless
from tests.adapters.wsgi_to_asgi.exchange import Exchange, Plan
from tests.adapters.wsgi_to_asgi.serving import SLOW, Serve, poll


def raising(error: BaseException, *blocks: bytes) -> Iterator[bytes]:
    yield from blocks
    raise error


def to_the_end(exchange: Exchange) -> None:
    exchange.response()


def to_an_error(exchange: Exchange) -> None:
    assert isinstance(exchange.error(), Exception)


def to_a_leave(exchange: Exchange) -> None:
    exchange.wait_body(b"x")
    exchange.leave()
    exchange.wait_end()


def to_a_cancel(exchange: Exchange) -> None:
    exchange.wait_body(b"x")
    exchange.cancel()
    exchange.wait_end()


def to_a_failing_send(exchange: Exchange) -> None:
    exchange.wait_body(b"x")
    exchange.fail()
    exchange.wait_end()


ENDINGS: dict[str, tuple[Callable[[], Iterable[bytes]], Callable[[Exchange], None], dict[str, Any]]] = {
    "the end": (lambda: [b"one", b"two"], to_the_end, {}),
    "an empty end": (list, to_the_end, {}),
    "HEAD": (lambda: [b"one"], to_the_end, {"method": "HEAD"}),
    "an error in the first iteration": (lambda: raising(ValueError()), to_an_error, {}),
    "an error in a later iteration": (lambda: raising(ValueError(), b"one"), to_an_error, {}),
    "SystemExit": (lambda: raising(SystemExit(3), b"one"), to_an_error, {}),
    "a block that is not a bytestring": (lambda: [5], to_an_error, {}),  # type: ignore[list-item]
    "the client leaving": (endless, to_a_leave, {}),
    "the client leaving a server that ignores it": (endless, to_a_leave, {"plan": Plan(raise_when_gone=False)}),
    "send() failing": (endless, to_a_failing_send, {}),
    "send() failing from the start": (endless, lambda exchange: exchange.wait_end(), {"plan": Plan(fail_from=0)}),
    "the task being cancelled": (endless, to_a_cancel, {}),
    "the client leaving while it is slow": (endless, to_a_leave, {"plan": SLOW}),
    "the task being cancelled while the client is slow": (endless, to_a_cancel, {"plan": SLOW}),
}


@pytest.mark.parametrize(("blocks", "end", "request_"), ENDINGS.values(), ids=ENDINGS.keys())
def test_close_is_called_once_and_on_the_thread_of_the_app(serve: Serve, blocks: Any, end: Any, request_: Any) -> None:
    """PEP 3333: close() must be called upon completion, whether normally, or early by an error or a disconnect.

    On the thread that ran the app, because e.g. database sessions belong to it.
    """
    result = Result(blocks())
    app = Returning(result)
    end(serve(app, **request_))
    poll(lambda: result.closes > 0, "close() to be called")
    serve.loop.settle()
    assert result.closes == 1
    assert result.threads == {app.thread}


def test_close_is_called_when_the_response_was_never_started(serve: Serve) -> None:
    """PEP 3333: close() must be called, also if the request was terminated early due to an application error."""
    result = Result([b"x"])
    exchange = serve(lambda environ, start_response: result)
    exchange.error()
    assert result.closes == 1


def test_close_is_called_when_the_result_cannot_be_iterated(serve: Serve) -> None:
    """PEP 3333: close() must be called, also if the request was terminated early due to an application error."""

    class Broken(Result):
        def __iter__(self) -> Iterator[bytes]:
            raise ValueError("not today")

    result = Broken([])
    serve(Returning(result)).error()
    assert result.closes == 1


def test_close_is_called_on_the_result_and_not_on_its_iterator(serve: Serve) -> None:
    """PEP 3333: if the iterable returned by the application has a close() method, that method must be called."""
    closed: list[str] = []

    class Inner:
        def __iter__(self) -> Inner:
            return self

        def __next__(self) -> bytes:
            raise StopIteration

        def close(self) -> None:
            closed.append("iterator")

    class Outer:
        def __iter__(self) -> Inner:
            return Inner()

        def close(self) -> None:
            closed.append("result")

    serve(Returning(Outer())).response()
    assert closed == ["result"]


@pytest.mark.parametrize("blocks", [[], [b"x"], [b"x", b"y"]])
def test_close_of_a_list_with_close_is_called(serve: Serve, blocks: list[bytes]) -> None:
    """PEP 3333: the iterable may have any type."""

    class ClosingList(list[bytes]):
        closes = 0

        def close(self) -> None:
            self.closes += 1

    result = ClosingList(blocks)
    assert serve(Returning(result)).response().body == b"".join(blocks)
    assert result.closes == 1


@pytest.mark.parametrize("ending", ["leave", "cancel", "fail"])
def test_a_generator_is_finished_on_its_own_thread(serve: Serve, ending: str) -> None:
    """PEP 3333: the protocol complements PEP 342's generator support: finally blocks run when the request is over."""
    threads: list[int] = []
    finished = serve.gate("the generator to be finished")

    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        threads.append(threading.get_ident())
        start_response("200 OK", [])
        try:
            yield from endless()
        finally:
            threads.append(threading.get_ident())
            finished.open()

    exchange = serve(app)
    exchange.wait_body(b"x")
    getattr(exchange, ending)()
    exchange.wait_end()
    finished.wait()
    assert len(set(threads)) == 1


@pytest.mark.parametrize("blocks", [[], [b"x"], [b"x", b"y"]])
@pytest.mark.parametrize("headers", [[], [("Content-Length", "{length}")]])
def test_the_adapter_returns_after_close_has_returned(
    serve: Serve, blocks: list[bytes], headers: list[tuple[str, str]]
) -> None:
    """PEP 3333: close() is part of the request, so a server that counts requests or shuts down waits for it."""
    closing, go = serve.gate("close() to be called"), serve.gate()

    def wait() -> None:
        closing.open()
        go.wait()

    headers = [(name, value.format(length=len(b"".join(blocks)))) for name, value in headers]
    exchange = serve(Returning(Result(blocks, wait), headers=headers))
    closing.wait()
    serve.loop.settle()
    assert not exchange.ended
    go.open()
    assert exchange.response().body == b"".join(blocks)


@pytest.mark.parametrize("blocks", [[], [b"x"], [b"x", b"y"]])
def test_an_error_in_close_is_reported_and_affects_no_other_request(serve: Serve, blocks: list[bytes]) -> None:
    """PEP 3333: servers should trap and log any exception; the response is already complete."""

    def fail() -> None:
        raise ValueError("in close")

    app = Returning(Result(blocks, fail))
    for _ in range(2):
        exchange = serve(app, threads=1)
        exchange.wait_end()
        assert exchange.body == b"".join(blocks)
    assert app.result.closes == 2


def test_close_is_called_if_the_client_disconnects_before_the_app_is_done(serve: Serve) -> None:
    """PEP 3333: close() must be called upon an early disconnect, even if iteration has not started."""
    go, called = serve.gate(), serve.gate("the app to be called")
    result = Result(endless())

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        called.open()
        go.wait()
        return result

    exchange = serve(app)
    called.wait()
    exchange.leave()
    go.open()
    exchange.wait_end()
    poll(lambda: result.closes > 0, "close() to be called")
    assert result.closes == 1
