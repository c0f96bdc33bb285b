"""The body of a WSGI request: where it ends, and whether a read would block.

Knows how servers announce a body. It must not know how to read each server's input (source.py), or the code that reads
the body.
"""

from __future__ import annotations

import _socket
import io
import logging
import os
import sys
from collections.abc import Callable
from typing import Any

from ..errors import BadRequest, ClientDisconnected
from ..mapping.lengths import content_length
from .client import descriptor, is_readable
from .source import Source, chunks_of_uwsgi, is_whole, source_of

log = logging.getLogger("gateways.asgi")

BLOCK = 256 * 1024  # size limit of one read of arrived data, in bytes; each read costs two thread switches
AWAITED = 64 * 1024  # size of one read on servers whose read(n) waits for all n bytes, in bytes


class LengthRequired(BadRequest):
    """The server does not decode a chunked body, or does not report its end, so reading it would block forever."""

    status = 411


class WSGIBody:
    """A request body of known length, or whose end the server reports.

    Only one read() may run at a time.
    """

    def __init__(self, environ: dict[str, Any]) -> None:
        """Raises BadRequest if CONTENT_LENGTH is not a number, and LengthRequired if the end is not reported."""
        self._environ, self._stream = environ, environ["wsgi.input"] or io.BytesIO()
        self._known: Source | None = None
        self._connection: int | None = None
        self.interrupted = False
        self._missing: int | None = None
        self._whole = is_whole(self._stream)
        length = environ.get("CONTENT_LENGTH")
        if length:
            self._missing = content_length(length.split(","))
            self.more = self._missing > 0
        elif self._whole:
            self.more = True
        elif environ.get("HTTP_TRANSFER_ENCODING", "identity").lower() == "identity":
            # A request with neither a length nor a transfer coding has no body (RFC 9112, 6.3). But if the server sets
            # input_terminated, a filter may have removed the length of a body. From gunicorn and gevent,
            # input_terminated proves nothing, because they set it for every request.
            ends = environ.get("wsgi.input_terminated") or environ.get("mod_wsgi.input_chunked") == "1"
            self.more = bool(ends) and not type(self._stream).__module__.startswith(("gunicorn.", "gevent."))
        else:
            self.more = True
            self._find_end(environ)

    def _find_end(self, environ: dict[str, Any]) -> None:
        """Raise LengthRequired for a chunked body whose end is not reported. It must not be treated as empty."""
        if environ.get("wsgi.input_terminated") or environ.get("mod_wsgi.input_chunked") == "1":
            return
        if getattr(self._stream, "chunked_input", False):  # eventlet decodes it, but does not set input_terminated
            return
        stream = chunks_of_uwsgi(environ)
        if stream is None:
            raise LengthRequired(
                "this server does not report the end of a chunked body (no wsgi.input_terminated): "
                "send a Content-Length"
            )
        self._stream = stream

    def first(self) -> tuple[bytes, bool] | None:
        """Return the result of read() if the body is empty, or the server has received the whole body; else None.

        Also returns None for a whole body whose Content-Length is more than BLOCK bytes.
        """
        if not self.more:
            return b"", False
        if not self._whole:
            return None
        if self._missing is None:  # the usual case on servers that always set input_terminated
            block = self._stream.read(BLOCK)
            self.more = len(block) == BLOCK
            return block, self.more
        return self.read() if self._missing <= BLOCK else None

    def _source(self) -> Source:
        if self._known is None:
            self._known = Source(self._stream.read, bool, True) if self._whole else source_of(self._stream)
        return self._known

    def ready(self) -> bool:
        """Return True if read() would not block, or cannot run in another thread. Call this in the server's thread."""
        if self._whole:
            return True
        if self._connection is None:
            self._connection = _connection_of(self._environ)
        if self._connection < 0:
            return True  # the connection is unknown, so a read in another thread could not be interrupted
        source = self._source()
        return bool(source.buffered()) or (source.prompt and is_readable(self._connection))

    def read(self) -> tuple[bytes, bool]:
        """Return the next block, and True if more may follow.

        Raises ClientDisconnected if the body ends early, and OSError or the server's exception if it cannot be read.
        """
        source = self._source()
        size = BLOCK if source.prompt else AWAITED
        if self._missing is not None:
            size = min(size, self._missing)
        self.more = False  # stays False if the next line raises
        block = source.read(size)
        if self._missing is None:
            self.more = len(block) == size if self._whole else bool(block)
            return block, self.more
        block = block[: self._missing]
        self._missing -= len(block)
        if self._missing > 0 and not block:
            raise ClientDisconnected(f"the body ended {self._missing} bytes before its Content-Length")
        self.more = self._missing > 0
        return block, self.more

    def interrupt(self) -> None:
        """End a read() that runs in another thread. The connection cannot serve another request: see abandon()."""
        self.interrupted = True
        self._on_connection(lambda sock: sock.shutdown(_socket.SHUT_RD))

    def abandon(self) -> None:
        """Keep the server from treating the rest of an interrupted body as another request. Call this after the
        response.

        A socket that is shut down only for reading still receives data. After it is shut down for writing too, the
        operating system resets the connection when data arrives.
        """

        def end(sock: _socket.socket) -> None:
            sock.shutdown(_socket.SHUT_WR)
            while sock.recv(BLOCK, _socket.MSG_DONTWAIT):
                pass

        self._on_connection(end)

    def _on_connection(self, call: Callable[[_socket.socket], object]) -> None:
        if self._connection is not None and self._connection >= 0:
            sock = _socket.socket(fileno=os.dup(self._connection))  # gevent's class would make it non-blocking
            try:
                call(sock)
            except OSError as error:
                log.debug("the connection has no more data, or has ended: %s", error)
            finally:
                sock.close()


def _connection_of(environ: dict[str, Any]) -> int:
    uwsgi = sys.modules.get("uwsgi")
    if uwsgi is not None and "uwsgi.version" in environ:
        return -1 if environ.get("HTTP_TRANSFER_ENCODING") else int(uwsgi.connection_fd())
    return descriptor(environ)
