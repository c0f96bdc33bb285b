"""Observe a WSGI app: its environ, its reads, its response headers, each block, and its end.

Knows PEP 3333. It must not know CGI or ASGI. The app's behaviour does not change. write(), close(), the length of a
list and the server's wsgi.file_wrapper work as before, and each step only records a tuple.
"""

from collections.abc import Callable, Iterable, Iterator, Sized
from itertools import count
from threading import get_ident
from time import perf_counter
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from gateways.events.events import Record, raised
from gateways.wsgi.access import access_log, is_file

__all__ = ["access_log", "watch"]

Note = Callable[[str, Any], None]


def watch(app: WSGIApplication, record: Record) -> WSGIApplication:
    """Return the app in a wrapper that records each step between the app and its server."""
    exchanges = count(1)

    def watched(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        exchange = next(exchanges)

        def note(kind: str, data: Any) -> None:
            record((perf_counter(), get_ident(), exchange, kind, data))

        note("environ", environ.copy())
        environ["wsgi.input"] = _Input(environ["wsgi.input"], note)
        try:
            result = app(environ, _noted(start_response, note))
        except BaseException as error:
            note("raised", raised(error))
            note("end", None)
            raise
        note("returned", (type(result).__name__, len(result) if isinstance(result, Sized) else None))
        return _watched(result, environ, note)

    return watched


def _noted(start_response: StartResponse, note: Note) -> StartResponse:
    def noted(status: str, headers: Any, *rest: Any, **named: Any) -> Callable[[bytes], object]:
        note("start_response", (status, headers.copy() if isinstance(headers, list) else headers, bool(rest or named)))
        write = start_response(status, headers, *rest, **named)

        def noted_write(data: bytes) -> object:
            note("write", data)
            return write(data)

        return noted_write

    return noted


def _watched(result: Iterable[bytes], environ: WSGIEnvironment, note: Note) -> Iterable[bytes]:
    """Wrap the app's return value, without hiding its length or its file wrapper from the server."""
    if is_file(result, environ):
        note("file", type(result).__name__)
        note("end", None)
        return result
    return _SizedBlocks(result, note) if isinstance(result, Sized) else _Blocks(result, note)


class _Blocks:
    """An app's iterable. It records each block, and the end when the server closes it."""

    def __init__(self, result: Any, note: Note) -> None:
        self._result = result
        self._note = note

    def __iter__(self) -> Iterator[bytes]:
        try:
            for block in self._result:
                self._note("block", block)
                yield block
        except GeneratorExit:
            raise
        except BaseException as error:
            self._note("raised", raised(error))
            raise

    def close(self) -> None:
        try:
            if hasattr(self._result, "close"):
                self._note("close", None)
                self._result.close()
        finally:
            self._note("end", None)


class _SizedBlocks(_Blocks):
    """The iterable for an app that returned a list or another object with a length. Servers compute Content-Length from
    a list of one block.
    """

    def __len__(self) -> int:
        return len(self._result)


class _Input:
    """The wsgi.input of the app. It records the reads and passes everything else to the server's object."""

    def __init__(self, stream: Any, note: Note) -> None:
        self._stream = stream
        self._note = note

    def read(self, *args: Any) -> bytes:
        data: bytes = self._stream.read(*args)
        self._note("read", ("read", args, data))
        return data

    def readline(self, *args: Any) -> bytes:
        data: bytes = self._stream.readline(*args)
        self._note("read", ("readline", args, data))
        return data

    def readlines(self, *args: Any) -> list[bytes]:
        lines: list[bytes] = self._stream.readlines(*args)
        self._note("read", ("readlines", args, b"".join(lines)))
        return lines

    def __iter__(self) -> Iterator[bytes]:
        for line in self._stream:
            self._note("read", ("__next__", (), line))
            yield line

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
