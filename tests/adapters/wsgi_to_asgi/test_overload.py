"""More requests than threads: waiting requests, rejected requests, and the adapter's log lines and figures."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse

import pytest

from gateways.adapters import WSGIToASGI, stats
from tests.adapters.wsgi_to_asgi.apps import Environ, echo, hello
from tests.adapters.wsgi_to_asgi.exchange import Exchange
from tests.adapters.wsgi_to_asgi.serving import STALL, Gate, Serve, poll, scope_of


class Blocking:
    """Holds the thread of a request to /block until it is released."""

    def __init__(self, serve: Serve) -> None:
        self.go = serve.gate("the app to be let go")
        self.calls: list[str] = []

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        self.calls.append(environ["PATH_INFO"])
        if environ["PATH_INFO"] == "/block":
            self.go.wait()
        return hello(environ, start_response)


def busy(serve: Serve, app: Blocking, threads: int, **options: Any) -> list[Exchange]:
    """Requests that hold all threads."""
    serve.options = options
    exchanges = [serve(app, path="/block", threads=threads) for _ in range(threads)]
    poll(lambda: app.calls.count("/block") == threads, "all threads to be busy")
    return exchanges


def assert_rejected(exchange: Exchange) -> None:
    response = exchange.response()
    assert (response.status, response.values(b"retry-after")) == (503, [b"5"])
    assert response.values(b"content-length") == [b"%d" % len(response.body)]


@pytest.mark.parametrize("queue", [0, 1, 3])
def test_requests_beyond_the_queue_are_rejected_at_once(serve: Serve, queue: int) -> None:
    """RFC 9110, 15.6.4: 503 with Retry-After; requests within the queue are served."""
    app = Blocking(serve)
    served = busy(serve, app, 2, queue=queue)
    served += [serve(app, path="/queued", threads=2) for _ in range(queue)]
    for _ in range(3):
        assert_rejected(serve(app, path="/rejected", threads=2))
    app.go.open()
    for exchange in served:
        assert exchange.response().status == 200
    assert "/rejected" not in app.calls


def test_the_body_of_a_rejected_request_is_not_received(serve: Serve) -> None:
    """Ours: a request is rejected before its body is read."""
    app = Blocking(serve)
    busy(serve, app, 1, queue=0)
    exchange = serve(app, "POST", path="/upload", body=STALL, headers=[(b"content-length", b"1000")], threads=1)
    assert_rejected(exchange)
    assert exchange.received == 0


def test_a_head_request_is_rejected_without_a_body(serve: Serve) -> None:
    """RFC 9110, 9.3.2."""
    app = Blocking(serve)
    busy(serve, app, 1, queue=0)
    response = serve(app, "HEAD", threads=1).response()
    assert (response.status, response.body) == (503, b"")


def test_no_request_is_rejected_while_a_thread_is_free(serve: Serve) -> None:
    """Ours: with queue=0 a request is served if a thread is free."""
    serve.options = {"queue": 0}
    for _ in range(200):
        assert serve(hello, threads=1).response().status == 200


def test_a_request_that_waits_too_long_is_rejected(serve: Serve) -> None:
    """RFC 9110, 15.6.4: even if its body was collected; the application never sees it."""
    app = Blocking(serve)
    served = busy(serve, app, 1, queue_timeout=0.2)
    late = [serve(app, "POST", path="/late", body=b"x" * size, threads=1) for size in (0, 10, 1_000_000)]
    for exchange in late:
        assert_rejected(exchange)
    assert serve.adapt(app, 1).stats().waiting == 0
    app.go.open()
    assert served[0].response().status == 200
    assert serve(app, path="/after", threads=1).response().status == 200
    assert app.calls == ["/block", "/after"]


def test_a_request_that_gets_its_thread_in_time_is_served(serve: Serve) -> None:
    """Ours: the time counts until a thread starts the request, not until its end."""
    app = Blocking(serve)
    serve.options = {"queue_timeout": 0.05}
    exchange = serve(app, path="/block", threads=1)
    exchange.wait_until(lambda: exchange.received > 0, "the adapter to watch its client")
    app.go.open()
    assert exchange.response().status == 200


def test_rejections_and_waits_are_logged_once_a_minute(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    """Ours: one log line for each rejected request would increase the overload."""
    app = Blocking(serve)
    busy(serve, app, 1, queue=2)
    waiting = [serve(app, path="/queued", threads=1) for _ in range(2)]
    for exchange in waiting:
        exchange.wait_until(lambda exchange=exchange: exchange.received > 0, "the adapter to look")  # type: ignore[misc]
    for _ in range(5):
        assert_rejected(serve(app, threads=1))
    assert caplog.text.count("rejected with 503") == 1
    assert caplog.text.count("have waited for a thread") == 1
    assert "threads=1" in caplog.text


@pytest.mark.parametrize("option", ["queue", "queue_timeout", "slow"])
def test_a_negative_bound_is_refused(option: str) -> None:
    """Ours: a wrong value is reported when the adapter is created, not under load."""
    with pytest.raises(ValueError, match=f"{option}=-1 is negative"):
        WSGIToASGI(hello, **{option: -1})  # type: ignore[arg-type]


def waits_at_a_gate(gate: Gate) -> None:
    gate.wait()


def test_a_slow_request_is_logged_with_the_stack_of_its_thread(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    """Ours: the operator needs to know what holds a thread."""
    go = serve.gate("the app to be let go")

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/slow":
            waits_at_a_gate(go)
        return hello(environ, start_response)

    serve.options = {"slow": 0.1}
    slow = serve(app, path="/slow", query_string=b"a=1")
    poll(lambda: "slow request" in caplog.text, "the request to be logged")
    serve(app).response()
    go.open()
    slow.response()
    assert caplog.text.count("slow request") == 1
    assert "GET /slow?a=1 has used a thread" in caplog.text
    assert "waits_at_a_gate" in caplog.text


class Figures:
    """Return the figures of one app's adapter."""

    def __init__(self, serve: Serve, app: Any, threads: int) -> None:
        self._adapter: WSGIToASGI = serve.adapt(app, threads)

    def __call__(self) -> stats.Stats:
        return self._adapter.stats()


