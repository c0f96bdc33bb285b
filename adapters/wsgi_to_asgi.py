"""WSGI applications on ASGI servers. The application runs in a worker thread, and a coroutine sends its response.

Knows both interfaces, and the request headers that announce a body. It must not know how a request is mapped to an
environ (mapping/), or the order of events in a request (on_asgi/wsgi_request.py).
"""

from __future__ import annotations

import io
import sys
import threading
import weakref
from functools import partial
from typing import Any

from .asgi_types import Receive, Scope, Send
from .concurrency import forks
from .concurrency.loops import running_loop
from .concurrency.thread_pool import Workers
from .errors import BadRequest
from .interfaces import is_asgi
from .mapping.requests import CODED, environ_from_scope
from .on_asgi.admission import Admission
from .on_asgi.scopes import answer_lifespan, overloaded, refuse, refuse_scope
from .on_asgi.websocket import WebSocketBridge, refuse_full
from .on_asgi.wsgi_request import Terms, WSGIRequest
from .run_wsgi.response import FileWrapper, warn_of_dropped
from .stats import Stats, Tallies, age
from .websocket.places import Places
from .wsgi_types import WSGIApp

# How likely it is that a request has a body, according to its headers.
_ANNOUNCED, _LIKELY, _UNLIKELY, _NONE = "announced", "likely", "unlikely", "none"
_HTTP_1 = frozenset(("HTTP/1.0", "HTTP/1.1"))
_BODY_METHODS = frozenset(("POST", "PUT", "PATCH"))


