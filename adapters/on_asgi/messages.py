"""Convert a WSGI application's response to ASGI messages, including messages that only some servers support.

Knows ASGI HTTP 2.5, "Path Send", "Zero Copy Send" and "Early Hints". It must not know where or when an item was
produced.
"""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..asgi_types import Message, Send
from ..concurrency.outbox import Outbox
from ..mapping.responses import NOT_MODIFIED, Head, head_from_wsgi
from ..run_wsgi.response import WSGIResponse
from .servers import supported

_JOIN = 64 * 1024  # target size for joining queued blocks, in bytes
_FILE_MESSAGES = ("http.response.pathsend", "http.response.zerocopysend")
_PLAIN = (io.BufferedReader, io.BufferedRandom, io.FileIO)


def completes(item: Any) -> bool:
    """Return True if this is the last item of a response."""
    return item["type"] in _FILE_MESSAGES if type(item) is dict else item[2]


def size_of(items: Sequence[Any]) -> int:
    """Return the size in bytes of the blocks among `items`."""
    return sum(len(item[1]) for item in items if type(item) is tuple)


def response_start(head: Head) -> Message:
    """Return `http.response.start`, with the headers in the form that the server supports."""
    status, headers = head.status, head.headers
    if head.dated or status >= NOT_MODIFIED:
        status, headers = supported(status, headers)
    return {"type": "http.response.start", "status": status, "headers": headers}


async def deliver(send: Send, items: list[Any]) -> None:
    """Send the queued items. Small blocks are joined, which delays no block: they were queued while the server
    was busy.
    """
    if len(items) == 1 and type(items[0]) is not dict:
        head, block, last = items[0]
        if head is not None:
            await send(response_start(head))
        return await send({"type": "http.response.body", "body": block, "more_body": not last})
    blocks: list[bytes] = []
    size = 0
    last = None
    for item in items:
        if type(item) is dict:  # a complete ASGI message
            await send(item)
            continue
        head, block, last = item
        if head is not None:
            await send(response_start(head))
        if blocks and size + len(block) > _JOIN:
            await send({"type": "http.response.body", "body": b"".join(blocks), "more_body": True})
            blocks, size = [], 0
        blocks.append(block)
        size += len(block)
    if last is not None:
        body = blocks[0] if len(blocks) == 1 else b"".join(blocks)
        await send({"type": "http.response.body", "body": body, "more_body": not last})


async def deliver_each(send: Send, items: list[Any]) -> None:
    """Send each block in its own message, and the end of the body in a separate message."""
    for item in items:
        head, block, last = (None, b"", False) if type(item) is dict else item
        if type(item) is dict:
            await send(item)
        if head is not None:
            await send(response_start(head))
        if block:
            await send({"type": "http.response.body", "body": block, "more_body": True})
        if last:
            await send({"type": "http.response.body"})


def early_hints(outbox: Outbox, response: WSGIResponse, headers: list[tuple[str, str]]) -> None:
    """Implement `wsgi.early_hints`: send Link headers in a 103 response (RFC 8297), unless the response has begun."""
    if response.begun:
        return
    links = [value for name, value in head_from_wsgi("200 OK", headers).headers if name == b"link"]
    if links:
        outbox.put({"type": "http.response.early_hint", "links": links}, 0)


class SendFile:
    """Sends files with the server's extension: `http.response.pathsend` if available, else `zerocopysend`."""

    def __init__(self, outbox: Outbox, by_path: bool) -> None:
        self._outbox, self._by_path = outbox, by_path

    def size(self, filelike: Any) -> int | None:
        """Return the size in bytes of a regular file that is read from its start; None if it cannot be sent.

        By path, a file cannot be sent if its path now names another file.
        """
        file = _plain_file(filelike)
        if file is None or (self._by_path and file is not filelike):  # close() deletes the path of a temporary file
            return None
        try:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) or file.tell() != 0:
                return None
            if self._by_path and not os.path.samestat(Path(os.fsdecode(file.name)).stat(), status):
                return None
        except (OSError, ValueError):
            return None
        return status.st_size

    def send(self, head: Head, filelike: Any, size: int) -> None:
        """Send the headers and the file, and wait until the server no longer needs the file."""
        file = _plain_file(filelike)
        message = (
            {"type": "http.response.pathsend", "path": os.fspath(Path(os.fsdecode(file.name)).absolute())}
            if self._by_path
            else {"type": "http.response.zerocopysend", "file": file, "offset": 0, "count": size, "more_body": False}
        )
        self._outbox.put(response_start(head), 0)
        self._outbox.put(message, 0)
        self._outbox.drain()


def _plain_file(filelike: Any) -> Any:
    """Return the file object whose read() returns the bytes of its descriptor; None for others, such as a GzipFile."""
    if type(filelike).__module__ == "tempfile":
        filelike = getattr(filelike, "file", filelike)
    raw = getattr(filelike, "raw", filelike)
    named = isinstance(getattr(raw, "name", None), (str, bytes))
    return filelike if type(raw) is io.FileIO and type(filelike) in _PLAIN and named else None
