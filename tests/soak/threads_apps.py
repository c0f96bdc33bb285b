"""The apps of `python -m tests.soak.threads`: each answers with the request's query, a space and the request's body.

A WebSocket gets the query as the first message, then its own messages back.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

_ADAPTED = f"""import sys
sys.path.insert(0, {str(Path(__file__).resolve().parents[2])!r})
from gateways.adapters import {{adapter}}
from tests.soak.threads_apps import {{app}}
{{adapter}}({{app}}).run()
"""
PROGRAMS = {
    "plain": """import os, sys
body = sys.stdin.buffer.read(int(os.environ.get("CONTENT_LENGTH") or 0))
sys.stdout.buffer.write(b"Content-Type: text/plain\\n\\n" + os.environ["QUERY_STRING"].encode() + b" " + body)
""",
    "WSGIToCGI": _ADAPTED.format(adapter="WSGIToCGI", app="wsgi_app"),
    "ASGIToCGI": _ADAPTED.format(adapter="ASGIToCGI", app="asgi_app"),
}


def wsgi_app(environ: dict[str, Any], start_response: Any) -> Any:
    """Answer in one block or in three."""
    token = environ["QUERY_STRING"].encode()
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain")])
    if body:
        return iter([token, b" ", body])
    return [token + b" "]


class ASGIApp:
    """Answer in two blocks; count the lifespan's events."""

    def __init__(self) -> None:
        self.startups = self.shutdowns = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "websocket":
            await _echo(scope, receive, send)
        else:
            await _answer(scope, receive, send)

    async def _lifespan(self, receive: Any, send: Any) -> None:
        await receive()
        self.startups += 1
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.shutdowns += 1
        await send({"type": "lifespan.shutdown.complete"})


async def _echo(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "bytes": scope["query_string"]})
    while (event := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "bytes": event["bytes"]})


async def _answer(scope: Any, receive: Any, send: Any) -> None:
    body = b""
    more = True
    while more:
        event = await receive()
        body += event.get("body", b"")
        more = event.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["query_string"] + b" ", "more_body": True})
    await send({"type": "http.response.body", "body": body})


asgi_app = ASGIApp()