class WSGIToASGI:
    """An ASGI 3 application that runs a WSGI application (PEP 3333; ASGI HTTP 2.5, "WSGI Compatibility").

    app: the WSGI application.
    threads: maximum number of concurrent requests. Threads are started when they are needed. Further requests wait,
        without using a thread. Up to 512 threads that wait for slow clients do not count, so these clients do not
        block other requests. With 1, the application serves one request at a time.
    spool: size limit in bytes for spooling a request body of unknown length (chunked, HTTP/2). The adapter receives
        such a body before the application starts, and sets CONTENT_LENGTH. Above 256 KB, the body is in a temporary
        file. A body above `spool` is streamed after that, without CONTENT_LENGTH. With 0, the body is streamed
        immediately, and the environ has wsgi.input_terminated but no CONTENT_LENGTH.
    pathsend: let the server send the files of `wsgi.file_wrapper`, with `http.response.pathsend` or `zerocopysend`, if
        it supports one of them. Requirements: the files stay in place until they have been sent, and the middleware
        around the adapter supports these messages.
    share_loop: run async views (Flask and Django run them with asgiref) on the server's event loop. The views can then
        share clients and connection pools with the rest of the process, but a view that blocks also blocks the server.
        With False, each call has its own event loop, as on a WSGI server.
    queue: number of requests that may wait for a thread. Further requests get a 503 with Retry-After immediately.
        Default: no limit.
    queue_timeout: seconds that a request may wait for a thread before it gets a 503. Default: no limit.
    slow: seconds after which a running request is logged, with the stack of its thread. Default: never.
    websockets: number of WebSockets that the application may have open at once. Each uses a thread, in addition to
        `threads`. Further WebSockets are refused with the status 503 or the close code 1013. 0 refuses all.

    The environ has these additional keys: `asgi.scope`, `wsgi.input_terminated` (reading `wsgi.input` stops at the end
    of the body) and `waitress.client_disconnected` (a callable that returns True if the client has disconnected). If
    the server supports early hints, it also has `wsgi.early_hints` (a callable that takes a list of headers). If the
    client disconnects before the end of the body, reading the body raises ClientDisconnected, an OSError.

    The adapter raises the application's exceptions to the server: otherwise the response would look complete. An
    exception that would stop the loop, such as SystemExit, is raised as a RuntimeError. You can create the adapter
    before any loop exists, use it on several loops, and keep it across a fork.
    """

    _verbatim = False  # used by dropin.py: send one message per block, and add no headers to the application's

    def __init__(  # noqa: PLR0913 - each is an option
        self,
        app: WSGIApp,
        *,
        threads: int = 32,
        spool: int = 256 * 1024 * 1024,
        pathsend: bool = False,
        share_loop: bool = True,
        queue: int | None = None,
        queue_timeout: float | None = None,
        slow: float | None = None,
        websockets: int = 256,
    ) -> None:
        if not callable(app):
            raise TypeError(f"app={app!r} is not callable; a WSGI application is called with (environ, start_response)")
        if is_asgi(app):
            raise TypeError(f"app={app!r} is an ASGI application: an ASGI server runs it without an adapter")
        self.app = app
        self._spool = spool
        workers = Workers(threads, "wsgi-to-asgi")
        self._terms = Terms(
            app=app,
            workers=workers,
            verbatim=self._verbatim,
            pathsend=pathsend,
            share_loop=share_loop,
            admission=Admission(workers, queue, queue_timeout, slow),
            dropped=partial(_dropped, threading.Lock()),
        )
        self._tallies = Tallies()
        self._places = Places(websockets)
        self._sockets = Workers(max(1, websockets), "wsgi-websocket")
        self._environ = {
            "wsgi.version": (1, 0),
            "wsgi.multithread": threads > 1,
            "wsgi.multiprocess": forks.has_siblings(),
            "wsgi.run_once": False,
            "wsgi.file_wrapper": FileWrapper,
            "wsgi.input_terminated": True,
        }
        _adapters.add(self)
        for each in (workers, self._sockets):
            weakref.finalize(self, each.abandon).atexit = False

    def forked(self) -> None:
        """Record that a server has forked this process, so other processes may serve the application too."""
        self._environ["wsgi.multiprocess"] = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope.

        `http` calls the application. `lifespan` is acknowledged. `websocket` calls the application with a socket.

        Raises the application's exceptions, and ValueError for any other scope type.
        """
        if scope["type"] != "http":
            return await self._other(scope, receive, send)
        loop, terms = running_loop(), self._terms
        tally = self._tallies[loop]
        tally.requests += 1
        if terms.admission.queue is not None and terms.admission.rejects(tally):
            return await overloaded(send, scope["method"])
        try:
            environ = environ_from_scope(scope, coded=True, common=self._environ)
        except BadRequest as error:
            return await refuse(send, error.status, str(error))
        environ["wsgi.url_scheme"] = scope.get("scheme") or "http"
        environ["wsgi.errors"] = sys.stderr
        environ["asgi.scope"] = scope
        request = WSGIRequest(terms, tally, environ, loop, receive)
        extensions = scope.get("extensions")
        if extensions:
            request.offer(extensions)
        body = _expected_body(environ)
        if body is _UNLIKELY:
            request.expect_no_body()
        elif body is _NONE:
            environ["wsgi.input"] = io.BytesIO()
        else:
            await request.collect(self._spool, body is _LIKELY)
            if terms.admission.queue is not None and terms.admission.rejects(tally):
                return await overloaded(send, scope["method"])
        await request.serve(send)

    async def _other(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve all scope types except `http`. __call__() serves `http` itself, which saves the cost of a coroutine."""
        kind = scope["type"]
        if kind == "lifespan":
            await answer_lifespan(receive, send, self.close)
        elif kind == "websocket" and self._places.limit:
            await self._websocket(scope, receive, send)
        else:
            serving = "WSGIToASGI(websockets=0)" if kind == "websocket" else "a WSGI application"
            await refuse_scope(scope, receive, send, serving)

    def close(self) -> None:
        """Stop the worker threads: idle threads immediately, busy threads after their request. Does not block."""
        self._terms.workers.close()
        self._sockets.close()

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._places.take():
            return await refuse_full(scope, receive, send)
        bridge = WebSocketBridge(self.app, running_loop(), self._sockets, scope, receive, send)
        await bridge.run(self._environ, self._places.release)

    def stats(self) -> Stats:
        """Return this adapter's figures in this process. Thread-safe; adds no cost to requests."""
        workers, tally = self._terms.workers, self._tallies.total()
        return Stats(
            busy=workers.busy,
            idle=workers.idle,
            waiting=workers.waiting,
            away=workers.away,
            oldest=age(tally.live),
            started=workers.started,
            requests=tally.requests,
            errors=tally.errors,
            disconnects=tally.disconnects,
            rejected=tally.rejected,
            bytes=tally.bytes,
        )


_adapters: weakref.WeakSet[WSGIToASGI] = weakref.WeakSet()


@forks.in_child
def _forked() -> None:
    for adapter in _adapters:
        adapter.forked()


def _dropped(first: threading.Lock, name: str) -> None:
    """Warn that a hop-by-hop header was removed from a response. Each adapter warns only once: `first` is its lock."""
    if first.acquire(blocking=False):
        warn_of_dropped(name)


def _expected_body(environ: dict[str, Any]) -> str:
    """Return how likely it is that the request has a body, according to its headers (RFC 9112, 6.3).

    In HTTP/2 and later, a request may have a body that no header announces. Middleware that decompresses a body, Lambda
    adapters and test clients may also pass a body without a Content-Length.
    """
    if CODED in environ:
        del environ[CODED]
        return _ANNOUNCED
    if "CONTENT_LENGTH" in environ:
        return _ANNOUNCED if int(environ["CONTENT_LENGTH"]) else _NONE
    if environ["SERVER_PROTOCOL"] not in _HTTP_1:
        return _ANNOUNCED
    if environ["REQUEST_METHOD"] in _BODY_METHODS or "CONTENT_TYPE" in environ or "HTTP_CONTENT_ENCODING" in environ:
        return _LIKELY
    return _UNLIKELY
