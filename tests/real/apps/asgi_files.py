"""A Starlette app that writes a report for each user to the same file and sends it, with or without pathsend.

Knows Starlette. The parameter `how` of the query is the app's use of the file after FileResponse has returned.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from gateways.adapters import ASGIToWSGI

SIZE = 300_000
_folder = Path(tempfile.mkdtemp(prefix="reports-"))
_locks: dict[int, asyncio.Lock] = {}  # by process: workers of a preloading server have separate files


def _write(file: Path, how: str, block: bytes) -> None:
    if how == "replace":
        new = file.with_suffix(".new")
        new.write_bytes(block)
        new.replace(file)
    elif how == "in place" and file.exists():
        with file.open("r+b") as same:
            same.write(block)
    else:
        file.write_bytes(block)  # truncates it


class Report:
    """Return the user's token, repeated to SIZE octets."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.request, self.send = Request(scope, receive), send

    def __await__(self):  # type: ignore[no-untyped-def]
        return self.respond().__await__()

    async def respond(self) -> None:
        """Lock, write, send, unlock."""
        how, token = self.request.query_params["how"], self.request.query_params["user"].encode()
        file = _folder / f"{os.getpid()}-{how.replace(' ', '-')}.csv"
        async with _locks.setdefault(os.getpid(), asyncio.Lock()):
            _write(file, how, token * (SIZE // len(token)))
            await FileResponse(file)(self.request.scope, self.request.receive, self.send)
            if how == "unlink":
                file.unlink()


_app = Starlette(routes=[Route("/report", Report)])
by_path = ASGIToWSGI(_app, pathsend=True)
by_blocks = ASGIToWSGI(_app)
