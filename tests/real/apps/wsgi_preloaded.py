"""The apps of wsgi_all.py, whose adapter has served a request, on a loop and a thread, before the server forks."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.real.apps.wsgi_all import app as app  # noqa: PLC0414 (handed on)


async def _serve_once() -> None:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/hello", "headers": [(b"host", b"flask.test")]}
    await app(scope, receive, send)
    if sent[0]["status"] != 200:
        raise RuntimeError(f"the adapter does not work before the fork: {sent}")


asyncio.run(_serve_once())
