"""One response of a WSGI application (PEP 3333): start_response(), write(), and an iterable of blocks.

Knows the order that PEP 3333 requires, and the valid types of a body. It must not know where the blocks go, and must
not use a thread or a loop. It runs in the application's thread, and calls `put`.
"""

from __future__ import annotations

from _collections_abc import Sized  # already loaded; `import collections` makes a small CGI program a tenth slower

from ..errors import AppProtocolError
from ..mapping.responses import body_block, has_body, head_from_wsgi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from ..mapping.responses import Head
    from ..wsgi_types import ExcInfo, Item, SendFile, Write, WSGIApp

JOIN_BYTES = 1024 * 1024  # size limit in bytes for joining a list of blocks into one block


class FileWrapper:
    """`wsgi.file_wrapper` (PEP 3333, "Optional Platform-Specific File Handling"): iterates over the blocks of a file.

    It has the methods close(), seek() and tell() if the file has them. werkzeug and whitenoise call seek() for range
    requests.
    """

    def __init__(self, filelike: Any, block_size: int = 256 * 1024) -> None:
        self.filelike = filelike
        self.block_size = block_size
        for name in ("close", "seek", "tell"):
            if hasattr(filelike, name):
                setattr(self, name, getattr(filelike, name))

    def seekable(self) -> bool:
        """Return True if seek() works."""
        if hasattr(self.filelike, "seekable"):
            return bool(self.filelike.seekable())
        return hasattr(self.filelike, "seek")

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        block: bytes = self.filelike.read(self.block_size)
        if not block:
            raise StopIteration
        return block


