"""Parse the start of a response that a WSGI server has written: its headers, and the framing of the body.

Pure: knows HTTP/1.1 framing (RFC 9112, 6). It must not know sockets or servers.
"""

from __future__ import annotations

import re
from typing import NamedTuple

MARK = b": detached\n\n"  # a body that can be recognised in the output; event stream clients ignore it as a comment

_MAX_HEAD = 256 * 1024  # size limit of response headers in bytes
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked[ \t]*\r\n", re.IGNORECASE).search
_ENCODED = re.compile(rb"\r\n(?:transfer-encoding|content-length):", re.IGNORECASE).search
_CLOSES = re.compile(rb"\r\nconnection:[ \t]*close[ \t]*\r\n", re.IGNORECASE).search
_CONNECTION = re.compile(rb"\r\n(?:connection|keep-alive):[^\r]*(?=\r\n)", re.IGNORECASE)


class Unexpected(Exception):
    """The server has written something unexpected. The response cannot be continued without the server."""


class Start(NamedTuple):
    """The start of a response that this package continues without the server."""

    head: bytes
    """The status line and the headers, with the empty line. They announce that the connection will be closed."""
    chunked: bool


def start_of(written: bytes) -> Start | None:
    """Return the start of a response whose body begins with MARK; None if `written` is incomplete.

    Raises Unexpected for any other output, e.g. if the server compresses the body or adds a Content-Length.
    """
    head, end, body = written.partition(b"\r\n\r\n")
    if not end:
        if len(written) > _MAX_HEAD:
            raise Unexpected(f"the server wrote more than {_MAX_HEAD} bytes of response headers")
        return None
    head += b"\r\n"
    if head[:7] != b"HTTP/1." or head[8:10] == b" 1":
        raise Unexpected(f"the server wrote {head[:20]!r} instead of a status line")
    chunked = _CHUNKED(head) is not None
    if not chunked and _ENCODED(head):
        raise Unexpected("the server set a Content-Length, or a transfer coding other than chunked")
    if chunked:
        content, whole = _first_chunk(body)
    else:
        content, whole = body, len(body) >= len(MARK)
    if not MARK.startswith(content) or (whole and content != MARK):
        raise Unexpected(f"the server wrote {content[:40]!r} instead of {MARK!r}")
    if not whole:
        return None
    if not _CLOSES(head):
        head = _CONNECTION.sub(b"", head) + b"Connection: close\r\n"
    return Start(head + b"\r\n", chunked)


def _first_chunk(body: bytes) -> tuple[bytes, bool]:
    """Return the data of the first chunk, and True if the chunk is complete. Raises Unexpected if data follows it."""
    line, end, rest = body.partition(b"\r\n")
    if not end:
        return b"", False
    try:
        size = int(line, 16)
    except ValueError:
        raise Unexpected(f"the server wrote {line[:40]!r} instead of the size of a chunk") from None
    data, after = rest[:size], rest[size:]
    if not b"\r\n".startswith(after):
        raise Unexpected(f"the server wrote {after[:40]!r} after the first chunk")
    return data, after == b"\r\n"
