"""The apps of `python -m tests.soak.threads`: each responds with the query, a space and the body of the request."""

from __future__ import annotations

from typing import Any

PROGRAM = """import os, sys
body = sys.stdin.buffer.read(int(os.environ.get("CONTENT_LENGTH") or 0))
sys.stdout.buffer.write(b"Content-Type: text/plain\\n\\n" + os.environ["QUERY_STRING"].encode() + b" " + body)
"""


def wsgi_app(environ: dict[str, Any], start_response: Any) -> Any:
    """Answer in one block or in three."""
    token = environ["QUERY_STRING"].encode()
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain")])
    if body:
        return iter([token, b" ", body])
    return [token + b" "]


async def asgi_app(scope: Any, receive: Any, send: Any) -> None:
    """Answer in two blocks."""
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
    body = b""
    more = True
    while more:
        event = await receive()
        body += event.get("body", b"")
        more = event.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["query_string"] + b" ", "more_body": True})
    await send({"type": "http.response.body", "body": body})
