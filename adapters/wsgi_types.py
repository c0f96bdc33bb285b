"""What PEP 3333 has callables take and return, as types, in a module of their own: a CGI program does not pay for them.

Knows no values, and nothing that runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Protocol

from .mapping.responses import Head

Write = Callable[[bytes], object]  # as typeshed has it, so that either fits the other
ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]
Item = tuple[Head | None, bytes, bool]  # the head, once; a block; whether the body is complete with it


class StartResponse(Protocol):
    """PEP 3333, "The start_response() Callable"."""

    def __call__(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None, /) -> Write: ...


WSGIApp = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


class SendFile(Protocol):
    """A server's own way to send a file."""

    def size(self, filelike: Any) -> int | None:
        """How many bytes it would send, None where it cannot send this one."""

    def send(self, head: Head, filelike: Any, size: int) -> None:
        """Send the head and all of the file; returns when the file may be closed."""
