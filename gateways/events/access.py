"""Record one line per request of an ASGI app, at the lowest possible cost.

Knows ASGI and the clock. It is also used for CGI, because the CGI host is an ASGI app.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from itertools import count
from threading import get_ident
from time import perf_counter
from typing import Any

from gateways.events.events import Record, flaw

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]


def access_log(app: ASGIApp, record: Record) -> ASGIApp:
    """Return the app in a wrapper that records one `access` event per request. The lifespan is not recorded."""
    exchanges = count(1)

    async def logged(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await app(scope, receive, send)
        began = perf_counter()
        answer = _Answer(receive, send)
        wrong = ""
        try:
            return await app(scope, answer.receive, answer.send)
        except BaseException as error:
            wrong = flaw(error)
            raise
        finally:
            request = scope.get("method", "GET"), scope.get("raw_path") or scope["path"], scope.get("query_string", b"")
            wrong = "client left" if answer.client_left else wrong or answer.lacks(scope["type"])
            line = (
                *request,
                answer.status,
                answer.size,
                perf_counter() - began,
                wrong,
                scope.get("client"),
                scope.get("http_version"),
            )
            record((began, get_ident(), next(exchanges), "access", line))

    return logged


class _Answer:
    """The status and size of the sent response. `client_left` is True if the client disconnected before its end."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self.status = self.size = 0
        self.client_left = False
        self._whole = False
        self._receive, self._send = receive, send

    def lacks(self, kind: str) -> str:
        """Return the fault of a response that has no start or no end, although the app has returned."""
        if kind != "http" or self._whole:
            return ""
        return "not complete" if self.status else "no answer"

    async def receive(self) -> Message:
        message = await self._receive()
        self.client_left |= message.get("type") == "http.disconnect" and not self._whole
        return message

    async def send(self, message: Message) -> None:
        kind = message.get("type")
        if (kind == "http.response.body" and not message.get("more_body", False)) or kind == "http.response.pathsend":
            self._whole = True  # set before sending, because the client may disconnect immediately afterwards
        try:
            await self._send(message)
        except OSError:  # ASGI HTTP 2.4: the client has disconnected
            self.client_left = True
            raise
        if kind == "http.response.body":
            self.size += len(message.get("body", b""))
        elif kind == "http.response.start":
            self.status = message.get("status", 0)
        elif kind == "websocket.accept":
            self.status = 101
