"""An ASGI app without a framework, which reports about its process; `wsgi` is the same for a WSGI server."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Awaitable, Callable
from typing import Any

from gateways.adapters import ASGIToWSGI
from tests.real.apps.asgi_records import PERMITTED, events, note

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["path"] == "/events":
        await _start(send, b"text/event-stream")
        async for event in events("asgi"):
            await send({"type": "http.response.body", "body": event, "more_body": True})
    elif scope["path"] == "/slow":
        await asyncio.sleep(1.5)  # long enough for the server's thread to check for a disconnect
        await _start(send, b"text/plain")
        await send({"type": "http.response.body", "body": b"at last"})
    elif scope["path"] == "/silent":
        note("asgi silence begun")
        while (await receive())["type"] != "http.disconnect":
            pass
        note("asgi silence ended")
    elif scope["path"] == "/flood":
        await _flood(send)
    elif scope["path"] == "/opens":
        await _open(send)
    else:
        await _start(send, b"application/json")
        await send({"type": "http.response.body", "body": json.dumps(_report(scope)).encode()})


async def _start(send: Send, kind: bytes) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})


async def _lifespan(receive: Receive, send: Send) -> None:
    await receive()
    note("asgi startup")
    await send({"type": "lifespan.startup.complete"})
    await receive()
    note("asgi shutdown")
    await send({"type": "lifespan.shutdown.complete"})


async def _flood(send: Send) -> None:
    """Sends large blocks without a pause, until the client disconnects."""
    await _start(send, b"application/octet-stream")
    note("asgi flood begun")
    try:
        while True:
            await send({"type": "http.response.body", "body": bytes(1_000_000), "more_body": True})
    finally:
        note("asgi flood ended")


async def _open(send: Send) -> None:
    """Send the headers with an empty block. Send the body when the client has the headers, or after ten seconds."""
    await _start(send, b"text/event-stream")
    await send({"type": "http.response.body", "body": b"", "more_body": True})
    for _ in range(200):
        if PERMITTED.exists():
            break
        await asyncio.sleep(0.05)
    said = b"data: open\n\n" if PERMITTED.exists() else b"data: late\n\n"
    await send({"type": "http.response.body", "body": said, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def _report(scope: dict[str, Any]) -> dict[str, Any]:
    shown = {key: value for key, value in scope.items() if isinstance(value, str)}
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    return {
        "pid": os.getpid(),
        "threads": threading.active_count(),
        "tasks": len(asyncio.all_tasks()),
        "scope": {**shown, "raw_path": scope["raw_path"].decode("latin-1"), "query": scope["query_string"].decode()},
        "client": scope.get("client"),
        "server": scope.get("server"),
        "headers": headers,
        "extensions": sorted(scope.get("extensions") or {}),
    }


wsgi = ASGIToWSGI(app)
