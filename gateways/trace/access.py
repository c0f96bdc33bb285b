"""One line a request, for ASGI apps: the least that can be known of it, at the least cost.

Knows ASGI and the clock. Two of the sides use it: an app behind the CGI host is seen through ASGI too.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from itertools import count
from threading import get_ident
from time import perf_counter
from typing import Any

from gateways.trace.events import Record

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]


def access_log(app: ASGIApp, record: Record) -> ASGIApp:
    """The app, with one `access` event recorded when a request has been answered. Lifespan passes untouched."""
    exchanges = count(1)

    async def logged(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await app(scope, receive, send)
        began = perf_counter()
        status = size = 0

        async def counted(message: Message) -> None:
            nonlocal status, size
            kind = message.get("type")
            if kind == "http.response.body":
                size += len(message.get("body", b""))
            elif kind == "http.response.start":
                status = message.get("status", 0)
            elif kind == "websocket.accept":
                status = 101
            await send(message)

        try:
            return await app(scope, receive, counted)
        finally:
            path = scope.get("raw_path") or scope["path"]
            line = (
                scope.get("method", "GET"),
                path,
                scope.get("query_string", b""),
                status,
                size,
                perf_counter() - began,
            )
            record((began, get_ident(), next(exchanges), "access", line))

    return logged
