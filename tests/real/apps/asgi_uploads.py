"""An ASGI app that reads bodies in different ways: completely, during its response, part by part. `wsgi` is the same
for a WSGI server.

Knows ASGI only.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

from gateways.adapters import ASGIToWSGI

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Serve one request."""
    assert scope["type"] == "http"
    await {"/patient": _patient, "/refuses": _refuses, "/parts": _parts, "/digest": _digest}[scope["path"]](
        receive, send
    )


async def _respond(send: Send, status: int, text: str) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": text.encode()})


async def _read_all(receive: Receive) -> bytes:
    blocks, more = [], True
    while more:
        message = await receive()
        blocks.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(blocks)


async def _patient(receive: Receive, send: Send) -> None:
    """Wait one second for the upload."""
    try:
        body = await asyncio.wait_for(_read_all(receive), 1)
    except TimeoutError:
        return await _respond(send, 408, "too slow")
    await _respond(send, 200, str(len(body)))


async def _refuses(receive: Receive, send: Send) -> None:
    """Refuse in one task while another reads."""
    reading = asyncio.ensure_future(_read_all(receive))
    await asyncio.sleep(0.3)
    await _respond(send, 401, "not you")
    await reading


async def _parts(receive: Receive, send: Send) -> None:
    """Send the size of each part when it arrives."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    more = True
    while more:
        message = await receive()
        more = message.get("more_body", False)
        line = b"%d\n" % len(message.get("body", b""))
        await send({"type": "http.response.body", "body": line, "more_body": True})
    await send({"type": "http.response.body", "body": b"end\n"})


async def _digest(receive: Receive, send: Send) -> None:
    body = await _read_all(receive)
    await _respond(send, 200, f"{len(body)} {hashlib.sha256(body).hexdigest()}")


wsgi = ASGIToWSGI(app)
