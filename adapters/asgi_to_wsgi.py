"""ASGI applications on WSGI servers. The application runs on an event loop, and a server thread forwards its response.

Knows both interfaces. It must not know threads and loops (concurrency/), or how the application is started and stopped
(run_asgi/). It must also not know how servers pass a body and a connection (on_wsgi/), or how requests and response
headers are mapped (mapping/).
"""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from .asgi_types import ASGIApp
from .concurrency import forks
from .concurrency.desk import Desk
from .concurrency.gate import thread_gate
from .concurrency.loop_thread import BorrowedLoop, LoopFactory, acquire, release
from .errors import BadRequest, ClientDisconnected
from .mapping.requests import scope_from_environ
from .mapping.responses import status_line
from .on_wsgi import websocket as on_wsgi
from .on_wsgi.asgi_response import ASGIResponse, body_message
from .on_wsgi.client import Client
from .on_wsgi.detaching import Detachment
from .on_wsgi.iteration import is_called_by_uwsgi
from .on_wsgi.request_body import WSGIBody
from .on_wsgi.takeover import find
from .run_asgi.exchange import Exchange
from .run_asgi.lifespan import LifespanFailed
from .run_asgi.running import CLOSE_SECONDS, DRAIN_SECONDS, Running
from .run_asgi.versions import as_asgi3
from .run_asgi.websocket import Limits, WebSocketExchange
from .stats import ASGIStats, Tally
from .websocket.handshake import Refusal, is_handshake, refusal
from .websocket.places import Places
from .wsgi_types import StartResponse

log = logging.getLogger("gateways.asgi")

MAX_DETACHED = 10_000  # maximum number of detached streams per adapter and process; more streams occupy threads


