"""The reference app in ASGI, with a large body, and a call that blocks the event loop (a common mistake). Knows only
ASGI.
"""

import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

from gateways.asgi.app import app as reference

BLOCK = b"0123456789abcdef" * 4096  # 64 KiB

Send = Callable[[dict[str, Any]], Awaitable[None]]


async def app(scope: dict[str, Any], receive: Callable[[], Awaitable[dict[str, Any]]], send: Send) -> None:
    """Serve one request."""
    path = scope.get("path")
    query = parse_qs(scope.get("query_string", b"").decode())
    if path == "/download":
        length = int(query["bytes"][0])
        await _head(send, b"application/octet-stream", length)
        for at in range(0, length, len(BLOCK)):
            await send({"type": "http.response.body", "body": BLOCK[: length - at], "more_body": True})
        await send({"type": "http.response.body"})
    elif path == "/block":
        time.sleep(float(query["seconds"][0]))  # noqa: ASYNC251 - the mistake of this scenario: it blocks the loop
        await _head(send, b"text/plain", 8)
        await send({"type": "http.response.body", "body": b"blocked\n"})
    else:
        await reference(scope, receive, send)


async def _head(send: Send, kind: bytes, length: int) -> None:
    headers = [(b"content-type", kind), (b"content-length", b"%d" % length)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