class WSGIResponse:
    """One response of one application.

    Each item is passed to `put` before the application's next block is requested. answer() returns the items of a list
    or tuple instead. Nothing is sent before the first non-empty block, the first write(), or the end of the body. Until
    then, start_response() may replace the response headers.
    """

    _head: Head | None = None
    _missing: int | None = None  # number of bytes that must follow according to Content-Length; None if unknown

    def __init__(
        self,
        put: Callable[[Item, int], object],
        method: str,
        verbatim: bool = False,
        dropped: Callable[[str], object] | None = None,
    ) -> None:
        """put: called with an item, and the size of its block in bytes. method: the method of the request.

        verbatim: add no Content-Length, and send each block separately. dropped: called with the name of each
        hop-by-hop header, which is left out.
        """
        self._put = put
        self._to_head = method == "HEAD"
        self._verbatim = verbatim
        self._dropped = dropped
        self._called = self._sent = self._complete = self._bodiless = False

    @property
    def begun(self) -> bool:
        """Return True if the response headers have been passed to `put`."""
        return self._sent

    def start_response(self, status: str, headers: list[tuple[str, str]], exc_info: ExcInfo | None = None) -> Write:
        """Store the response headers (PEP 3333). A second call requires exc_info, and replaces the first headers.

        Raises AppProtocolError for headers that HTTP does not allow, and the exception of `exc_info` if the first
        headers have already been sent.
        """
        if exc_info:
            try:
                if self._sent:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None  # PEP 3333: avoid a circular reference
        elif self._called:
            raise AppProtocolError(
                f"start_response() was called again, with {status!r}; PEP 3333 allows a second call only to report an"
                f" error: pass exc_info=sys.exc_info()"
            )
        self._called = True  # set before the check, because PEP 3333 also counts a call that raises
        self._head = head_from_wsgi(status, headers, self._dropped)
        return self.write

    def write(self, block: bytes) -> None:
        """Send a block immediately. PEP 3333 supports this for old applications.

        The first call sends the headers, even if the block is empty ("The start_response() Callable").
        """
        if self._complete and block and not self._bodiless:
            raise AppProtocolError(f"write() was given {len(block)} bytes beyond the Content-Length")
        self._block(block, written=True)

    def answer(self, app: WSGIApp, environ: dict[str, Any], send_file: SendFile | None = None) -> list[Item]:
        """Run `app`. Return the items that remain to be sent; an empty list if all items were passed to `put`.

        Raises the application's exceptions, ClientDisconnected from `put`, and AppProtocolError. In each case, the
        iterable's close() has been called once.
        """
        result = app(environ, self.start_response)
        if (type(result) is list or type(result) is tuple) and not self._sent and not self._verbatim:
            return self._whole(result)
        try:
            if send_file is None or type(result) is not FileWrapper or not self._send_file(result, send_file):
                self._iterate(result)
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()
        return []

    def _commit(self, size: int | None = None) -> Head:
        """Return the final response headers. `size`: the size of the whole body in bytes, if known."""
        head = self._head
        if head is None:
            raise AppProtocolError("the application returned a body before it called start_response()")
        bodiless = head.status != 200 and not has_body(head.status)  # 200 is usual, and needs no call
        adds_length = head.length is None and not self._verbatim and not bodiless
        if size is not None and adds_length and (size or not self._to_head):
            head.headers.append((b"content-length", b"%d" % size))
            head.length = size
        self._bodiless = bodiless = bodiless or self._to_head
        self._missing = None if bodiless else head.length
        return head

    def _whole(self, blocks: list[bytes] | tuple[bytes, ...]) -> list[Item]:
        """Return the items of a body that is complete in memory. Small bodies are joined into one block."""
        if len(blocks) == 1:
            body = blocks[0]
            if type(body) is not bytes:
                body = _octets(body)
            total = len(body)
        else:
            blocks = [_octets(block) for block in blocks]
            total = sum(map(len, blocks))
            body = b"".join(blocks) if total <= JOIN_BYTES else b""
        head = self._commit(total)
        if self._bodiless:
            return [(head, b"", True)]
        if head.length != total:
            if total < (head.length or 0):
                raise _short(head.length, total)
            _surplus()
            return [(head, b"".join(blocks)[: head.length], True)]
        if total and not body:
            return [(head, b"", False), *((None, block, False) for block in blocks), (None, b"", True)]
        return [(head, body, True)]

    def _iterate(self, blocks: Iterable[bytes]) -> None:
        # PEP 3333, "Handling the Content-Length Header": if the length of the iterable is 1, its block is the body.
        only = isinstance(blocks, Sized) and len(blocks) == 1 and not self._sent
        for block in blocks:
            self._block(block, only)
            if self._complete:
                return  # PEP 3333: stop iterating when enough data has been sent
        self._end()

    def _block(self, block: bytes, only: bool = False, written: bool = False) -> None:
        if type(block) is not bytes:
            block = _octets(block)
        if not block and (self._sent or not written):
            return
        head = None
        if not self._sent:
            head = self._commit(len(block) if only else None)
        missing = self._missing
        if missing is not None:
            if len(block) > missing:
                _surplus()
                block = block[:missing]
            self._missing = missing = missing - len(block)
        self._complete = missing == 0 or self._bodiless
        self._sent = True
        if self._bodiless:
            block = b""
        self._put((head, block, self._complete), len(block))

    def _end(self) -> None:
        """End the body after the last block. Raises AppProtocolError if part of the body is missing."""
        if self._complete:
            return
        head = None if self._sent else self._commit(0)
        if self._missing:
            length = self._head.length if self._head else None
            raise _short(length, (length or 0) - self._missing)
        self._sent = self._complete = True
        self._put((head, b"", True), 0)

    def _send_file(self, result: FileWrapper, send_file: SendFile) -> bool:
        """Let the server send the file. Return False, without having sent anything, if the server cannot send it."""
        if self._sent or self._head is None or self._to_head or not has_body(self._head.status):
            return False
        size = send_file.size(result.filelike)
        if not size or self._head.length not in (None, size):
            return False
        head = self._commit(size)
        self._sent = self._complete = True
        send_file.send(head, result.filelike, size)
        return True


def warn_of_dropped(name: str) -> None:
    """Log that a hop-by-hop header was left out. Call it once per application."""
    from logging import getLogger

    getLogger("gateways.wsgi").warning(
        "the application set the hop-by-hop header %r; it was dropped, because PEP 3333 (The start_response()"
        " Callable) leaves such headers to the server. Remove it from the application. Further headers of"
        " this kind are dropped without a warning",
        name,
    )


def _octets(block: Any) -> bytes:
    return body_block(block, "the application returned the block", "PEP 3333")


def _short(promised: int | None, given: int) -> AppProtocolError:
    return AppProtocolError(f"the application announced a Content-Length of {promised} bytes and returned {given}")


def _surplus() -> None:
    from logging import getLogger

    getLogger("gateways.wsgi").warning("the application returned more than its Content-Length; the rest is not sent")
