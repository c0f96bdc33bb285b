"""The body of a WSGI request: where it ends, and whether a read would wait.

Knows how servers announce a body. How each lets it be read is source.py's matter. It must not know who receives it.
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

BLOCK = 64 * 1024  # bytes of a request's body that are read at a time


class LengthRequired(BadRequest):
    """The server does not decode a chunked body, or does not say where it ends: reading it would wait for ever."""

    status = 411


class WSGIBody:
    """The body of a request: never read past its length; without one if it ends itself. One read() at a time."""

    def __init__(self, environ: dict[str, Any]) -> None:
        """Raises BadRequest for a CONTENT_LENGTH that is not a number, LengthRequired if the end cannot be known."""
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
            # RFC 9112, 6.3: no length, no transfer coding, no body. gunicorn says of each body that it ends itself;
            # elsewhere a filter of the server may have taken the length away.
            ends = environ.get("wsgi.input_terminated") or environ.get("mod_wsgi.input_chunked") == "1"
            self.more = bool(ends) and not type(self._stream).__module__.startswith("gunicorn.")
        else:
            self.more = True
            self._find_end(environ)

    def _find_end(self, environ: dict[str, Any]) -> None:
        """For a chunked body: an empty one in its place would be the one wrong answer."""
        if environ.get("wsgi.input_terminated") or environ.get("mod_wsgi.input_chunked") == "1":
            return
        if getattr(self._stream, "chunked_input", False):  # eventlet decodes it, and does not say so
            return
        stream = chunks_of_uwsgi(environ)
        if stream is None:
            raise LengthRequired(
                "this server does not say where a chunked body ends (no wsgi.input_terminated): send a Content-Length"
            )
        self._stream = stream

    def first(self) -> tuple[bytes, bool] | None:
        """What need not be waited for: an empty body, or the start of one that has arrived, as read() returns it."""
        if not self.more:
            return b"", False
        if not self._whole:
            return None
        if self._missing is None:  # most requests of servers that say of each that its body ends by itself
            block = self._stream.read(BLOCK)
            self.more = len(block) == BLOCK
            return block, self.more
        return self.read() if self._missing <= BLOCK else None

    def _source(self) -> Source:
        if self._known is None:
            self._known = Source(self._stream.read, bool, True) if self._whole else source_of(self._stream)
        return self._known

    def ready(self) -> bool:
        """Whether read() would return at once, or can only be called in the server's thread. From that thread."""
        if self._whole:
            return True
        if self._connection is None:
            self._connection = _connection_of(self._environ)
        if self._connection < 0:
            return True  # nothing could interrupt() it
        source = self._source()
        return bool(source.buffered()) or (source.prompt and is_readable(self._connection))

    def read(self) -> tuple[bytes, bool]:
        """The next block, and whether there may be more.

        Raises ClientDisconnected where the body ends too soon, OSError or what the server raises if it cannot be read.
        """
        source = self._source()
        size = BLOCK if self._missing is None else min(BLOCK, self._missing)
        self.more = False  # if this raises
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
        """End a read() that waits in another thread. The connection must not carry another request: see abandon()."""
        self.interrupted = True
        self._on_connection(lambda sock: sock.shutdown(_socket.SHUT_RD))

    def abandon(self) -> None:
        """After the response to an interrupted body: whatever still comes must not be taken for another request.

        A socket that is shut down for reading only still gets data; once it is shut down for writing as well, the
        system resets the connection instead.
        """

        def end(sock: _socket.socket) -> None:
            sock.shutdown(_socket.SHUT_WR)
            while sock.recv(BLOCK, _socket.MSG_DONTWAIT):
                pass

        self._on_connection(end)

    def _on_connection(self, call: Callable[[_socket.socket], object]) -> None:
        if self._connection is not None and self._connection >= 0:
            sock = _socket.socket(fileno=os.dup(self._connection))  # not socket.socket: gevent's changes its mode
            try:
                call(sock)
            except OSError as error:
                log.debug("the connection has nothing more to read, or has ended: %s", error)
            finally:
                sock.close()


def _connection_of(environ: dict[str, Any]) -> int:
    uwsgi = sys.modules.get("uwsgi")
    if uwsgi is not None and "uwsgi.version" in environ:
        return -1 if environ.get("HTTP_TRANSFER_ENCODING") else int(uwsgi.connection_fd())
    return descriptor(environ)
