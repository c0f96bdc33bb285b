"""A finished request leaves nothing behind, even without the garbage collector."""

from __future__ import annotations

import gc
import sys
import sysconfig
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse

import pytest

from tests.adapters.wsgi_to_asgi.apps import Environ, Result, endless
from tests.adapters.wsgi_to_asgi.exchange import Exchange, Plan
from tests.adapters.wsgi_to_asgi.serving import SLOW, Serve, events_of, poll, scope_of

# PEP 703: an object whose last reference another thread drops is freed when the thread that created it runs again.
FREED_BY_MAKER = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


class Token:
    """An object that an app stores with its request."""


class Leaving:
    """Does what the path says, and leaves tokens in many places; keeps only weak references to them."""

    def __init__(self) -> None:
        self.tokens: list[weakref.ref[Any]] = []

    def _token(self) -> Token:
        token = Token()
        self.tokens.append(weakref.ref(token))
        return token

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/next":
            start_response("204 No Content", [])
            return []
        environ["test.token"] = environ["test.input"] = self._token()
        kind = environ["PATH_INFO"]
        if kind == "/raise":
            raise ValueError("with a traceback that leads to the environ")
        if kind == "/replace":
            start_response("200 OK", [])
            try:
                raise ValueError("replaced")
            except ValueError:
                start_response("500 Oops", [], sys.exc_info())
            return [b"sorry"]
        environ["wsgi.input"].read()
        start_response("200 OK", [])
        if kind == "/list":
            return [b"hello"]
        if kind == "/file":
            return environ["wsgi.file_wrapper"](Path(__file__).open("rb"))  # type: ignore[no-any-return]
        result = Result(endless() if kind == "/endless" else self.blocks(kind, self._token(), environ))
        self.tokens.append(weakref.ref(result))
        return result

    def blocks(self, kind: str, token: Token, environ: Environ) -> Iterator[bytes]:
        yield b"one"
        if kind == "/break":
            raise ValueError("with a traceback that leads to the blocks")
        yield b"two"


def leave(exchange: Exchange) -> None:
    exchange.wait_body(b"x")
    exchange.leave()


def cancel(exchange: Exchange) -> None:
    exchange.wait_body(b"x")
    exchange.cancel()


REQUESTS: dict[str, tuple[str, Callable[[Exchange], object], Plan | None, bytes]] = {
    "a list": ("/list", Exchange.wait_end, None, b""),
    "a stream": ("/stream", Exchange.wait_end, None, b""),
    "a file": ("/file", Exchange.wait_end, None, b""),
    "a small body": ("/list", Exchange.wait_end, None, b"x" * 1000),
    "a large body": ("/list", Exchange.wait_end, None, b"x" * 2**22),
    "a replaced head": ("/replace", Exchange.wait_end, None, b""),
    "an error": ("/raise", Exchange.error, None, b""),
    "an error with a body": ("/raise", Exchange.error, None, b"x" * 2**22),
    "an error in a stream": ("/break", Exchange.error, None, b""),
    "a client that left": ("/endless", leave, None, b""),
    "a slow client that left": ("/endless", leave, SLOW, b""),
    "a cancelled request": ("/endless", cancel, None, b""),
    "a failed send": ("/endless", Exchange.wait_end, Plan(fail_from=1), b""),
}


@pytest.mark.parametrize(("path", "end", "plan", "body"), REQUESTS.values(), ids=REQUESTS.keys())
def test_nothing_of_a_finished_request_stays_referenced(
    serve: Serve, path: str, end: Callable[[Exchange], object], plan: Plan | None, body: bytes
) -> None:
    """PEP 3333: no reference is kept to exc_info, to avoid circular references, nor to any other object of a
    request.
    """
    app = Leaving()
    adapter = serve.adapt(app)

    def freed() -> bool:
        if FREED_BY_MAKER:
            exchange = serve.start(adapter, scope_of("GET", "/next", []), None, events_of([b""]))
            exchange.wait_end()
            exchange.forget()
        return not any(token() for token in app.tokens)

    def one_request() -> None:
        headers = [(b"content-length", b"%d" % len(body))]
        pieces = [body[n : n + 65536] for n in range(0, len(body), 65536)] or [b""]
        exchange = serve.start(adapter, scope_of("POST", path, headers), plan, events_of(pieces))
        end(exchange)
        exchange.wait_end()
        exchange.forget()

    gc.collect()
    gc.disable()
    try:
        one_request()
        assert app.tokens
        poll(freed, "the request's objects to be freed")
    finally:
        gc.enable()


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the system does not list a process's descriptors")
def test_the_number_of_threads_and_descriptors_does_not_grow_with_requests(serve: Serve) -> None:
    """Safety: everything opened is closed, for every end of a request."""
    app = Leaving()

    def one_of_each() -> None:
        for path, end, plan, body in REQUESTS.values():
            for headers in ([(b"content-length", b"%d" % len(body))], [(b"transfer-encoding", b"chunked")]):
                exchange = serve(app, "POST", path, headers=headers, body=body, threads=4, plan=plan)
                end(exchange)
                exchange.wait_end()
        serve.forget()

    one_of_each()
    before = descriptors(), threading.active_count()
    for _ in range(5):
        one_of_each()
    poll(lambda: descriptors() <= before[0], "the descriptors to be closed")
    assert threading.active_count() <= before[1] + 4


def test_no_task_is_left_when_a_request_is_over(serve: Serve) -> None:
    """Safety: a task that outlives its request prevents a server's shutdown; tasks are counted on the loop."""
    app = Leaving()
    for path, end, plan, body in REQUESTS.values():
        exchange = serve(app, "POST", path, body=body, plan=plan)
        end(exchange)
        exchange.wait_end()
        poll(lambda: serve.loop.call(serve.loop.tasks) == 0, f"the tasks of {path} to end")
