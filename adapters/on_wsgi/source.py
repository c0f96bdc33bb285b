"""wsgi.input of each server: how to read only the data that has arrived, and how to detect that data has arrived.

PEP 3333 has only read(n). On most servers, it waits for all n bytes, so an application would get a slow upload in
blocks of 64 KiB. Knows the input objects of servers. It must not know the length of a body, or the code that reads it.
"""

from __future__ import annotations

import io
import logging
import stat
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from os import fstat
from typing import Any, NamedTuple

log = logging.getLogger("gateways.asgi")

_UNSUPPORTED = io.BufferedIOBase.read1  # a class that defines only read() inherits this method, which raises


class Source(NamedTuple):
    """The functions that read one kind of input."""

    read: Callable[[int], bytes]
    """Return up to `size` bytes; b"" at the end. Waits for one byte if `prompt`, otherwise for all `size` bytes."""
    buffered: Callable[[], Any]
    """Return True if read() has buffered bytes."""
    prompt: bool


def is_whole(stream: Any) -> bool:
    """Return True if the server has received the whole body.

    Reading the input to its end is then safe: it does not block, and it does not read data of another request.
    """
    kind = type(stream)
    if kind is io.BytesIO:
        return True
    if isinstance(stream, io.BytesIO) or kind.__name__ == "SpooledTemporaryFile":
        return True
    if kind.__module__ in ("waitress.buffers", "twisted.web.wsgi"):  # these servers have spooled the body
        return True
    if kind is io.BufferedReader:
        with suppress(OSError, ValueError):
            return stat.S_ISREG(fstat(stream.fileno()).st_mode)
    return False


def source_of(stream: Any) -> Source:
    """Return the source for an input, chosen by its type."""
    if type(stream).__module__.startswith("gunicorn.") and hasattr(stream, "reader"):
        return _gunicorn(stream)
    decoded = _decoded(stream)
    if decoded is not None:
        return decoded
    if getattr(type(stream), "read1", _UNSUPPORTED) is not _UNSUPPORTED:
        return Source(stream.read1, lambda: _arrived(stream), True)
    reader = _reader_below(stream)
    if _socket_of(reader) is not None:  # cheroot, gevent and eventlet: stream.read() counts the bytes
        return _counted(stream, reader)
    return Source(stream.read, bool, False)


def _decoded(stream: Any) -> Source | None:
    """Return the source of an input that decodes a chunked body; None for any other input."""
    if getattr(stream, "chunked_input", False):  # gevent and eventlet
        return _chunks(stream, stream.rfile, lambda: max(0, stream.chunk_length - stream.position))
    if isinstance(getattr(stream, "buffer", None), bytes):  # cheroot, which reads one chunk at a time
        trailers = getattr(stream, "read_trailer_lines", tuple)  # the next request would begin with unread trailers
        return _chunks(stream, _reader_below(stream), lambda: len(stream.buffer), trailers)
    if hasattr(stream, "read_chunk_len"):  # werkzeug
        return _chunks(stream, getattr(stream, "_rfile", None), lambda: getattr(stream, "_len", 0))
    return None


def chunks_of_uwsgi(environ: dict[str, Any]) -> Any:
    """Return a stream of the chunked body on uWSGI, whose wsgi.input does not contain it; None on other servers."""
    uwsgi = sys.modules.get("uwsgi")
    return _UWSGIChunks(uwsgi) if uwsgi is not None and "uwsgi.version" in environ else None


class _UWSGIChunks:
    """The chunks of uwsgi.chunked_read() as a stream. Use it only in the request's thread."""

    def __init__(self, uwsgi: Any) -> None:
        self._uwsgi, self._rest = uwsgi, b""

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes. Raises OSError when uWSGI's timeout for the client has expired."""
        block = self._rest or self._uwsgi.chunked_read()
        self._rest = block[size:]
        return bytes(block[:size])


def _gunicorn(body: Any) -> Source:
    """Return the source of gunicorn's Body. It bypasses Body.read(), which waits for at least 1 KiB of data."""
    reader = body.reader

    def ahead() -> int:
        return int((reader.buf if hasattr(reader, "buf") else reader.unreader.buf).tell())

    def read(size: int) -> bytes:
        if body.buf.tell():  # a middleware has read a line
            return bytes(body.read(min(size, body.buf.tell())))
        try:
            first = b"" if ahead() else reader.read(1)
            return bytes(first + reader.read(min(size - len(first), ahead())))
        except Exception:
            body.failed = True  # like Body.read(): the connection must not be reused
            raise

    def buffered() -> bool:
        if body.buf.tell() or ahead():
            return True
        unreader = getattr(reader, "unreader", None) or getattr(getattr(reader, "req", None), "unreader", None)
        return unreader is not None and bool(unreader.buf.tell())

    return Source(read, buffered, True)


def _chunks(
    stream: Any, reader: Any, rest: Callable[[], int], trailers: Callable[[], Iterable[bytes]] | None = None
) -> Source:
    """Return the source of an input that decodes chunks. Its read() blocks only for the first byte of a chunk.

    rest: returns the number of bytes of the current chunk that were not read yet.
    trailers: reads the trailers. Only for a server that reads whole chunks, so all bytes of a chunk arrive together.

    Without `trailers`, read() returns only the bytes of the chunk that `reader`, the connection's reader, can supply
    without blocking.
    """

    def read(size: int) -> bytes:
        first = b"" if trailers and rest() else stream.read(1)
        more = min(size - len(first), rest())
        if trailers and not first and not more:
            for line in trailers():
                log.debug("dropped a trailer: %r", line)
        if first and not trailers and _socket_of(reader) is not None:
            more = min(more, _arrived(reader))
        return bytes(first + stream.read(more) if more > 0 else first)

    return Source(read, lambda: _arrived(reader), True)


def _counted(stream: Any, reader: Any) -> Source:
    """Return the source of an input whose read() counts the bytes that it takes from the connection's `reader`.

    The source first calls the input's read(1), which may block. Only the input's read() detects that a request has no
    body, and only it sends 100 Continue. Reading from `reader` does neither.
    """

    def read(size: int) -> bytes:
        first = stream.read(1)
        more = min(size - 1, _arrived(reader)) if first and size > 1 else 0
        return bytes(first + stream.read(more) if more > 0 else first)

    return Source(read, lambda: _arrived(reader), True)


def _reader_below(stream: Any) -> Any:
    """Return the connection's buffered reader that an input uses; None if there is no such reader."""
    reader = getattr(stream, "rfile", None)
    while reader is not None and not hasattr(reader, "peek"):
        reader = getattr(reader, "rfile", None)
    return reader


def _socket_of(reader: Any) -> Any:
    """Return the socket of a buffered reader; None if it is not accessible."""
    return getattr(getattr(reader, "raw", None), "_sock", None)


def _arrived(reader: Any) -> int:
    """Return the number of bytes that a buffered reader has, or can read without blocking.

    peek() alone could block.
    """
    sock = _socket_of(reader)
    if sock is None:
        return 0
    timeout = sock.gettimeout()
    sock.settimeout(0)
    try:
        return len(reader.peek(1))
    except (OSError, ValueError):  # an incomplete TLS record; or the reader is closed, and the next read() will raise
        return 0
    finally:
        sock.settimeout(timeout)
