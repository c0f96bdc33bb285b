"""Disconnects and cancelled requests: PEP 3333 (early disconnect); ASGI HTTP, "Disconnected Client"."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse

import pytest

from tests.adapters.wsgi_to_asgi.apps import Environ, Result, Returning, echo, endless, hello, stream
from tests.adapters.wsgi_to_asgi.exchange import Exchange, Plan
from tests.adapters.wsgi_to_asgi.serving import SLOW, STALL, Serve, poll

IGNORING = Plan(raise_when_gone=False)

ENDINGS: dict[str, Callable[[Exchange], None]] = {
    "leave": Exchange.leave,
    "cancel": Exchange.cancel,
    "fail": Exchange.fail,
}


@pytest.fixture(params=list(ENDINGS.values()), ids=list(ENDINGS))
def end(request: pytest.FixtureRequest) -> Callable[[Exchange], None]:
    """A way in which a request ends early: the client disconnects, the server cancels the task, or send() fails."""
    ending: Callable[[Exchange], None] = request.param
    return ending


def by_path(routes: dict[str, Any]) -> Any:
    """An app that dispatches requests to other apps by path."""

    def app(environ: Environ, start_response: StartResponse) -> Any:
        return routes.get(environ["PATH_INFO"], hello)(environ, start_response)

    return app


def test_a_disconnect_ends_a_stream_and_frees_its_thread(serve: Serve, end: Callable[[Exchange], None]) -> None:
    """PEP 3333: applications should not assume the entire iterator will be consumed."""
    app = by_path({"/stream": stream})
    for _ in range(3):
        under_way = serve(app, path="/stream", threads=1)
        under_way.wait_body(b"x")
        end(under_way)
        under_way.wait_end()
    assert serve(app, threads=1).response().body == b"hello"


def test_a_stream_ends_if_its_client_disconnects_during_the_upload(serve: Serve) -> None:
    """ASGI, "Disconnect": a server need not report it twice, nor raise from send(). The body is not read by the app."""
    plan = Plan(raise_when_gone=False, tell_once=True)
    under_way = serve(stream, "POST", body=STALL, headers=[(b"content-length", b"1000")], threads=1, plan=plan)
    under_way.feed(b"ten octets")
    under_way.leave()
    under_way.wait_end()


def test_a_stream_ends_even_if_the_server_ignores_data_for_a_disconnected_client(serve: Serve) -> None:
    """ASGI before 2.4: send() does nothing after a disconnect; only http.disconnect reports it."""
    app = by_path({"/stream": stream})
    for _ in range(3):
        under_way = serve(app, path="/stream", threads=1, plan=IGNORING)
        under_way.wait_body(b"x")
        under_way.leave()
        under_way.wait_end()
    assert serve(app, threads=1).response().body == b"hello"


def test_a_slow_stream_ends_at_its_next_block_at_the_latest(serve: Serve, end: Callable[[Exchange], None]) -> None:
    """PEP 3333: a server may close an app early; at most one more block is requested."""
    go, made = serve.gate(), [0]

    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"begun"
        go.wait()
        while True:
            made[0] += 1
            yield b"more"

    exchange = serve(app)
    exchange.wait_body(b"begun")
    end(exchange)
    serve.loop.settle()
    go.open()
    exchange.wait_end()
    if end is Exchange.leave or end is Exchange.cancel:
        assert made[0] <= 1
    assert exchange.body.removeprefix(b"begun") in (b"", b"more")


def test_sixty_disconnected_streams_hold_no_threads(serve: Serve) -> None:
    """Safety: browsers often drop event streams; leftovers must not accumulate."""
    app = by_path({"/stream": stream})
    for _ in range(60):
        under_way = serve(app, path="/stream", threads=4, plan=IGNORING)
        under_way.wait_body(b"x")
        under_way.leave()
    assert serve(app, threads=4).response().body == b"hello"


@pytest.mark.parametrize("plan", [SLOW, Plan(hold_from=1, raise_when_gone=False)], ids=["raising", "ignoring"])
def test_an_app_that_waits_for_a_slow_client_is_woken(
    serve: Serve, end: Callable[[Exchange], None], plan: Plan
) -> None:
    """Safety: no thread waits for a client that will never read."""
    app = by_path({"/stream": Returning(endless(b"x" * 65536))})
    under_way = serve(app, path="/stream", threads=1, plan=plan)
    under_way.wait_body(b"x")
    serve.loop.settle()
    end(under_way)
    under_way.wait_end()
    assert serve(app, threads=1).response().body == b"hello"


@pytest.mark.parametrize("end", [Exchange.leave, Exchange.cancel], ids=["leave", "cancel"])
def test_an_app_that_reads_is_woken(serve: Serve, end: Callable[[Exchange], None]) -> None:
    """Safety: no thread waits for a body that will never arrive."""
    raised: list[BaseException] = []

    def reading(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        try:
            return echo(environ, start_response)
        except BaseException as error:
            raised.append(error)
            raise

    app = by_path({"/upload": reading})
    headers = [(b"content-length", b"%d" % (8 * 2**20))]
    upload = serve(app, "POST", "/upload", body=STALL, headers=headers, threads=1)
    for _ in range(16):
        upload.feed(b"x" * 65536)
    serve.loop.settle()
    end(upload)
    upload.wait_end()
    assert serve(app, threads=1).response().body == b"hello"
    assert all(isinstance(error, OSError) for error in raised)


def test_an_app_that_waits_for_continue_is_woken(serve: Serve) -> None:
    """Safety: the same if the body is read late."""
    app = by_path({"/upload": echo})
    headers = [(b"content-length", b"5"), (b"expect", b"100-continue")]
    upload = serve(app, "POST", "/upload", body=STALL, headers=headers, threads=1)
    upload.wait_until(lambda: upload.received > 0, "the app to read")
    upload.cancel()
    upload.wait_end()
    assert serve(app, threads=1).response().body == b"hello"


def test_a_cancelled_call_ends_at_once_even_if_the_app_does_not(serve: Serve) -> None:
    """Safety: an app that hangs does not delay the server's shutdown; close() is called when the app continues."""
    stuck, go = serve.gate("the app to be stuck"), serve.gate()
    result = Result([b"late"])

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        stuck.open()
        go.wait()
        return result

    exchange = serve(app)
    stuck.wait()
    exchange.cancel()
    exchange.wait_end()
    assert exchange.cancelled
    assert not go.is_open
    go.open()
    poll(lambda: result.closes > 0, "close() to be called")
    assert result.closes == 1


