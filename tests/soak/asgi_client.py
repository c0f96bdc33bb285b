"""Send one request to an app as an ASGI server does, message by message.

Knows the ASGI HTTP specification (2.5). It must not know the app or the adapter.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Literal

Message = dict[str, Any]
ASGIApp = Callable[[Any, Any, Any], Awaitable[None]]

HEADERS = [
    (b"host", b"localhost:8000"),
    (b"user-agent", b"soak"),
    (b"accept", b"*/*"),
    (b"cookie", b"session=0123456789"),
]


class Client:
    """A client, and the server between it and the app."""

    def __init__(
        self,
        path: str,
        *,
        body: Iterable[bytes] = (),
        length: int | None = None,
        headers: Iterable[tuple[bytes, bytes]] = (),
        until: int | None = None,
        then: Literal["leaves", "leaves silently", "stalls"] = "leaves",
        **scope: Any,
    ) -> None:
        """body: the pieces that the client sends. length: of the whole body in bytes; None for a chunked body.

        until: number of messages of the response after which the client does what `then` says; 0 for the end of `body`.
        then: "leaves": the client disconnects, and send() raises (ASGI 2.4). "leaves silently": it disconnects, and
        send() does nothing. "stalls": it stops reading and sending.
        """
        pieces = list(body)
        short = until == 0
        self._events = [
            {"type": "http.request", "body": piece, "more_body": short or number < len(pieces)}
            for number, piece in enumerate(pieces, 1)
        ]
        framing = (b"transfer-encoding", b"chunked") if length is None else (b"content-length", b"%d" % length)
        self._scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.5"},
            "http_version": "1.1",
            "method": "POST" if pieces else "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [*HEADERS, *([framing] if pieces else []), *headers],
            "client": ("127.0.0.1", 50000),
            "server": ("127.0.0.1", 8000),
            **scope,
        }
        self._until, self._then = until, then
        self._reached = asyncio.Event()
        self._messages = self.size = self.status = 0
        self.complete = False

    async def ask(self, app: ASGIApp) -> None:
        """Let the app serve the request. Raises the app's exception."""
        await app(self._scope, self._receive, self._send)

    async def reached(self) -> None:
        """Wait for the condition of `until`."""
        await self._reached.wait()

    async def _receive(self) -> Message:
        if self._events:
            return self._events.pop(0)
        if self._until == 0:
            self._reached.set()
        await self._reached.wait()
        if self._then == "stalls":
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if self._reached.is_set():
            if self._then == "leaves":
                raise ConnectionResetError("the client has left")
            if self._then == "stalls":
                await asyncio.Event().wait()
            return
        self._messages += 1
        self._take(message)
        if self._messages == self._until:
            self._reached.set()

    def _take(self, message: Mapping[str, Any]) -> None:
        kind = message["type"]
        if kind == "http.response.start":
            self.status = message["status"]
        elif kind == "http.response.body":
            self.size += len(message.get("body", b""))
            self.complete = not message.get("more_body", False)
        elif kind in ("http.response.pathsend", "http.response.zerocopysend"):
            self.complete = True
