"""One line a request, for ASGI apps: the least that can be known of it, at the least cost.

Knows ASGI and the clock. Two of the sides use it: an app behind the CGI host is seen through ASGI too.
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
    """The app, with one `access` event recorded when a request has been answered. Lifespan passes untouched."""
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
    """What the server took of an app's answer, and whether the app was told of a client that left before its end."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self.status = self.size = 0
        self.client_left = False
        self._whole = False
        self._receive, self._send = receive, send

    def lacks(self, kind: str) -> str:
        """What is missing in the answer of an app that has returned."""
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
            self._whole = True  # before it is sent: the client may leave as soon as it has it
        try:
            await self._send(message)
        except OSError:  # ASGI HTTP 2.4: the client has gone
            self.client_left = True
            raise
        if kind == "http.response.body":
            self.size += len(message.get("body", b""))
        elif kind == "http.response.start":
            self.status = message.get("status", 0)
        elif kind == "websocket.accept":
            self.status = 101