def test_a_request_cancelled_while_it_waits_for_a_thread_ends_at_once(serve: Serve) -> None:
    """Safety: a request that has not started does not start after a disconnect, and leaves nothing behind."""
    busy, go = serve.gate("the app to be busy"), serve.gate()
    paths: list[str] = []

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        paths.append(environ["PATH_INFO"])
        if environ["PATH_INFO"] == "/busy":
            busy.open()
            go.wait()
        return hello(environ, start_response)

    first = serve(app, path="/busy", threads=1)
    busy.wait()
    queued = serve(app, path="/queued", threads=1)
    serve.loop.settle()
    queued.cancel()
    queued.wait_end()
    go.open()
    assert first.response().body == b"hello"
    assert serve(app, path="/last", threads=1).response().body == b"hello"
    assert paths == ["/busy", "/last"]


def test_an_app_can_check_whether_its_client_has_disconnected(serve: Serve) -> None:
    """Ours: environ["waitress.client_disconnected"](), as in waitress, for an app that computes for a long time."""
    asked, go, told = serve.gate("the app to ask"), serve.gate(), serve.gate("the app to be told")

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        disconnected = environ["waitress.client_disconnected"]
        assert not disconnected()
        asked.open()
        go.wait()
        poll(disconnected, "the client to be seen leaving")
        told.open()
        return hello(environ, start_response)

    exchange = serve(app)
    asked.wait()
    exchange.leave()
    go.open()
    told.wait()
    exchange.wait_end()


def test_an_app_with_a_body_can_check_whether_its_client_has_disconnected(serve: Serve) -> None:
    """Ours: the same before and after the request body has been read."""
    told = [serve.gate("the app to be told") for _ in range(2)]

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        number = int(environ["PATH_INFO"][1:])
        if number:
            environ["wsgi.input"].read()
        poll(environ["waitress.client_disconnected"], "the client to be seen leaving")
        told[number].open()
        return hello(environ, start_response)

    for number in range(2):
        exchange = serve(app, "POST", f"/{number}", body=b"hello")
        exchange.leave()
        told[number].wait()
        exchange.wait_end()


@pytest.mark.parametrize("end", [Exchange.leave, Exchange.cancel], ids=["leave", "cancel"])
def test_a_stream_can_check_whether_its_client_has_disconnected(serve: Serve, end: Callable[[Exchange], None]) -> None:
    """Ours: the same during the response, for every way in which the adapter detects it."""
    told = serve.gate("the app to be told")

    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"begun"
        disconnected = environ["waitress.client_disconnected"]
        poll(disconnected, "the client to be seen leaving")
        told.open()

    exchange = serve(app)
    exchange.wait_body(b"begun")
    end(exchange)
    told.wait()
    exchange.wait_end()


@pytest.mark.parametrize("plan", [Plan(), IGNORING], ids=["raising", "ignoring"])
@pytest.mark.parametrize("result", [[b"x"], [b"x", b"y"], iter([b"x"])], ids=["one", "two", "iterator"])
def test_a_response_after_a_disconnect_ends_without_an_error(serve: Serve, plan: Plan, result: Any) -> None:
    """ASGI: http.disconnect may arrive at any time; a disconnect is not an error of the app."""
    go, called = serve.gate(), serve.gate("the app to be called")

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        called.open()
        go.wait()
        start_response("200 OK", [])
        return result  # type: ignore[no-any-return]

    exchange = serve(app, plan=plan)
    called.wait()
    exchange.leave()
    go.open()
    exchange.wait_end()
    assert exchange.sent == []


@pytest.mark.parametrize("failure", [OSError, RuntimeError, ValueError])
@pytest.mark.parametrize("number", [0, 1, 2])
def test_any_exception_of_send_ends_the_request(serve: Serve, failure: type[Exception], number: int) -> None:
    """ASGI 2.4: send() should raise an OSError for a disconnected client; servers raise other errors for invalid
    messages.
    """
    result = Result(endless())
    app = by_path({"/stream": Returning(result)})
    serve(app, path="/stream", threads=1, plan=Plan(fail_from=number, failure=failure)).wait_end()
    poll(lambda: result.closes > 0, "close() to be called")
    assert serve(app, threads=1).response().body == b"hello"


def test_an_error_of_send_other_than_a_disconnect_is_not_hidden(serve: Serve) -> None:
    """Safety: a server refuses a message by an error; hiding it would hide a truncated response."""
    exchange = serve(Returning([b"x"]), plan=Plan(fail_from=0, failure=RuntimeError))
    assert isinstance(exchange.error(), RuntimeError)
