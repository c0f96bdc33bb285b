"""The reference app's hello and stream in ASGI 2 (2017): a callable that returns a callable, App(scope)(receive, send).

The app is a class, and each request is an instance. ASGI 3 has the same events, but merges the two calls: an app can
be one coroutine function, which middleware can wrap.
"""

import asyncio

from gateways.asgi.app import (
    TEXT,
    BadRequest,
    ClientGone,
    Receive,
    Scope,
    Send,
    integer,
    one,
    query_of,
    seconds,
    until_gone,
    whole,
)


class App:
    """One request. The constructor cannot await: it can only inspect the scope and reject it."""

    def __init__(self, scope: Scope) -> None:
        if scope["type"] != "http":
            raise ValueError(f"asgi2: got a scope of type {scope['type']!r}; this app supports 'http'")
        self.scope = scope

    async def __call__(self, receive: Receive, send: Send) -> None:
        """Find the route and call it."""
        route = {"/hello": self.hello, "/stream": self.stream}.get(self.scope["path"])
        if route is None:
            await whole(self.scope, send, 404, TEXT, "This ASGI 2 app has only /hello and /stream.\n")
        elif self.scope["method"] not in {"GET", "HEAD"}:
            allow = (b"allow", b"GET, HEAD")
            await whole(self.scope, send, 405, TEXT, "This route accepts GET, HEAD.\n", allow)
        else:
            try:
                await route(receive, send)
            except BadRequest as error:
                await whole(self.scope, send, 400, TEXT, f"{error}\n")
            except ClientGone:
                return

    async def hello(self, receive: Receive, send: Send) -> None:
        name = one(query_of(self.scope), "name", "") or "world"
        await whole(self.scope, send, 200, TEXT, f"Hello, {name}!\n")

    async def stream(self, receive: Receive, send: Send) -> None:
        query = query_of(self.scope)
        chunks, delay = integer(query, "chunks", 5, 1, 1000), seconds(query, "delay", 0.5, 10)
        await until_gone(receive, self.chunks(send, chunks, delay))

    async def chunks(self, send: Send, chunks: int, delay: float) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", TEXT.encode())]})
        for number in range(1, chunks + 1 if self.scope["method"] == "GET" else 1):
            await asyncio.sleep(delay if number > 1 else 0)
            block = f"chunk {number} of {chunks}\n".encode()
            await send({"type": "http.response.body", "body": block, "more_body": True})
        await send({"type": "http.response.body"})
