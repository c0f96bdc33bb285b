"""Record one line per request of a WSGI app, at the lowest possible cost. Knows WSGI and the clock.

A list, a tuple or the server's file wrapper is passed to the server unchanged, and its bytes are counted immediately.
Other iterables are wrapped. This module must not know servers.
"""

from collections.abc import Callable, Iterable, Iterator, Sized
from itertools import count
from math import inf
from threading import get_ident
from time import perf_counter
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from gateways.events.events import Record, flaw
from gateways.events.exchange import content_length
from gateways.events.printable import octets


def access_log(app: WSGIApplication, record: Record) -> WSGIApplication:
    """Return the app in a wrapper that records one `access` event per request."""
    exchanges = count(1)

    def logged(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        began = perf_counter()
        line = _Line(start_response)

        def done(size: int, wrong: str = "") -> None:
            path = octets(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""))
            request = environ["REQUEST_METHOD"], path, octets(environ.get("QUERY_STRING", ""))
            answer = line.status, line.written + size, perf_counter() - began
            wrong = wrong or ("" if line.status else "no answer")
            record(
                (
                    began,
                    get_ident(),
                    next(exchanges),
                    "access",
                    (*request, *answer, wrong, _client(environ), environ.get("SERVER_PROTOCOL")),
                )
            )

        try:
            result = app(environ, line.start)
        except BaseException as error:
            done(0, flaw(error))
            raise
        if type(result) in (list, tuple):  # the app has finished
            done(sum(map(len, result)))
            return result
        if is_file(result, environ):
            done(content_length(line.headers))
            return result
        counted = _SizedCounted if isinstance(result, Sized) else _Counted
        return counted(result, done, lambda: _wanted(environ, line))

    return logged


def _client(environ: WSGIEnvironment) -> tuple[str, str] | None:
    """Return the client's address and port; None for a Unix socket. The port is "" if it is unknown."""
    address = environ.get("REMOTE_ADDR")
    return (address, environ.get("REMOTE_PORT", "")) if address else None


def _wanted(environ: WSGIEnvironment, line: "_Line") -> float:
    """Return the number of bytes after which a server may stop reading an iterable."""
    if environ["REQUEST_METHOD"] == "HEAD" or line.status in (204, 304):
        return 0
    return content_length(line.headers) or inf


class _Line:
    """The start_response() of a request. It records the status, the headers, and the number of bytes of write()."""

    def __init__(self, start_response: StartResponse) -> None:
        self.status = 0
        self.headers: object = None
        self.written = 0
        self._start_response = start_response

    def start(self, status: str, headers: Any, *rest: Any, **named: Any) -> Callable[[bytes], object]:
        self._write = self._start_response(status, headers, *rest, **named)  # may raise
        self.status, self.headers = int(status[:3]) if status[:3].isdecimal() else 0, headers
        return self._counted_write

    def _counted_write(self, data: bytes) -> object:
        self.written += len(data)
        return self._write(data)


class _Counted:
    """An app's iterable. It counts the bytes until the server closes it."""

    def __init__(self, result: Any, done: Callable[[int, str], None], wanted: Callable[[], float]) -> None:
        self._result = result
        self._done = done
        self._wanted = wanted
        self._size = 0
        self._flaw = "cut off"

    def __iter__(self) -> Iterator[bytes]:
        try:
            for block in self._result:
                self._size += len(block)
                yield block
        except GeneratorExit:
            raise
        except BaseException as error:
            self._flaw = flaw(error)
            raise
        self._flaw = ""

    def close(self) -> None:
        try:
            if hasattr(self._result, "close"):
                self._result.close()
        finally:
            is_enough = self._flaw == "cut off" and self._size >= self._wanted()
            self._done(self._size, "" if is_enough else self._flaw)


class _SizedCounted(_Counted):
    """The iterable for an app that returned an object with a length."""

    def __len__(self) -> int:
        return len(self._result)


def is_file(result: Iterable[bytes], environ: WSGIEnvironment) -> bool:
    """Return True for the server's file wrapper. It must not be wrapped, because the server recognises its class."""
    wrapper = environ.get("wsgi.file_wrapper")
    return isinstance(wrapper, type) and isinstance(result, wrapper)
