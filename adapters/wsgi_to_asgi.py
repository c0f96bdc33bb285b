"""WSGI applications on ASGI servers: the application runs in a worker thread, the request's coroutine sends its blocks.

Knows both interfaces. Who runs where in a request is wsgi_exchange.py's matter; the spelling of a request is
metavariables.py's; what threads there are is workers.py's.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

from .concurrency.loops import running_loop
from .concurrency.thread_pool import Workers
from .mapping.requests import BadRequest, environ_from_scope
from .on_asgi.messages import Send
from .on_asgi.request_body import Receive
from .run_wsgi.response import FileWrapper
from .wsgi_exchange import Exchange
from .wsgi_types import WSGIApp


class WSGIToASGI:
    """An ASGI 3 application that runs a WSGI application (PEP 3333; ASGI HTTP 2.5, "WSGI Compatibility").

    app: the WSGI application.
    threads: how many requests may be at work in the application at once. They are started as needed and end when idle;
        further requests wait, holding no thread. A thread that waits for a slow client does not count (up to 512 of
        them), so that slow clients cannot hold up the others. With 1 the application never runs beside itself.
    spool: how many bytes of a body of unknown length (chunked, HTTP/2) go to a temporary file before the application
        starts, so that it has a CONTENT_LENGTH; 0 streams it at once, with wsgi.input_terminated only.

    The environ has `asgi.scope`, `wsgi.input_terminated` (the input ends by itself), `waitress.client_disconnected` (a
    callable: has the client left?) and, where the server offers them, `wsgi.early_hints` (a callable that takes a list
    of headers). Reading a body that the client does not finish raises ClientDisconnected, an OSError.

    An error of the application is raised to the server: before the head as it is, after it so that the response does
    not look complete. May be made before any loop exists, used by several loops, and kept across a fork.
    """

    _verbatim = False  # one message for each block, and the application's headers only: for dropin.py

    def __init__(self, app: WSGIApp, *, threads: int = 32, spool: int = 256 * 1024 * 1024) -> None:
        if not callable(app):
            raise TypeError(f"app={app!r} is not callable; a WSGI application is, with (environ, start_response)")
        self.app = app
        self.spool = spool
        self._workers = Workers(threads, "wsgi-to-asgi")
        self._environ = {
            "wsgi.version": (1, 0),
            "wsgi.multithread": threads > 1,
            "wsgi.multiprocess": True,  # another server process may well run the same application
            "wsgi.run_once": False,
            "wsgi.file_wrapper": FileWrapper,
        }

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one ASGI scope: `http`; `lifespan`, which is answered; `websocket`, which is refused.

        Raises what the application raises, and ValueError for any other type of scope.
        """
        kind = scope["type"]
        if kind == "http":
            await self._http(scope, receive, send)
        elif kind == "lifespan":
            await self._lifespan(receive, send)
        elif kind == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1000, "reason": "a WSGI application has no WebSocket"})
        else:
            raise ValueError(f"scope type {kind!r} is none that a WSGI application can serve; it serves 'http'")

    def close(self) -> None:
        """End the worker threads that are idle, and the others when their request is over. Does not wait."""
        self._workers.close()

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _http(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        try:
            environ = environ_from_scope(scope)
        except BadRequest as error:
            return await refuse(send, error)
        environ.update(self._environ)
        environ["wsgi.url_scheme"] = scope.get("scheme") or "http"
        environ["wsgi.errors"] = sys.stderr
        environ["asgi.scope"] = scope
        exchange = Exchange(self.app, environ, running_loop(), receive, self._workers, self._verbatim)
        extensions = scope.get("extensions")
        if extensions:
            exchange.offer(extensions)
        if _has_body(environ, scope):
            await exchange.collect(self.spool)
        await exchange.serve(send)


def _has_body(environ: Mapping[str, Any], scope: Mapping[str, Any]) -> bool:
    """Whether the request may have a body (RFC 9112, 6.3; from HTTP/2 on only its end tells)."""
    length = environ.get("CONTENT_LENGTH")
    if length is not None:
        return int(length) > 0
    if environ["SERVER_PROTOCOL"][:7] != "HTTP/1.":
        return True
    for name, _ in scope.get("headers") or ():  # noqa: SIM110 - a generator takes twice as long
        if len(name) == 17 and name.lower() == b"transfer-encoding":
            return True
    return False


async def refuse(send: Send, error: BadRequest) -> None:
    """Answer a request that cannot be passed on."""
    body = f"{error}\n".encode("utf-8", "backslashreplace")
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
