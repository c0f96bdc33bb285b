"""Helpers of the page's routes for one ASGI request. Work stops when the client disconnects."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Write = Callable[[bytes], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

ALWAYS: Headers = [
    (b"cache-control", b"no-store"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
]
"""Headers that prevent caching, framing and referrers."""

POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Gone(Exception):
    """The client disconnected before it had sent the whole request body."""


async def whole(send: Send, status: int, kind: str, body: bytes, *headers: tuple[bytes, bytes]) -> None:
    """Send a response with a complete body."""
    length = (b"content-length", b"%d" % len(body))
    start = {"type": "http.response.start", "status": status}
    await send({**start, "headers": [(b"content-type", kind.encode()), length, *ALWAYS, *headers]})
    await send({"type": "http.response.body", "body": body})


async def refuse(send: Send, status: int, why: str) -> None:
    """Send an error response with the reason."""
    await whole(send, status, "text/plain; charset=utf-8", f"{why}\n".encode())


async def streamed(receive: Receive, send: Send, kind: str, work: Callable[[Write], Coroutine[Any, Any, None]]) -> None:
    """Stream the output of `work`. Cancel `work` when the client disconnects."""
    headers = [(b"content-type", kind.encode()), *ALWAYS]
    await send({"type": "http.response.start", "status": 200, "headers": headers})

    async def write(octets: bytes) -> None:
        await send({"type": "http.response.body", "body": octets, "more_body": True})

    await until_left(receive, work(write), "http.disconnect")
    await send({"type": "http.response.body"})


async def until_left(receive: Receive, work: Coroutine[Any, Any, None], leaving: str) -> None:
    """Run the work until it ends, or until a message of type `leaving` arrives."""

    async def left() -> None:
        while (await receive())["type"] != leaving:
            pass

    working, watching = asyncio.create_task(work), asyncio.create_task(left())
    try:
        await asyncio.wait((working, watching), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            await working
    finally:
        working.cancel()
        watching.cancel()
        await asyncio.gather(working, watching, return_exceptions=True)


async def body_of(receive: Receive) -> AsyncIterator[bytes]:
    """Yield the request body as it arrives."""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        more = message.get("more_body", False)
        yield message.get("body", b"")
