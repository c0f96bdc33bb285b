"""One line a request, for WSGI apps: the least that can be known of it, at the least cost. Knows WSGI and the clock.

A list goes to the server as it is, counted at once; only what is made block by block gets something around it.
"""

from collections.abc import Callable, Iterable, Iterator, Sized
from itertools import count
from threading import get_ident
from time import perf_counter
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from gateways.trace.events import Record
from gateways.trace.exchange import content_length
from gateways.trace.printable import octets


def access_log(app: WSGIApplication, record: Record) -> WSGIApplication:
    """The app, with one `access` event recorded when it has answered a request."""
    exchanges = count(1)

    def logged(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        began = perf_counter()
        line = _Line(start_response)

        def done(size: int) -> None:
            path = octets(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""))
            request = environ["REQUEST_METHOD"], path, octets(environ.get("QUERY_STRING", ""))
            answer = str(line.status)[:3], line.written + size, perf_counter() - began
            record((began, get_ident(), next(exchanges), "access", (*request, *answer)))

        try:
            result = app(environ, line.start)
        except BaseException:
            done(0)
            raise
        if type(result) in (list, tuple):  # the app has done its part
            done(sum(map(len, result)))
            return result
        if is_file(result, environ):
            done(content_length(line.headers))
            return result
        return _SizedCounted(result, done) if isinstance(result, Sized) else _Counted(result, done)

    return logged


class _Line:
    """What an app says of its answer when it starts it."""

    def __init__(self, start_response: StartResponse) -> None:
        self.status: object = ""
        self.headers: object = None
        self.written = 0
        self._start_response = start_response

    def start(self, status: str, headers: Any, *rest: Any, **named: Any) -> Callable[[bytes], object]:
        self.status, self.headers = status, headers
        self._write = self._start_response(status, headers, *rest, **named)
        return self._counted_write

    def _counted_write(self, data: bytes) -> object:
        self.written += len(data)
        return self._write(data)


class _Counted:
    """An app's iterable whose bytes are counted until the server closes it."""

    def __init__(self, result: Any, done: Callable[[int], None]) -> None:
        self._result = result
        self._done = done
        self._size = 0

    def __iter__(self) -> Iterator[bytes]:
        for block in self._result:
            self._size += len(block)
            yield block

    def close(self) -> None:
        try:
            if hasattr(self._result, "close"):
                self._result.close()
        finally:
            self._done(self._size)


class _SizedCounted(_Counted):
    """Of an app that returned something like a list."""

    def __len__(self) -> int:
        return len(self._result)


def is_file(result: Iterable[bytes], environ: WSGIEnvironment) -> bool:
    """The server sends a file in its own way, and knows it by its own class: from here on it is out of our sight."""
    wrapper = environ.get("wsgi.file_wrapper")
    return isinstance(wrapper, type) and isinstance(result, wrapper)
