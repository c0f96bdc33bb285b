"""Large bodies: a WSGI app behind the adapter, and the same app for ASGI, which shows the behaviour of the server
alone.

POST reads a body after a pause, and responds with its length. GET /stream?blocks=N sends N MB, /file?blocks=N a file.
Knows PEP 3333 and ASGI. It must not know frameworks or servers.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from gateways.adapters import WSGIToASGI

_SIZE = 1000 * 1000
_PAUSE = 0.3  # seconds before the app reads a body; meanwhile, a client can send most of the body


def _block() -> bytes:
    """Create each block separately, so that copies in memory are visible."""
    return b"." * _SIZE


def large(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    if environ["REQUEST_METHOD"] == "POST":
        time.sleep(_PAUSE)
        length = sum(map(len, iter(lambda: environ["wsgi.input"].read(64 * 1024), b"")))
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [str(length).encode()]
    count = _count(environ["QUERY_STRING"])
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(count * _SIZE))])
    if environ["PATH_INFO"] == "/file":
        file = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
        for _ in range(count):
            file.write(_block())
        file.seek(0)
        wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](file)
        return wrapped
    return (_block() for _ in range(count))


def _count(query: str) -> int:
    return int(query.removeprefix("blocks="))


app = WSGIToASGI(large)


async def native(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        raise ValueError("only http")
    start = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]}
    if scope["method"] == "POST":
        length, more = 0, True
        while more:
            message = await receive()
            length += len(message.get("body", b""))
            more = message.get("more_body", False)
        await send(start)
        await send({"type": "http.response.body", "body": str(length).encode()})
        return
    await send(start)
    for _ in range(_count(scope["query_string"].decode())):
        await send({"type": "http.response.body", "body": _block(), "more_body": True})
    await send({"type": "http.response.body"})
