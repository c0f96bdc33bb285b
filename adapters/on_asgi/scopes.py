"""Messages that an adapter itself sends on an ASGI server: for lifespan, and to refuse WebSockets and requests.

Knows the messages of ASGI lifespan 2.0, WebSocket 2.5 and HTTP 2.5. It must not know why a request is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..asgi_types import Message, Receive, Scope, Send
from ..mapping.responses import Head, RawHeaders
from ..stats import RETRY_AFTER
from ..wsgi_types import Item


async def answer_lifespan(receive: Receive, send: Send, close: Callable[[], object]) -> None:
    """Serve a `lifespan` scope: complete both phases, and call `close` at shutdown."""
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    close()
    await send({"type": "lifespan.shutdown.complete"})


async def refuse_scope(scope: Scope, receive: Receive, send: Send, app: str) -> None:
    """Close a `websocket` before its handshake, which makes the server send a 403.

    app: a description for the close reason, such as "a WSGI application".

    Raises ValueError for any other scope type.
    """
    kind = scope["type"]
    if kind != "websocket":
        raise ValueError(f"unsupported scope type {kind!r}; {app} supports 'http'")
    await receive()
    await send({"type": "websocket.close", "code": 1000, "reason": f"{app} does not support WebSockets"})


def refusal(
    status: int, text: str, headers: Iterable[tuple[bytes, bytes]] = (), to_head: bool = False
) -> tuple[Message, Message]:
    """Return the two messages of a plain text response. With `to_head`, the body is empty."""
    body = f"{text}\n".encode("utf-8", "backslashreplace")
    head: RawHeaders = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(body))]
    start = {"type": "http.response.start", "status": status, "headers": [*head, *headers]}
    return start, {"type": "http.response.body", "body": b"" if to_head else body, "more_body": False}


async def refuse(send: Send, status: int, text: str, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
    """Send a plain text response in place of the application's response."""
    for message in refusal(status, text, headers):
        await send(message)


def _overload(method: str) -> tuple[Message, Message]:
    retry = [(b"retry-after", b"%d" % RETRY_AFTER)]
    return refusal(503, "503 Service Unavailable", retry, to_head=method == "HEAD")


async def overloaded(send: Send, method: str) -> None:
    """Send a 503, because the request gets no thread."""
    for message in _overload(method):
        await send(message)


def overload_item(method: str) -> Item:
    """Return the 503 of overloaded() as an item of a WSGI response."""
    start, body = _overload(method)
    return Head(start["status"], start["headers"], None), body["body"], True
