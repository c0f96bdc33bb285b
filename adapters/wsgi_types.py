"""The types of PEP 3333's callables, in their own module: a CGI program does not import them.

Knows types only; contains no values and no code that runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Protocol

from .mapping.responses import Head

Write = Callable[[bytes], object]  # as in typeshed, so that the two are compatible
ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]
Item = tuple[Head | None, bytes, bool]  # the response headers, once; a block; True if it completes the body


class StartResponse(Protocol):
    """PEP 3333, "The start_response() Callable"."""

    def __call__(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None, /) -> Write: ...


WSGIApp = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


class SendFile(Protocol):
    """A server's own way to send a file."""

    def size(self, filelike: Any) -> int | None:
        """Return the number of bytes it would send, None if it cannot send this file."""

    def send(self, head: Head, filelike: Any, size: int) -> None:
        """Send the headers and the whole file; return when the file may be closed."""
