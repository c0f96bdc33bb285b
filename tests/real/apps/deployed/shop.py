"""The app for the tests of docs/deploy: an ASGI app whose behaviour a proxy can break."""

import json
import os
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
    elif scope["type"] == "websocket":
        await echo(receive, send)
    elif scope["path"] == "/events":
        await events(receive, send)
    else:
        await inside(scope, receive, send)


async def lifespan(receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    if folder := os.environ.get("SHOP_STOPPED"):
        Path(folder, str(os.getpid())).touch()  # noqa: ASYNC240 - the process is ending
    await send({"type": "lifespan.shutdown.complete"})


async def inside(scope: Scope, receive: Receive, send: Send) -> None:
    """Return the scheme, client, process, and body length that the app gets."""
    length, more = 0, True
    while more:
        message = await receive()
        length += len(message.get("body", b""))
        more = message.get("more_body", False)
    headers = dict(scope["headers"])
    told = {
        "scheme": scope["scheme"],
        "client": (scope.get("client") or [""])[0],
        "path": scope["path"],
        "root": scope.get("root_path", ""),
        "host": headers.get(b"host", b"").decode(),
        "authorization": headers.get(b"authorization", b"").decode(),
        "process": os.getpid(),
        "length": length,
    }
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": json.dumps(told).encode()})


async def events(receive: Receive, send: Send) -> None:
    """Send one event immediately, and no other. A client that waits for more than the first block waits forever."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
    await send({"type": "http.response.body", "body": b"data: first\n\n", "more_body": True})
    await receive()
    await receive()  # http.disconnect


async def echo(receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": f"you said: {message['text']}"})
