"""A WSGI app whose clients disconnect in ways that are hard to detect; it counts its finished streams.

An ASGI server runs `tests.real.apps.wsgi_leaving:app`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from wsgiref.types import StartResponse, WSGIEnvironment

from gateways.adapters import WSGIToASGI

_ended: list[str] = []


def _endless(name: str) -> Iterator[bytes]:
    try:
        while True:
            yield b"x" * 100
            time.sleep(0.02)
    finally:
        _ended.append(name)


def leaving(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Serve three paths. /late responds after half a second. /endless/NAME responds without end. /ended lists the NAMEs
    of endless responses that have ended. The app never reads the request body.
    """
    path: str = environ["PATH_INFO"]
    if path == "/late":
        time.sleep(0.5)
    start_response("200 OK", [("Content-Type", "text/plain")])
    if path.startswith("/endless/"):
        return _endless(path.removeprefix("/endless/"))
    return [" ".join(_ended).encode() or b"none"] if path == "/ended" else iter([b"late, ", b"and whole"])


app = WSGIToASGI(leaving, threads=8)
