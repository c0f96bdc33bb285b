"""A slow client delays only its own request, unless the app may run only one request at a time (threads=1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from wsgiref.types import StartResponse

import pytest

from tests.adapters.wsgi_to_asgi.apps import Environ, hello
from tests.adapters.wsgi_to_asgi.exchange import Exchange
from tests.adapters.wsgi_to_asgi.serving import SLOW, STALL, Gate, Serve, poll

BLOCK = b"x" * 65536
BLOCKS = 64  # 4 MiB: more than the limit of waiting data
UPLOAD = [(b"content-length", b"%d" % (len(BLOCK) * BLOCKS))]


class Slow:
    """Reads at /upload, sends many blocks at /stream, responds at once elsewhere; records which requests overlap."""

    def __init__(self, held: Gate) -> None:
        self._held = held
        self.inside: list[str] = []
        self.beside: list[str] = []  # requests that started during another one
        self.made = 0

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if self.inside:
            self.beside.append(path)
        self.inside.append(path)
        if path == "/stream":
            start_response("200 OK", [])
            return self._stream(path)
        try:
            environ["wsgi.input"].read(1)
            if path == "/upload":
                self._held.open()
            environ["wsgi.input"].read()
            return hello(environ, start_response)
        finally:
            self.inside.remove(path)

    def _stream(self, path: str) -> Iterator[bytes]:
        try:
            for _ in range(BLOCKS):
                self.made += 1
                if self.made == 4:  # the limit of waiting data; with the next block, the thread waits
                    self._held.open()
                yield BLOCK
        finally:
            self.inside.remove(path)


Hold = Callable[[Serve, Slow, int], Exchange]


def do_not_read(serve: Serve, app: Slow, threads: int) -> Exchange:
    return serve(app, path="/stream", threads=threads, plan=SLOW)


def stall_upload(serve: Serve, app: Slow, threads: int) -> Exchange:
    exchange = serve(app, "POST", "/upload", headers=UPLOAD, body=STALL, threads=threads)
    for _ in range(BLOCKS // 2):
        exchange.feed(BLOCK)
    return exchange


def go_on(exchange: Exchange) -> None:
    exchange.release()
    if exchange.taken:
        for _ in range(BLOCKS // 2):
            exchange.feed(BLOCK)


both = pytest.mark.parametrize("hold", [do_not_read, stall_upload])


@both
def test_with_one_thread_the_app_never_runs_concurrently_even_with_slow_clients(serve: Serve, hold: Hold) -> None:
    """PEP 3333, wsgi.multithread false: the app is never invoked while another thread of the process runs it."""
    app = Slow(held := serve.gate("the app to be held up"))
    slow = hold(serve, app, 1)
    held.wait()
    others = [serve(app, threads=1) for _ in range(5)]
    serve.loop.settle()
    assert len(app.inside) == 1
    go_on(slow)
    for exchange in [slow, *others]:
        exchange.response()
    assert app.beside == []


@both
@pytest.mark.parametrize("threads", [2, 4])
def test_slow_clients_delay_no_other_request(serve: Serve, hold: Hold, threads: int) -> None:
    """Safety: with more slow clients than threads, the next request is still served, and then the slow ones."""
    app = Slow(serve.gate())
    slow = [hold(serve, app, threads) for _ in range(threads * 5)]
    poll(lambda: len(app.inside) == len(slow), "all slow clients to have a thread")
    assert serve(app, threads=threads).response().body == b"hello"
    for exchange in slow:
        go_on(exchange)
    for exchange in slow:
        exchange.response()
