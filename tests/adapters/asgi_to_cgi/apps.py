"""ASGI applications, named after their behaviour. ../wsgi_to_cgi/apps.py has the same in WSGI."""

import asyncio
import json
import os
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

from tests.adapters.on_cgi.side_effects import await_signal, chatter, complain, leave_a_child, note, signalled

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
TEXT = (b"content-type", b"text/plain")


def http(app: App) -> App:
    """An application without a lifespan, which raises as ASGI requires."""

    async def only_http(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise NotImplementedError(scope["type"])
        await app(scope, receive, send)

    return only_http


async def head(send: Send, *headers: tuple[bytes, bytes], status: int = 200) -> None:
    await send({"type": "http.response.start", "status": status, "headers": list(headers or [TEXT])})


async def body(send: Send, block: bytes, more: bool = False) -> None:
    await send({"type": "http.response.body", "body": block, "more_body": more})


async def blocks(receive: Receive) -> AsyncIterator[bytes]:
    """Return the request body. Raises OSError if it is truncated."""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise OSError("disconnected")
        yield message.get("body", b"")
        more = message.get("more_body", False)


@http
async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    await head(send)
    await body(send, b"Hello!\n")


@http
async def reports(scope: Scope, receive: Receive, send: Send) -> None:
    octets = b"".join([block async for block in blocks(receive)])
    path = scope["path"].encode().decode("latin-1").removeprefix(scope["root_path"].encode().decode("latin-1"))
    report = {
        "method": scope["method"],
        "root": scope["root_path"].encode().decode("latin-1"),
        "path": path,
        "query": scope["query_string"].decode(),
        "scheme": scope["scheme"],
        "headers": {name.decode().replace("-", "_"): value.decode("latin-1") for name, value in scope["headers"]},
        "proxy": os.environ.get("HTTP_PROXY"),
        "body": octets.decode("latin-1"),
    }
    await head(send, (b"content-type", b"application/json"))
    await body(send, json.dumps(report).encode())


@http
async def echoes_as_it_reads(scope: Scope, receive: Receive, send: Send) -> None:
    await head(send)
    async for block in blocks(receive):
        await body(send, block, more=True)
    await body(send, b"")


@http
async def chatters(scope: Scope, receive: Receive, send: Send) -> None:
    chatter()
    await hello(scope, receive, send)


@http
async def reads_stdin(scope: Scope, receive: Receive, send: Send) -> None:
    await head(send)
    await body(send, f"{sys.stdin.read()!r} {os.read(0, 10)!r}".encode())


@http
async def streams(scope: Scope, receive: Receive, send: Send) -> None:
    await head(send)
    await body(send, b"first\n", more=True)
    await asyncio.to_thread(await_signal)
    await body(send, b"last\n")


@http
async def answers_big(scope: Scope, receive: Receive, send: Send) -> None:
    await head(send, TEXT, (b"content-length", b"5000000"))
    for number in range(50):
        await body(send, bytes([65 + number]) * 100_000, more=True)
    await body(send, b"")


@http
async def sets_cookies(scope: Scope, receive: Receive, send: Send) -> None:
    await head(send, TEXT, (b"set-cookie", b"a=1"), (b"set-cookie", b"b=caf\xc3\xa9"))
    await body(send, b"x")


@http
async def has_no_content(scope: Scope, receive: Receive, send: Send) -> None:
    await head(send, (b"x-y", b"z"), status=204)
    await body(send, b"nothing")


@http
async def is_not_modified(scope: Scope, receive: Receive, send: Send) -> None:
    await head(send, (b"etag", b'"x"'), status=304)
    await body(send, b"not", more=True)
    await body(send, b"hing")


@http
async def raises_before_head(scope: Scope, receive: Receive, send: Send) -> None:
    await head(send)  # kept until the body starts
    raise ZeroDivisionError("of the application")


@http
async def raises_after_head(scope: Scope, receive: Receive, send: Send) -> None:
    await head(send)
    await body(send, b"the first block", more=True)
    raise ZeroDivisionError("of the application")


@http
async def exits(scope: Scope, receive: Receive, send: Send) -> None:
    sys.exit(0)


@http
async def answers_short(scope: Scope, receive: Receive, send: Send) -> None:
    await head(send, TEXT, (b"content-length", b"10"))
    await body(send, b"short")


async def lives(scope: Scope, receive: Receive, send: Send) -> None:
    """A lifespan that records its messages."""
    for phase in ("startup", "shutdown"):
        message = await receive()
        assert message["type"] == f"lifespan.{phase}"
        note(phase)
        scope["state"][phase] = "seen"
        await send({"type": f"lifespan.{phase}.complete"})


async def waits(scope: Scope, receive: Receive, send: Send) -> None:
    """Sends one block, then waits for the disconnect."""
    if scope["type"] == "lifespan":
        return await lives(scope, receive, send)
    await head(send)
    await body(send, b"first\n", more=True)
    message: Message = {"type": "http.request"}
    while message["type"] != "http.disconnect":
        message = await receive()
    try:
        await body(send, b"to nobody", more=True)
    except OSError as error:
        note(type(error).__name__)
    note("ended")


@http
async def waits_before_head(scope: Scope, receive: Receive, send: Send) -> None:
    note("waiting")
    try:
        await asyncio.Event().wait()
    finally:
        note("ended")


async def writes_for_ever(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        return await lives(scope, receive, send)
    await head(send)
    try:
        while True:
            await body(send, b"x" * 1000 + b"\n", more=True)
    except OSError:
        note("ended")
        raise


async def works_on(scope: Scope, receive: Receive, send: Send) -> None:
    """Works after its response."""
    if scope["type"] == "lifespan":
        return await lives(scope, receive, send)
    await hello(scope, receive, send)
    note("working")
    await_signal()  # blocks the loop
    note("worked")


@http
async def fails_after_its_response(scope: Scope, receive: Receive, send: Send) -> None:
    await hello(scope, receive, send)
    raise ZeroDivisionError("of the application")


@http
async def leaves_a_child(scope: Scope, receive: Receive, send: Send) -> None:
    leave_a_child()
    await hello(scope, receive, send)


@http
async def complains(scope: Scope, receive: Receive, send: Send) -> None:
    complain()
    await hello(scope, receive, send)


# Apps for ASGI only.


async def has_a_lifespan(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        return await lives(scope, receive, send)
    note("request")
    await head(send)
    await body(send, json.dumps(scope["state"]).encode())


async def fails_to_start(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "no database"})


async def starts_for_ever(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    note("starting")
    try:
        await asyncio.Event().wait()
    finally:
        note("ended")


@http
async def is_deaf(scope: Scope, receive: Receive, send: Send) -> None:
    """Never checks for a disconnect."""
    await head(send)
    await body(send, b"first\n", more=True)
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        note(str(time.time()))
        raise


@http
async def tells_threads(scope: Scope, receive: Receive, send: Send) -> None:
    octets = b"".join([block async for block in blocks(receive)])
    await head(send)
    await body(send, json.dumps({"threads": threading.active_count(), "read": len(octets)}).encode())


@http
async def ticks_while_it_sends(scope: Scope, receive: Receive, send: Send) -> None:
    """Sends more than any pipe can hold, and records that the loop runs meanwhile."""

    async def send_big() -> None:
        await body(send, b"x" * 3_000_000, more=True)

    await head(send)
    sending = asyncio.create_task(send_big())
    while not signalled():
        note("tick")
        await asyncio.sleep(0.01)
    await sending
    await body(send, b"")


@http
async def ticks_while_it_receives(scope: Scope, receive: Receive, send: Send) -> None:
    """Records that the loop runs while the body is missing."""
    receiving = asyncio.ensure_future(receive())
    while not receiving.done():
        note("tick")
        await asyncio.sleep(0.01)
    await head(send)
    await body(send, receiving.result()["body"])


@http
async def receives_afterwards(scope: Scope, receive: Receive, send: Send) -> None:
    await hello(scope, receive, send)
    note((await receive())["type"], (await receive())["type"])


@http
async def sends_afterwards(scope: Scope, receive: Receive, send: Send) -> None:
    await hello(scope, receive, send)
    await body(send, b"too late")


@http
async def sends_body_first(scope: Scope, receive: Receive, send: Send) -> None:
    await body(send, b"early")


@http
async def returns_early(scope: Scope, receive: Receive, send: Send) -> None:
    await head(send)
    await body(send, b"first", more=True)


@http
async def returns_at_once(scope: Scope, receive: Receive, send: Send) -> None:
    return


@http
async def answers_too_much(scope: Scope, receive: Receive, send: Send) -> None:
    await head(send, TEXT, (b"content-length", b"5"))
    await body(send, b"12", more=True)
    await body(send, b"345678")


@http
async def flushes_its_head(scope: Scope, receive: Receive, send: Send) -> None:
    await head(send)
    await body(send, b"", more=True)
    await asyncio.to_thread(await_signal)
    await body(send, b"done")


class Generation2:
    """ASGI 2: called with the scope, then with receive and send."""

    def __init__(self, scope: Scope) -> None:
        if scope["type"] != "http":
            raise NotImplementedError(scope["type"])

    async def __call__(self, receive: Receive, send: Send) -> None:
        await head(send)
        await body(send, b"ASGI 2\n")
