"""Tools for tests in a separate process: run a script; and functions with which a script calls an adapter.

Knows asyncio only. It must not know pytest: scripts import it.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.adapters.wsgi_to_asgi.contenders import contender
from tests.adapters.wsgi_to_asgi.loops import PATIENCE

ROOT = Path(__file__).parents[3]
PREAMBLE = """
import asyncio, os, sys, threading
from tests.adapters.wsgi_to_asgi.apps import echo, hello, stream
from tests.adapters.wsgi_to_asgi.scripts import adapt, call, get
"""


def run_script(source: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script with PREAMBLE before it and with warnings; raise AssertionError if it does not end in time."""
    command = [sys.executable, "-W", "default", "-W", "ignore::DeprecationWarning", "-c", PREAMBLE + source, *arguments]
    try:
        # It includes the interpreter's start, which is slow if many start concurrently.
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE + 10, check=False)
    except subprocess.TimeoutExpired as error:
        raise AssertionError(f"the process did not end; it said {error.stdout!r} and {error.stderr!r}") from None


def adapt(app: Any, threads: int | None = None) -> Any:
    return contender().make(app, threads)


async def call(adapter: Any, path: str = "/", body: bytes = b"", headers: Any = None, version: str = "1.1") -> bytes:
    """Return the body of the response to one request."""
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.5"}, "http_version": version, "scheme": "http",
        "method": "POST" if body else "GET", "path": path, "raw_path": path.encode(), "query_string": b"",
        "root_path": "", "client": ("192.0.2.7", 50123), "server": ("192.0.2.1", 8000),
        "headers": [(b"content-length", b"%d" % len(body))] if headers is None else headers,
    }  # fmt: skip
    pieces = [body[n : n + 65536] for n in range(0, len(body), 65536)] or [b""]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if pieces:
            return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await adapter(scope, receive, send)
    return b"".join(message.get("body", b"") for message in sent)


def get(adapter: Any, path: str = "/") -> bytes:
    """Make one request on a new event loop."""
    return asyncio.run(call(adapter, path))
