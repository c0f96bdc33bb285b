"""The body of a WSGI request as the messages of ASGI (ASGI HTTP 2.5, "Request"), read in the server's thread.

Knows how servers offer a body and where one ends. It must not know who receives it.
"""

from __future__ import annotations

import io
import logging
from typing import Any

from ..asgi_types import Message
from ..mapping.lengths import content_length

log = logging.getLogger("gateways.asgi")

BLOCK = 64 * 1024  # bytes of a request's body that are read at a time
_UNSUPPORTED = io.BufferedIOBase.read1  # what a class inherits that defines read() only: it raises


class WSGIBody:
    """The body of a request, read in the server's thread: never past its length; without one if it ends itself."""

    def __init__(self, environ: dict[str, Any]) -> None:
        """Raises BadRequest for a CONTENT_LENGTH that is no number."""
        stream = environ["wsgi.input"] or io.BytesIO()
        self._read = getattr(stream, "read1", stream.read)  # read1() gives what has arrived; read() may wait for all
        if getattr(type(stream), "read1", None) is _UNSUPPORTED:
            self._read = stream.read
        self._arrived = isinstance(stream, io.BytesIO) or type(stream).__module__ == "waitress.buffers"
        length = environ.get("CONTENT_LENGTH")
        self._missing: int | None = None
        if length:
            self._missing = content_length(length.split(","))
            self.more = self._missing > 0
        else:
            self.more = bool(environ.get("wsgi.input_terminated")) or environ.get("mod_wsgi.input_chunked") == "1"

    def first(self) -> list[Message]:
        """What the application need not ask for: an empty body, or a small one that has already arrived."""
        if not self.more:
            return [{"type": "http.request", "body": b"", "more_body": False}]
        if self._arrived and self._missing is not None and self._missing <= BLOCK:
            return [self.read()]
        return []

    def read(self) -> Message:
        """The next part of the body; a body that ends too soon, or cannot be read, is a disconnect."""
        try:
            block = self._read(BLOCK if self._missing is None else min(BLOCK, self._missing))
        except Exception as error:
            log.info("the body of a request could not be read: %r", error)
            self.more = False
            return {"type": "http.disconnect"}
        if self._missing is None:
            self.more = bool(block)
        else:
            block = block[: self._missing]
            self._missing -= len(block)
            self.more = self._missing > 0 and bool(block)
            if self._missing > 0 and not block:
                return {"type": "http.disconnect"}
        return {"type": "http.request", "body": block, "more_body": self.more}
