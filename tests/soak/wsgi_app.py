"""The WSGI app of the soak: each path has a different behaviour, correct or faulty.

Knows PEP 3333. It must not know the adapter.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

Environ = dict[str, Any]

BLOCK = b"x" * 100
LARGE = b"x" * 64 * 1024
FILE = Path(__file__)
PLAIN = [("Content-Type", "text/plain")]

inside: set[object] = set()  # running requests, which may outlast their responses


class Failure(Exception):
    """The app's exception."""


def hello(environ: Environ, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Length", "5"), *PLAIN])
    return [b"hello"]


def several(environ: Environ, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", PLAIN)
    return [BLOCK] * 20


def empty(environ: Environ, start_response: Any) -> Iterable[bytes]:
    start_response("204 No Content", [])
    return []


def read(environ: Environ, start_response: Any) -> Iterable[bytes]:
    with _inside():
        size = sum(map(len, iter(lambda: environ["wsgi.input"].read(10_000), b"")))
        start_response("200 OK", PLAIN)
        return [b"%08d" % size]


def stream(environ: Environ, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", PLAIN)
    return (BLOCK for _ in range(20))


def large(environ: Environ, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", PLAIN)
    return (LARGE for _ in range(16))


def endless(environ: Environ, start_response: Any) -> Iterator[bytes]:
    start_response("200 OK", PLAIN)
    with _inside():
        while True:
            yield LARGE


def write(environ: Environ, start_response: Any) -> Iterable[bytes]:
    write = start_response("200 OK", PLAIN)
    write(BLOCK)
    return [BLOCK]


def file(environ: Environ, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", PLAIN)
    wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](FILE.open("rb"))
    return wrapped


def hints(environ: Environ, start_response: Any) -> Iterable[bytes]:
    environ["wsgi.early_hints"]([("Link", "</style.css>; rel=preload")])
    return hello(environ, start_response)


def fails(environ: Environ, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", PLAIN)
    raise Failure("before the head")


def breaks(environ: Environ, start_response: Any) -> Iterator[bytes]:
    start_response("200 OK", PLAIN)
    yield BLOCK
    raise Failure("after the head")


def short(environ: Environ, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Length", "1000")])
    return (BLOCK for _ in range(2))


_APPS = (hello, several, empty, read, stream, large, endless, write, file, hints, fails, breaks, short)
_PATHS = {f"/{each.__name__}": each for each in _APPS}


def app(environ: Environ, start_response: Any) -> Iterable[bytes]:
    return _PATHS[environ["PATH_INFO"]](environ, start_response)


@contextlib.contextmanager
def _inside() -> Iterator[None]:
    request = object()
    inside.add(request)
    try:
        yield
    finally:
        inside.discard(request)
