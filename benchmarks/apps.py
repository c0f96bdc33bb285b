"""The apps of the benchmarks. All return the same responses, natively or through an adapter."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from a2wsgi import ASGIMiddleware, WSGIMiddleware
from asgiref.wsgi import WsgiToAsgi

from gateways.adapters import ASGIToWSGI, WSGIToASGI

# waitress logs a line for every request that waits. In a benchmark, this logging would take much of its time.
logging.getLogger("waitress.queue").setLevel(logging.ERROR)

BLOCK = b"x" * 65536
BLOCKS = 1600  # 100 MB
HEAD = [("Content-Type", "text/plain"), ("Content-Length", "5")]
RAW_HEAD = [(b"content-type", b"text/plain"), (b"content-length", b"5")]


def wsgi(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Serve a short text at /, 100 MB at /download, and the length of the request body at /upload."""
    path = environ["PATH_INFO"]
    if path == "/download":
        start_response("200 OK", [("Content-Length", str(len(BLOCK) * BLOCKS))])
        return (BLOCK for _ in range(BLOCKS))
    if path == "/upload":
        size = 0
        while block := environ["wsgi.input"].read(65536):
            size += len(block)
        start_response("200 OK", [("Content-Length", str(len(str(size))))])
        return [str(size).encode()]
    start_response("200 OK", HEAD)
    return [b"hello"]


async def asgi(scope: Any, receive: Any, send: Any) -> None:
    """The same app as a native ASGI application."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
    elif scope["path"] == "/download":
        length = str(len(BLOCK) * BLOCKS).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
        for left in reversed(range(BLOCKS)):
            await send({"type": "http.response.body", "body": BLOCK, "more_body": left > 0})
    elif scope["path"] == "/upload":
        size, more = 0, True
        while more:
            message = await receive()
            size += len(message.get("body", b""))
            more = message.get("more_body", False)
        body = str(size).encode()
        head = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": body})
    else:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": RAW_HEAD})
        await send({"type": "http.response.body", "body": b"hello"})


ours_on_asgi = WSGIToASGI(wsgi)
a2wsgi_on_asgi = WSGIMiddleware(wsgi)  # type: ignore[arg-type]
asgiref_on_asgi = WsgiToAsgi(wsgi)  # type: ignore[no-untyped-call]
ours_on_wsgi = ASGIToWSGI(asgi)
a2wsgi_on_wsgi = ASGIMiddleware(asgi)
