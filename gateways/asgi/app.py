"""The reference app in ASGI (ASGI 3, 2019): the server calls app(scope, receive, send) for each request.

Read it beside ../cgi/app.py and ../wsgi/app.py. All three have the same routes. Except for
/inside, /file and /ws, they send the same bytes. This app knows only ASGI and asyncio. It uses no framework, adapter or
server, and imports no other app.
"""

import asyncio
import os
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterable
from contextlib import aclosing
from hashlib import sha256
from json import dumps
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

Scope = dict[str, Any]
Event = dict[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
Body = AsyncGenerator[bytes, None]
Query = dict[str, list[str]]

TEXT, JSON, EVENTS = "text/plain; charset=utf-8", "application/json", "text/event-stream"
BLOCK = 64 * 1024  # bytes read from a file at a time
SOURCE = Path(__file__).resolve()
FINISHED: deque[str] = deque(maxlen=100)  # finished jobs of /background, for servers without lifespan state


class BadRequest(Exception):
    """The request is invalid. The text is the reason, and the body of the 400 response."""


class ClientGone(Exception):
    """The client has disconnected."""


# Sending: one event has status and headers. The next events have the blocks of the body; the last has no "more_body".


async def head(send: Send, status: int, kind: str, *extra: tuple[bytes, bytes]) -> None:
    headers = [(b"content-type", kind.encode()), *extra]
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def whole(scope: Scope, send: Send, status: int, kind: str, text: str, *extra: tuple[bytes, bytes]) -> None:
    """Send a response whose body and length are known in advance."""
    body = text.encode()
    await head(send, status, kind, (b"content-length", b"%d" % len(body)), *extra)
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


async def streamed(scope: Scope, send: Send, kind: str, blocks: Body) -> None:
    """Send each block before the next block is produced. send() waits if the client is slow."""
    await head(send, 200, kind)
    async with aclosing(blocks):
        if scope["method"] != "HEAD":
            async for block in blocks:
                await send({"type": "http.response.body", "body": block, "more_body": True})
    await send({"type": "http.response.body"})


async def paced(texts: Iterable[str], delay: float) -> Body:
    """Yield the texts as blocks, with a pause between them."""
    for number, text in enumerate(texts):
        if number:
            await asyncio.sleep(delay)
        yield text.encode()


async def until_gone(receive: Receive, work: Coroutine[Any, Any, None]) -> None:
    """Do the work until the client disconnects. receive() reports a disconnect, but send() may not."""

    async def leaving() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    working, gone = asyncio.create_task(work), asyncio.create_task(leaving())
    try:
        await asyncio.wait((working, gone), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientGone
        await working
    finally:
        working.cancel()
        gone.cancel()
        await asyncio.gather(working, gone, return_exceptions=True)


# Receiving: the scope is a dict with a decoded path and headers as bytes; the body comes as events.


def query_of(scope: Scope) -> Query:
    """Parse a query: `a=1&a=2&b` is {"a": ["1", "2"], "b": [""]}. Bytes that are not UTF-8 become U+FFFD."""
    query: Query = {}
    for pair in filter(None, scope.get("query_string", b"").split(b"&")):
        parts = pair.replace(b"+", b" ").partition(b"=")
        name, _, value = (unquote_to_bytes(part).decode(errors="replace") for part in parts)
        query.setdefault(name, []).append(value)
    return query


def one(query: Query, name: str, default: str, want: str = "a single value") -> str:
    values = query.get(name, [default])
    if len(values) == 1:
        return values[0]
    raise BadRequest(f"{name}: got {' and '.join(map(repr, values))}; expected {want}")


def integer(query: Query, name: str, default: int, low: int, high: int) -> int:
    want = f"one whole number from {low} to {high}, such as {name}={default}"
    text = one(query, name, str(default), want)
    if text.isascii() and text.isdecimal() and len(text) <= 16 and low <= int(text) <= high:
        return int(text)
    raise BadRequest(f"{name}: got {text!r}; expected {want}")


def seconds(query: Query, name: str, default: float, high: int) -> float:
    want = f"one number of seconds from 0 to {high}, such as {name}={default}"
    text = one(query, name, str(default), want)
    if text.isascii() and text.replace(".", "", 1).isdecimal() and float(text) <= high:
        return float(text)
    raise BadRequest(f"{name}: got {text!r}; expected {want}")


async def body_of(receive: Receive) -> Body:
    """Yield the body in blocks. Each event has the bytes that have arrived; the server marks the last event."""
    more = True
    while more:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise ClientGone
        more = event.get("more_body", False)
        yield event.get("body", b"")


# The routes.


async def index(scope: Scope, receive: Receive, send: Send) -> None:
    rows = (f"{path + usage:32}{methods:17}{says}\n" for path, (_, methods, usage, says) in ROUTES.items())
    await whole(scope, send, 200, TEXT, "".join(rows))


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    name = one(query_of(scope), "name", "") or "world"
    await whole(scope, send, 200, TEXT, f"Hello, {name}!\n")


async def json(scope: Scope, receive: Receive, send: Send) -> None:
    await whole(scope, send, 200, JSON, dumps({"query": query_of(scope)}) + "\n")


async def two_chunks(scope: Scope, receive: Receive, send: Send) -> None:
    await streamed(scope, send, TEXT, paced(["the first chunk\n", "the second chunk\n"], 0))


async def stream(scope: Scope, receive: Receive, send: Send) -> None:
    query = query_of(scope)
    chunks, delay = integer(query, "chunks", 5, 1, 1000), seconds(query, "delay", 0.5, 10)
    texts = (f"chunk {number} of {chunks}\n" for number in range(1, chunks + 1))
    await until_gone(receive, streamed(scope, send, TEXT, paced(texts, delay)))


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    await streamed(scope, send, "application/octet-stream", body_of(receive))


async def upload(scope: Scope, receive: Receive, send: Send) -> None:
    digest, length = sha256(), 0
    async for block in body_of(receive):
        digest.update(block)
        length += len(block)
    report = {"length": length, "sha256": digest.hexdigest()}
    await whole(scope, send, 200, JSON, dumps(report) + "\n")


async def content_length(scope: Scope, receive: Receive, send: Send) -> None:
    received = dict(scope["headers"]).get(b"content-length", b"none").decode("latin-1")
    read = sum([len(block) async for block in body_of(receive)])
    text = f"Content-Length received: {received}\nbytes read: {read}\nContent-Length sent: "
    await whole(scope, send, 200, TEXT, f"{text}{len(text) + 3}\n")  # 3 more bytes: two digits and a newline


async def sleep(scope: Scope, receive: Receive, send: Send) -> None:
    pause = seconds(query_of(scope), "seconds", 1.0, 30)
    await until_gone(receive, asyncio.sleep(pause))  # the loop serves other requests; a disconnect ends the wait
    await whole(scope, send, 200, TEXT, f"slept {pause:g} s\n")


async def cpu(scope: Scope, receive: Receive, send: Send) -> None:
    rounds, value = integer(query_of(scope), "rounds", 10_000, 1, 1_000_000), b""  # a million rounds take about 1 s
    for _ in range(rounds):  # during this loop, the event loop serves no other request
        value = sha256(value).digest()
    await whole(scope, send, 200, TEXT, f"{rounds} rounds of SHA-256: {value.hex()}\n")


async def events(scope: Scope, receive: Receive, send: Send) -> None:
    query = query_of(scope)
    count, delay = integer(query, "count", 5, 1, 1000), seconds(query, "delay", 0.5, 10)
    texts = (f"data: event {number} of {count}\n\n" for number in range(1, count + 1))
    await until_gone(receive, streamed(scope, send, EVENTS, paced(texts, delay)))


async def inside(scope: Scope, receive: Receive, send: Send) -> None:
    await whole(scope, send, 200, JSON, dumps(scope, indent=2, default=repr) + "\n")


async def background(scope: Scope, receive: Receive, send: Send) -> None:
    finished = scope.get("state", {}).get("finished", FINISHED)
    if scope["method"] != "POST":
        await whole(scope, send, 200, JSON, dumps({"finished": list(finished)}) + "\n")
        return
    pause, job = seconds(query_of(scope), "seconds", 1.0, 10), os.urandom(8).hex()
    await whole(scope, send, 202, JSON, dumps({"job": job}) + "\n")
    await asyncio.sleep(pause)  # the response is complete, and the app continues
    finished.append(job)


async def file(scope: Scope, receive: Receive, send: Send) -> None:
    length = (await asyncio.to_thread(SOURCE.stat)).st_size  # disk access can block and has no async API
    await head(send, 200, TEXT, (b"content-length", b"%d" % length))
    if scope["method"] != "HEAD":
        if "http.response.pathsend" in (scope.get("extensions") or {}):  # the server can send the file itself
            await send({"type": "http.response.pathsend", "path": str(SOURCE)})
            return
        with await asyncio.to_thread(SOURCE.open, "rb") as source:
            while block := await asyncio.to_thread(source.read, BLOCK):
                await send({"type": "http.response.body", "body": block, "more_body": True})
    await send({"type": "http.response.body"})


async def ws(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":  # RFC 9110, 15.5.22: a 426 names the required protocol
        upgrade = (b"upgrade", b"websocket"), (b"connection", b"upgrade")
        await whole(scope, send, 426, TEXT, "This route speaks WebSocket.\n", *upgrade)
        return
    await receive()  # websocket.connect
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive":
        await send({**event, "type": "websocket.send"})


GET, POST, BOTH = "GET, HEAD", "POST", "GET, HEAD, POST"
ROUTES: dict[str, tuple[Callable[[Scope, Receive, Send], Awaitable[None]], str, str, str]] = {
    "/": (index, GET, "", "this list"),
    "/hello": (hello, GET, "?name=", "a greeting, with a query parameter"),
    "/json": (json, GET, "?any=thing", "the query, as JSON"),
    "/two-chunks": (two_chunks, GET, "", "a response in two blocks"),
    "/stream": (stream, GET, "?chunks=&delay=", "a response sent block by block"),
    "/echo": (echo, POST, "", "the body, sent back as it arrives"),
    "/upload": (upload, POST, "", "the body's length and SHA-256"),
    "/content-length": (content_length, BOTH, "", "the Content-Length of request and response"),
    "/sleep": (sleep, GET, "?seconds=", "a wait"),
    "/cpu": (cpu, GET, "?rounds=", "work: rounds of SHA-256"),
    "/events": (events, GET, "?count=&delay=", "server-sent events"),
    "/inside": (inside, GET, "", "the input of the app, as JSON"),
    "/background": (background, BOTH, "?seconds=", "POST: respond now, work later; GET: finished jobs"),
    "/file": (file, GET, "", "the source of this app"),
    "/ws": (ws, GET, "", "a WebSocket that echoes"),
}


async def lifespan(scope: Scope, receive: Receive, send: Send) -> None:
    """Run startup before the first connection and shutdown after the last. Each scope contains the state."""
    await receive()  # lifespan.startup
    if "state" in scope:
        scope["state"]["finished"] = deque(maxlen=100)
    await send({"type": "lifespan.startup.complete"})
    await receive()  # lifespan.shutdown
    await send({"type": "lifespan.shutdown.complete"})


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Find the route and call it."""
    if scope["type"] == "lifespan":
        await lifespan(scope, receive, send)
        return
    if scope["type"] not in {"http", "websocket"}:
        raise ValueError(f"got a scope of type {scope['type']!r}; this app supports 'http', 'websocket' and 'lifespan'")
    path, root = scope["path"], scope.get("root_path", "")
    if root and f"{path}/".startswith(f"{root}/"):  # the path includes the mount point
        path = path[len(root) :]
    handler, methods, *_ = ROUTES.get(path or "/", (None, ""))
    if scope["type"] == "websocket":
        await (ws(scope, receive, send) if handler is ws else send({"type": "websocket.close"}))
    elif handler is None:
        await whole(scope, send, 404, TEXT, "There is no such route; / lists all routes.\n")
    elif scope["method"] not in methods.split(", "):
        await whole(scope, send, 405, TEXT, f"This route accepts {methods}.\n", (b"allow", methods.encode()))
    else:
        try:
            await handler(scope, receive, send)
        except BadRequest as error:
            await whole(scope, send, 400, TEXT, f"{error}\n")
        except ClientGone:
            return
