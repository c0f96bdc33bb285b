"""WSGI apps, named after their behaviour or their fault.

They know only PEP 3333. An app stores its observations as attributes, for the test.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse

Environ = dict[str, Any]
PLAIN = [("Content-Type", "text/plain")]


def hello(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [b"hello"]


def echo(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", list(PLAIN))
    return [environ["wsgi.input"].read()]


def stream(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", list(PLAIN))
    return endless()


class Capturing:
    """Keeps the environ of its last request."""

    def __init__(self) -> None:
        self.environ: Environ = {}
        self.calls = 0

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        self.calls += 1
        self.environ = dict(environ)
        return hello(environ, start_response)


class Reading:
    """Responds with the result or exception of `read(wsgi.input)`, and stores it."""

    def __init__(self, read: Callable[[Any], Any]) -> None:
        self._read = read
        self.result: Any = None
        self.error: BaseException | None = None
        self.environ: Environ = {}

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        self.environ = dict(environ)
        try:
            self.result = self._read(environ["wsgi.input"])
        except Exception as error:
            self.error = error
        return hello(environ, start_response)


class Starting:
    """Calls `start(start_response)`, stores its exception and raises it."""

    def __init__(self, start: Callable[[StartResponse], Any], blocks: Iterable[bytes] = (b"x",)) -> None:
        self._start, self._blocks = start, blocks
        self.error: BaseException | None = None

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        try:
            self._start(start_response)
        except BaseException as error:
            self.error = error
            raise
        return self._blocks


class Result:
    """An iterable of blocks that counts the calls of close() and records its threads."""

    def __init__(self, blocks: Iterable[bytes], on_close: Callable[[], object] = lambda: None) -> None:
        self._blocks, self._on_close = blocks, on_close
        self.closes = 0
        self.threads: set[int] = set()

    def __iter__(self) -> Iterator[bytes]:
        for block in self._blocks:
            self.threads.add(threading.get_ident())
            yield block

    def close(self) -> None:
        self.closes += 1
        self.threads.add(threading.get_ident())
        self._on_close()


class Returning:
    """Starts a response and returns a given result of any kind."""

    def __init__(self, result: Any, status: str = "200 OK", headers: list[tuple[str, str]] = PLAIN) -> None:
        self.result, self._status, self._headers = result, status, headers
        self.thread = 0

    def __call__(self, environ: Environ, start_response: StartResponse) -> Any:
        self.thread = threading.get_ident()
        start_response(self._status, list(self._headers))
        return self.result


def endless(block: bytes = b"x" * 1024) -> Iterator[bytes]:
    """An endless response; a test that leaves it running fails."""
    while True:
        yield block
