"""One request to the page's server: what of ASGI its routes need, and that their work ends when the client leaves."""

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
"""Nothing is kept, embedded, or told to others."""

POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Gone(Exception):
    """The client left before all of its body was here."""


async def whole(send: Send, status: int, kind: str, body: bytes, *headers: tuple[bytes, bytes]) -> None:
    """Answer with a body that is known."""
    length = (b"content-length", b"%d" % len(body))
    start = {"type": "http.response.start", "status": status}
    await send({**start, "headers": [(b"content-type", kind.encode()), length, *ALWAYS, *headers]})
    await send({"type": "http.response.body", "body": body})


async def refuse(send: Send, status: int, why: str) -> None:
    """Answer with what is wrong."""
    await whole(send, status, "text/plain; charset=utf-8", f"{why}\n".encode())


async def streamed(receive: Receive, send: Send, kind: str, work: Callable[[Write], Coroutine[Any, Any, None]]) -> None:
    """Answer with what `work` writes. When the client leaves, the work is cancelled."""
    headers = [(b"content-type", kind.encode()), *ALWAYS]
    await send({"type": "http.response.start", "status": 200, "headers": headers})

    async def write(octets: bytes) -> None:
        await send({"type": "http.response.body", "body": octets, "more_body": True})

    await until_left(receive, work(write), "http.disconnect")
    await send({"type": "http.response.body"})


async def until_left(receive: Receive, work: Coroutine[Any, Any, None], leaving: str) -> None:
    """Do the work, but no longer than until a message of type `leaving` comes."""

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
    """The body of a request, as it comes."""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        more = message.get("more_body", False)
        yield message.get("body", b"")