def test_stats_are_zero_before_the_first_request() -> None:
    """Ours: figures are available before the first request, and without a loop."""
    assert WSGIToASGI(hello).stats() == stats.Stats(0, 0, 0, 0, 0.0, 0, 0, 0, 0, 0, 0)


def test_stats_count_finished_events(serve: Serve) -> None:
    """Ours: requests, errors, disconnects and bytes of all requests."""

    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        if environ["PATH_INFO"] == "/error":
            raise ValueError("boom")
        start_response("200 OK", [])
        yield b"x" * 1000
        if environ["PATH_INFO"] == "/stream":
            while True:
                yield b"y"

    figures = Figures(serve, app, 2)
    for _ in range(3):
        serve(app, threads=2).response()
    serve(app, path="/error", threads=2).error()
    left = serve(app, path="/stream", threads=2)
    left.wait_body(b"x" * 1000)
    left.leave()
    left.wait_end()
    poll(lambda: figures().busy == 0, "the thread to be free")
    now = figures()
    assert (now.requests, now.errors, now.disconnects, now.rejected) == (5, 1, 1, 0)
    assert now.bytes >= 4000
    assert (now.waiting, now.away, now.oldest) == (0, 0, 0.0)


@pytest.mark.parametrize("path", ["/list", "/blocks", "/large-blocks", "/generator", "/write-and-list", "/head"])
def test_stats_count_each_byte_once(serve: Serve, path: str) -> None:
    """Ours: however the application produces its body."""

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        write = start_response("200 OK", [])
        if path == "/write-and-list":
            write(b"x" * 300)
        if path == "/generator":
            return (b"x" * 100 for _ in range(20))
        size = {"/list": 2000, "/large-blocks": 1_000_000}.get(path, 100)
        return [b"x" * size] * {"/list": 1, "/large-blocks": 3}.get(path, 20)

    figures = Figures(serve, app, 2)
    method = "HEAD" if path == "/head" else "GET"
    for number in range(1, 4):
        exchange = serve(app, method, path, threads=2)
        body = exchange.response().body
        assert figures().bytes == number * len(body)


def test_stats_show_the_current_state(serve: Serve) -> None:
    """Ours: busy and idle threads, waiting requests, and the age of the oldest."""
    app = Blocking(serve)
    busy(serve, app, 2, queue=1)
    serve(app, path="/queued", threads=2)
    figures = Figures(serve, app, 2)
    poll(lambda: figures().waiting == 1, "a request to wait")
    assert_rejected(serve(app, threads=2))
    now = figures()
    assert (now.busy, now.idle, now.started, now.requests, now.rejected) == (2, 0, 2, 4, 1)
    poll(lambda: figures().oldest > now.oldest > 0, "the oldest to grow older")
    app.go.open()
    poll(lambda: (figures().idle, figures().oldest) == (2, 0.0), "the threads to be idle, and the requests to end")
    assert figures().busy == 0


def test_a_thread_that_waits_for_its_client_counts_as_away(serve: Serve) -> None:
    """Ours: such a thread does not count towards the limit."""

    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [])
        while True:
            yield b"x" * 65536

    exchange = serve(app, threads=2)
    exchange.wait_body(b"x")
    exchange.hold(0)
    figures = Figures(serve, app, 2)
    poll(lambda: figures().away == 1, "the thread to be away")
    exchange.leave()
    poll(lambda: figures().away == 0, "the thread to be back")


def test_threads_of_a_garbage_collected_adapter_end(serve: Serve) -> None:
    """Ours: threads also end without close(), because tests create adapters and drop them."""
    adapter = WSGIToASGI(echo, threads=2)
    serve.start(adapter, scope_of()).response()
    threads = [thread for thread in threading.enumerate() if thread.name.startswith("wsgi-to-asgi")]
    dropped = weakref.ref(adapter)
    del adapter
    serve.loop.settle()
    gc.collect()
    assert dropped() is None
    poll(lambda: sum(thread.is_alive() for thread in threads) < len(threads), "a thread to end")
