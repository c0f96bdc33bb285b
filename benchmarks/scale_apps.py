"""The apps of benchmarks/scale.py: streams that stay open, for each server and adapter.

Knows WSGI and ASGI. It must not know how memory is measured. The environment variable THREADS is the number of threads
of WSGIToASGI.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterable
from typing import Any

from a2wsgi import ASGIMiddleware, WSGIMiddleware

from gateways.adapters import ASGIToWSGI, WSGIToASGI

EVENT = b"data: 1\n\n"
_never = threading.Event()


def wsgi(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Send one event. The query string, if there is one, is the interval in seconds between further events."""
    start_response("200 OK", [("Content-Type", "text/event-stream")])
    interval = float(environ["QUERY_STRING"] or 0)
    yield EVENT
    while not _never.wait(interval or None):
        yield EVENT


async def asgi(scope: Any, receive: Any, send: Any) -> None:
    """The same app as a native ASGI application."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
    interval = float(scope["query_string"] or 3600)
    while True:
        await send({"type": "http.response.body", "body": EVENT, "more_body": True})
        await asyncio.sleep(interval)


_THREADS = int(os.environ.get("THREADS", "32"))
ours_on_asgi = WSGIToASGI(wsgi, threads=_THREADS)
a2wsgi_on_asgi = WSGIMiddleware(wsgi, workers=_THREADS)  # type: ignore[arg-type]
ours_on_wsgi = ASGIToWSGI(asgi)
a2wsgi_on_wsgi = ASGIMiddleware(asgi)
