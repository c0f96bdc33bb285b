"""The adapters of this package with the names and signatures of a2wsgi and asgiref. To migrate, change the import.

Knows the signatures of both packages. It must not know how an adapter works. Options that have no meaning here are
accepted and ignored; their docstrings give the reason.
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from .asgi_to_wsgi import ASGIToWSGI
from .asgi_types import Receive, Scope, Send
from .concurrency.loop_thread import BorrowedLoop
from .on_asgi.scopes import refuse
from .wsgi_to_asgi import WSGIToASGI
from .wsgi_types import StartResponse, WSGIApp


class WSGIMiddleware(WSGIToASGI):
    """Replaces a2wsgi.WSGIMiddleware. With `app` as the only argument, it also replaces WSGIMiddleware of Starlette,
    FastAPI and uvicorn.
    """

    def __init__(self, app: WSGIApp, workers: int = 10, send_queue_size: int = 10) -> None:
        """Run `workers` threads.

        `send_queue_size` is ignored, because the limit for queued response data is a number of bytes.
        """
        super().__init__(app, threads=workers)


class WsgiToAsgi(WSGIToASGI):
    """Replaces asgiref.wsgi.WsgiToAsgi. Sends one message per block like asgiref, but runs requests concurrently."""

    _verbatim = True

    def __init__(self, wsgi_application: WSGIApp, duplicate_header_limit: int = 100) -> None:
        """Respond with 400 if a header occurs more than `duplicate_header_limit` times; 0 allows any number."""
        super().__init__(wsgi_application)
        self.duplicate_header_limit = duplicate_header_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope; see WSGIToASGI."""
        limit, headers = self.duplicate_header_limit, scope.get("headers", ())
        if limit and len(headers) > limit:
            name, count = Counter(name.lower() for name, _ in headers).most_common(1)[0]
            if count > limit:
                return await refuse(send, 400, f"header {name!r} is repeated {count} times; {limit} are allowed")
        await super().__call__(scope, receive, send)


class ASGIMiddleware(ASGIToWSGI):
    """Replaces a2wsgi.ASGIMiddleware. Like a2wsgi, sends a 500 itself if the application fails before its headers."""

    def __init__(self, app: Any, wait_time: float | None = None, loop: asyncio.AbstractEventLoop | None = None) -> None:
        """Run the application on `loop`, which the caller runs in another thread. Default: this package's own loop.

        `wait_time` is ignored, because the client does not wait for work that follows the response.
        """
        super().__init__(app)
        self._borrowed = loop

    def _loop(self) -> tuple[BorrowedLoop, Callable[[], object]]:
        if self._borrowed is None:
            return super()._loop()
        if not self._borrowed.is_running():
            raise RuntimeError(f"loop={self._borrowed!r} is not running; run it in another thread, or omit loop=")
        return BorrowedLoop(self._borrowed), int

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Serve one WSGI request; see ASGIToWSGI."""
        try:
            return super().__call__(environ, start_response)
        except Exception:
            body = b"Server got itself in trouble"
            headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
            start_response("500 Internal Server Error", headers, sys.exc_info())
            return [body]
