"""Which code runs where: PEP 3333, "Thread Support"; ASGI HTTP, "WSGI Compatibility" (WSGI apps in threads)."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from wsgiref.types import StartResponse

import pytest

from tests.adapters.wsgi_to_asgi.apps import Environ, echo, hello
from tests.adapters.wsgi_to_asgi.serving import Serve


class Crowd:
    """Holds every request until it is released, and records the maximum number of concurrent requests."""

    def __init__(self, serve: Serve, expected: int) -> None:
        self._lock, self._inside, self._expected = threading.Lock(), 0, expected
        self.full, self.go = serve.gate(f"{expected} requests at once"), serve.gate()
        self.most = 0

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        with self._lock:
            self._inside += 1
            self.most = max(self.most, self._inside)
            if self._inside == self._expected:
                self.full.open()
        self.go.wait()
        with self._lock:
            self._inside -= 1
        return hello(environ, start_response)


def test_the_app_never_runs_on_the_thread_of_the_loop(serve: Serve) -> None:
    """ASGI: WSGI applications, being synchronous, must be run in a threadpool."""
    threads: set[int | None] = set()

    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        threads.add(threading.get_ident())
        environ["wsgi.input"].read()
        start_response("200 OK", [])
        threads.add(threading.get_ident())
        yield b"x"
        threads.add(threading.get_ident())

    serve(app, "POST", body=b"body").response()
    assert serve.loop.thread.ident not in threads


def test_a_request_runs_on_one_thread(serve: Serve) -> None:
    """Safety: thread-local state, such as a database connection, stays the same during a request."""

    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [])
        for _ in range(5):
            yield b"%d " % threading.get_ident()

    exchanges = [serve(app, threads=4) for _ in range(8)]
    for exchange in exchanges:
        assert len(set(exchange.response().body.split())) == 1


def test_an_app_that_blocks_does_not_block_the_loop(serve: Serve) -> None:
    """ASGI: the loop runs while WSGI apps compute."""
    called, go = serve.gate("the app to be called"), serve.gate()

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/block":
            called.open()
            go.wait()
        return hello(environ, start_response)

    blocked = serve(app, path="/block", threads=2)
    called.wait()
    serve.loop.settle()
    for _ in range(10):
        assert serve(app, threads=2).response().body == b"hello"
    go.open()
    assert blocked.response().body == b"hello"


@pytest.mark.parametrize("threads", [2, 8])
def test_as_many_requests_run_concurrently_as_there_are_threads(serve: Serve, threads: int) -> None:
    """PEP 3333: wsgi.multithread is true, and the app is invoked simultaneously."""
    crowd = Crowd(serve, threads)
    exchanges = [serve(crowd, threads=threads) for _ in range(threads)]
    crowd.full.wait()
    crowd.go.open()
    for exchange in exchanges:
        assert exchange.response().body == b"hello"


@pytest.mark.parametrize("threads", [1, 3])
def test_no_more_requests_run_concurrently_than_there_are_threads(serve: Serve, threads: int) -> None:
    """PEP 3333: servers should provide the option of running an application in a single-threaded fashion."""
    crowd = Crowd(serve, threads)
    exchanges = [serve(crowd, threads=threads) for _ in range(threads * 3)]
    crowd.full.wait()
    serve.loop.settle()
    assert crowd.most == threads
    crowd.go.open()
    for exchange in exchanges:
        assert exchange.response().body == b"hello"
    assert crowd.most == threads


def test_the_default_number_of_threads_is_large(serve: Serve) -> None:
    """Ours: 32 concurrent requests, for apps that wait for databases and other services."""
    crowd = Crowd(serve, 32)
    exchanges = [serve(crowd) for _ in range(40)]
    crowd.full.wait()
    crowd.go.open()
    for exchange in exchanges:
        assert exchange.response().body == b"hello"


def test_no_request_waits_while_a_thread_is_idle(serve: Serve) -> None:
    """Safety: an app that blocks delays only its own request."""
    go = serve.gate()

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/block":
            go.wait()
        return hello(environ, start_response)

    for _ in range(5):
        serve(app, threads=4).response()
    blocked = [serve(app, path="/block", threads=4) for _ in range(3)]
    for _ in range(20):
        assert serve(app, threads=4).response().body == b"hello"
    go.open()
    for exchange in blocked:
        assert exchange.response().body == b"hello"


def test_requests_that_wait_for_a_thread_are_served_in_their_order(serve: Serve) -> None:
    """Safety: under load, no request starves."""
    busy, go = serve.gate("the app to be busy"), serve.gate()
    served: list[str] = []

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/0":
            busy.open()
            go.wait()
        served.append(environ["PATH_INFO"])
        return hello(environ, start_response)

    exchanges = [serve(app, path="/0", threads=1)]
    busy.wait()
    exchanges += [serve(app, path=f"/{n}", threads=1) for n in range(1, 10)]
    go.open()
    for exchange in exchanges:
        exchange.response()
    assert served == [f"/{n}" for n in range(10)]


def test_concurrent_requests_get_their_own_responses(serve: Serve) -> None:
    """Safety: under load, no data is mixed up, lost or sent twice."""

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/stream":
            start_response("200 OK", [])
            return (environ["wsgi.input"].read(20_000) for _ in range(5))
        return echo(environ, start_response)

    bodies = [b"%d;" % n * 20_000 for n in range(60)]
    exchanges = [
        serve(app, "POST", path="/stream" if n % 2 else "/echo", body=body, threads=8) for n, body in enumerate(bodies)
    ]
    for n, (exchange, body) in enumerate(zip(exchanges, bodies, strict=True)):
        assert exchange.response().body == (body[:100_000] if n % 2 else body)


def test_a_request_fails_immediately_if_no_thread_can_be_started(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Safety: a limit on processes must not leave clients waiting. The next request may get a thread again."""

    def start(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", start)
        exchange = serve(hello)
        assert isinstance(exchange.error(), RuntimeError)
    assert serve(hello).response().status == 200