class ASGIToWSGI:
    """A WSGI application (PEP 3333) that runs an ASGI application (ASGI HTTP 2.5 and lifespan 2.0).

    app: the ASGI 3 application, or an ASGI 2 application (a double callable).
    loop_factory: creates the event loop, e.g. uvloop.new_event_loop. Default: an asyncio loop. All adapters of a
        process that have the same factory share one loop, which runs on one thread.
    pathsend: offer `http.response.pathsend` to the application if the server has wsgi.file_wrapper. The server's thread
        then reads the file, and send() returns when the file has been sent. Default: off, because middleware that wraps
        send() or reads bodies (compression, Starlette's BaseHTTPMiddleware) does not support this message.
    websockets: number of WebSockets that this adapter may have open at once in a process. Further handshakes get a
        503. 0 turns WebSockets off.
    ping: seconds between pings to a WebSocket client. A client that does not respond to a ping is disconnected. 0 sends
        no pings.
    max_message: size limit in bytes of a message from a client. A larger message closes its WebSocket with 1009.
    detach: serve responses of the type text/event-stream on the loop, without a thread of the server. This requires
        that the adapter can take over the connection, as for a WebSocket, and that no middleware wraps the body. The
        connection is closed after such a response. For the server's access log and time limits, such a response ends
        when its stream starts. Default: off.

    The loop and the application's lifespan start with the first request in a process. You can therefore create the
    adapter before a server forks. close() stops the loop and the lifespan. They also stop at the end of the process,
    which waits up to 30 seconds for background tasks.

    If the server has a hook for its exit, call close() there. For example, a gthread worker of gunicorn waits for
    running streams before it exits, until gunicorn kills it. This hook in gunicorn's configuration file ends the
    streams and the lifespan first: `def worker_exit(server, worker): app.close()`.

    If the application raises an exception, or its response violates ASGI, the error is logged ("gateways.asgi") and
    raised to the server. Before the response headers, such an error makes the server respond with 500. After a later
    error, the server aborts the response, because the client must not take it for complete. The scope has the environ
    as `wsgi_environ`.

    When the application accepts a WebSocket, the adapter takes over the connection's socket from the server. The loop
    then serves the WebSocket, without occupying a thread (ASGI WebSocket 2.5). If the server does not expose its
    socket, or if the connection uses TLS or HTTP/2, the handshake gets a 501.
    """

    def __init__(
        self,
        app: Any,
        *,
        loop_factory: LoopFactory | None = None,
        pathsend: bool = False,
        websockets: int = 10_000,
        ping: float = 20.0,
        max_message: int = 16 * 1024 * 1024,
        detach: bool = False,
    ) -> None:
        self.app: ASGIApp = as_asgi3(app)
        self._pathsend = pathsend
        self._places = Places(websockets)
        self._limits = Limits(max_message, ping)
        self._detached = Places(MAX_DETACHED) if detach else None
        self._loop_factory = loop_factory
        self._closed = False
        self.forked()
        _adapters.add(self)

    def forked(self) -> None:
        """Forget the loop and the lifespan, because they belong to the parent process."""
        self._tally = Tally()
        self._starting = threading.Lock()
        self._running: Running | None = None
        self._beginning: Running | None = None  # also set while the application is starting

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Serve one WSGI request. Raises the application's exceptions, and LifespanFailed if its startup has failed."""
        if "HTTP_UPGRADE" in environ and is_handshake(environ):
            return self._websocket(environ, start_response)
        try:
            body = WSGIBody(environ)
        except BadRequest as error:
            return _answer(start_response, status_line(error.status), str(error))
        forks.check()
        running = self._started()
        scope = scope_from_environ(environ)
        scope["state"] = running.lifespan.state.copy()
        file_wrapper = environ.get("wsgi.file_wrapper") if self._pathsend else None
        scope["extensions"] = {"http.response.pathsend": {}} if file_wrapper else {}
        scope["wsgi_environ"] = environ
        if "eventlet.input" in environ:
            environ["eventlet.minimum_write_chunk_size"] = 1  # otherwise eventlet buffers up to 4 KiB of a stream
        client = Client(environ)
        desk = Desk(running.thread.loop, client.has_left, running.thread.watched, thread_gate)
        first = body.first()
        messages = [] if first is None else [body_message(*first)]
        exchange = Exchange(self.app, scope, desk, messages, body.more, owner=self)
        exchange.tally = self._tally
        response = ASGIResponse(exchange, body, running, file_wrapper)
        response.client = client
        if self._detached is not None:
            exchange.can_detach = True
            response.detachment = Detachment(environ, self._detached, is_called_by_uwsgi(environ))
        return self._answered(response, environ, start_response)

    def _answered(
        self,
        response: ASGIResponse,
        environ: dict[str, Any],
        start_response: StartResponse,
        accepted: Callable[[StartResponse], Iterable[bytes] | None] | None = None,
    ) -> Iterable[bytes]:
        """Return the response. Raises the application's error; on uWSGI, returns a 500 response instead."""
        try:
            return response.answer(start_response, accepted)
        except Exception as error:
            if "uwsgi.version" not in environ or isinstance(error, ClientDisconnected):
                raise
            # If an application raises, uWSGI closes the connection without a response (PEP 3333, "Error Handling",
            # allows that).
            return _answer(start_response, "500 Internal Server Error", "Internal Server Error")

    def _websocket(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Serve a WebSocket handshake. Take over the connection, or return an ordinary response."""
        if not self._places.limit:
            return _refuse(start_response, on_wsgi.SWITCHED_OFF)
        wrong = refusal(environ)
        connection = None if wrong else find(environ)
        if wrong is not None or connection is None:
            return _refuse(start_response, wrong or on_wsgi.NO_CONNECTION)
        forks.check()
        if not self._places.take():
            return _refuse(start_response, on_wsgi.FULL)
        places = self._places
        try:
            running = self._started()
            scope = on_wsgi.websocket_scope(environ)
            scope["state"] = running.lifespan.state.copy()
            scope["wsgi_environ"] = environ
            # A WebSocket client that shuts down its sending side has disconnected. An HTTP client that does so may
            # still wait for its response.
            desk = Desk(running.thread.loop, connection.has_ended, running.thread.watched)
        except BaseException:
            places.release()
            raise
        over = places.release
        exchange = WebSocketExchange(self.app, scope, desk, limits=self._limits, over=over, owner=self)
        exchange.tally = self._tally
        exchange.open_in(running.websockets)
        response = ASGIResponse(exchange, WSGIBody({"wsgi.input": None}), running, None)
        response.client = Client(environ)
        accepted = partial(on_wsgi.take_over_connection, exchange, connection, running)
        return self._answered(response, environ, start_response, accepted)

    def _started(self) -> Running:
        """Start the application if it is not running, and return it. Raises RuntimeError if called on its loop, where
        waiting would deadlock.
        """
        running = self._running
        if running is None or running.failure is not None or running.thread.ended:
            running = self._start()
        running.thread.refuse_inside()
        return running

    def _start(self) -> Running:
        with self._starting:
            if self._closed:
                raise RuntimeError("this ASGIToWSGI has been closed; create a new one")
            if self._running is not None and self._running.thread.ended:
                self._running.abandon()
                self._running = None
            if self._running is None:
                running = self._beginning = Running(self.app, *self._loop())
                running.wait()
                weakref.finalize(self, running.close_soon).atexit = False
                self._running = running
            if self._running.failure is not None:
                raise LifespanFailed(self._running.failure)
            return self._running

    def _loop(self) -> tuple[BorrowedLoop, Callable[[], object]]:
        """Return the loop for the application, and a function that releases the loop."""
        thread = acquire(self._loop_factory)
        return thread, partial(release, self._loop_factory, thread)

    def stats(self) -> ASGIStats:
        """Return this adapter's figures in this process. Thread-safe; takes no lock."""
        running, tally = self._running, self._tally
        live = [] if running is None else list(running.live)
        websockets = [] if running is None else list(running.websockets)
        begun = [exchange.begun for exchange in (*live, *websockets)]
        background = sum(exchange.finished for exchange in live)
        return ASGIStats(
            tasks=len(live) - background,
            background=background,
            websockets=len(websockets),
            detached=0 if running is None else len(running.streams),
            oldest=time.monotonic() - min(begun) if begun else 0.0,
            requests=tally.requests,
            errors=tally.errors,
            disconnects=tally.disconnects,
            bytes=tally.bytes,
        )

    def close(self, *, timeout: float = DRAIN_SECONDS) -> None:
        """Shut down the lifespan, and the loop if no other adapter uses it. Does not wait if called on the loop itself.

        timeout: limit in seconds for background work of complete responses. Work that takes longer is cancelled, which
            is logged. Incomplete responses are aborted immediately, except detached streams, which have `timeout` - 3
            seconds. After that, the lifespan's shutdown has 10 seconds.

        Requests that arrive after close() raise RuntimeError.
        """
        self._closed = True
        if not self._starting.acquire(timeout=CLOSE_SECONDS):
            log.error("the application is still starting after %g seconds; close() aborts it", CLOSE_SECONDS)
            if self._beginning is not None:
                self._beginning.give_up()
            if not self._starting.acquire(timeout=1):
                return  # the application blocks the loop, so its lifespan cannot be shut down
        running, self._running = self._running, None
        self._starting.release()
        if running is None:
            return
        if running.thread.inside():
            running.close_soon()  # waiting on the loop itself would deadlock
        else:
            running.close(timeout)


_adapters: weakref.WeakSet[ASGIToWSGI] = weakref.WeakSet()


@forks.in_child
def _forked() -> None:
    for adapter in _adapters:
        adapter.forked()


def _refuse(start_response: StartResponse, wrong: Refusal) -> list[bytes]:
    return _answer(start_response, wrong.status, wrong.text, wrong.headers)


def _answer(
    start_response: StartResponse, status: str, text: str, headers: Iterable[tuple[str, str]] = ()
) -> list[bytes]:
    body = f"{text}\n".encode("utf-8", "backslashreplace")
    length = str(len(body))
    start_response(status, [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", length), *headers])
    return [body]
