"""The types of PEP 3333's callables. They have their own module, because a CGI program need not import them.

Pure. It contains types only, and no code that runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Protocol

from .mapping.responses import Head

Write = Callable[[bytes], object]  # the same type as in typeshed
ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]
Item = tuple[Head | None, bytes, bool]  # the response headers or None; a block; True if the block completes the body


class StartResponse(Protocol):
    """PEP 3333, "The start_response() Callable"."""

    def __call__(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None, /) -> Write: ...


WSGIApp = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


class SendFile(Protocol):
    """A server's function for sending files."""

    def size(self, filelike: Any) -> int | None:
        """Return the number of bytes that send() would send; None if it cannot send this file."""

    def send(self, head: Head, filelike: Any, size: int) -> None:
        """Send the response headers and the whole file. Return when the file may be closed."""
