"""ASGI applications on WSGI servers: the application runs on one event loop, the server's thread passes its blocks on.

Knows both interfaces. It must not know threads and loops (concurrency/), the application's start, end and order of
events (run_asgi/), how servers offer a body and a connection (on_wsgi/), or how requests and response headers are
mapped (mapping/).
"""

from __future__ import annotations

import logging
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import Any

from .asgi_types import ASGIApp, Message
from .concurrency import forks, spare_threads
from .concurrency.channels import Desk, Lent, adopt
from .concurrency.loop_thread import BorrowedLoop, LoopFactory, acquire, release
from .concurrency.loops import Loop, LoopClosed
from .errors import BadRequest, ClientDisconnected
from .mapping.requests import scope_from_environ
from .mapping.responses import status_line
from .on_wsgi import websocket as on_wsgi
from .on_wsgi.client import has_failed, has_left
from .on_wsgi.detaching import MARK, Departure
from .on_wsgi.iteration import is_called_by_uwsgi, is_iterated_by_server
from .on_wsgi.request_body import BLOCK, WSGIBody
from .on_wsgi.sent_file import SentFile
from .on_wsgi.takeover import Connection, find
from .run_asgi.exchange import Exchange, PathSend
from .run_asgi.lifespan import LifespanFailed
from .run_asgi.running import CLOSE_SECONDS, DRAIN_SECONDS, Running
from .run_asgi.stream import Stream
from .run_asgi.versions import as_asgi3
from .run_asgi.websocket import Limits, WebSocketExchange
from .stats import ASGIStats, Tally
from .websocket.handshake import Refusal, is_handshake, refusal
from .websocket.places import Places
from .wsgi_types import StartResponse

log = logging.getLogger("gateways.asgi")

MOST_DETACHED = 10_000  # streams that a process may have detached at once; further ones stay on their threads
READING_SECONDS = 2.0  # timeout for a body read after its connection has been shut down for reading, in seconds


class ASGIToWSGI:
    """A WSGI application that runs an ASGI application (ASGI HTTP 2.5 and lifespan 2.0; PEP 3333).

    app: the ASGI 3 application, or an ASGI 2 double callable.
    loop_factory: creates the event loop, e.g. uvloop.new_event_loop. Default: asyncio's own. All adapters of a process
        with the same factory share one loop, on one thread.
    pathsend: offer `http.response.pathsend` if the server has wsgi.file_wrapper. The server's thread then reads the
        file, and send() returns once it has been sent. Off by default: middleware that wraps send() or reads bodies
        (compression, Starlette's BaseHTTPMiddleware) does not know this message.
    websockets: number of WebSockets that a process may have open at once; further handshakes get a 503. 0 turns
        WebSockets off.
    ping: seconds between pings to a WebSocket client. A client that does not respond to one is disconnected. 0 sends no
        pings.
    max_message: size limit in bytes of a message from a client; a larger one closes its WebSocket with 1009.
    detach: serve responses of the type text/event-stream on the loop, without a thread of the server, if their
        connection can be taken as for a WebSocket and no middleware wraps their body. Off by default: the connection
        closes after such a response, and the server logs it, and counts it for its limits, when it starts.

    The loop and the application's lifespan start with the first request in this process, so an adapter that was created
    before a server forks works in each child. close() stops them, and so does the end of the process, after waiting up
    to 30 seconds for the work that the application does after its responses. Call close() from the server's own hook if
    it has one: gunicorn's gthread waits for running streams before it exits, and is killed (`def worker_exit(server,
    worker): app.close()` in its configuration file first ends them and the lifespan).

    An exception of the application, or a response that breaks ASGI, is logged ("gateways.asgi") and raised to the
    server: before the response headers, which gives a 500; after them, so that the server does not end the response as
    if it were complete. The scope has the environ as `wsgi_environ`.

    When the application accepts a WebSocket, the adapter takes the connection's socket from the server and serves it on
    the loop, without holding a thread (ASGI WebSocket 2.5). If the server does not expose its socket, or if the
    connection uses TLS or HTTP/2, the handshake gets a 501.
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
        self._detached = Places(MOST_DETACHED) if detach else None
        self._loop_factory = loop_factory
        self._closed = False
        self.forked()
        _adapters.add(self)

    def forked(self) -> None:
        """Forget the loop and the lifespan: they belong to the parent process."""
        self._tally = Tally()
        self._starting = threading.Lock()
        self._running: Running | None = None
        self._beginning: Running | None = None  # also while it starts

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Serve one WSGI request. Raises what the application raises, and LifespanFailed if it could not start."""
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
            environ["eventlet.minimum_write_chunk_size"] = 1  # otherwise it buffers a stream's blocks up to 4 KiB
        desk = Desk(running.thread.loop, partial(has_left, environ), running.thread.watched)
        first = body.first()
        messages = [] if first is None else [_message(*first)]
        exchange = Exchange(self.app, scope, desk, messages, body.more, owner=self)
        exchange.tally = self._tally
        response = _Response(exchange, body, running, file_wrapper)
        if self._detached is not None:
            exchange.can_leave = True
            response.departure = Departure(environ, self._detached, is_called_by_uwsgi(environ))
        try:
            return response.answer(start_response)
        except Exception as error:
            if "uwsgi.version" not in environ or isinstance(error, ClientDisconnected):
                raise
            # uWSGI closes the connection of an application that raises; PEP 3333, "Error Handling", leaves that to it.
            return _answer(start_response, "500 Internal Server Error", "Internal Server Error")

    def _websocket(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Serve a WebSocket handshake: take over the connection, or return an ordinary response."""
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
            desk = Desk(running.thread.loop, partial(has_left, environ), running.thread.watched)
        except BaseException:
            places.give_back()
            raise
        over = places.give_back
        exchange = WebSocketExchange(self.app, scope, desk, limits=self._limits, over=over, owner=self)
        exchange.tally = self._tally
        exchange.open_in(running.websockets)
        response = _Response(exchange, WSGIBody({"wsgi.input": None}), running, None)
        return response.answer(start_response, partial(_hand_over, exchange, connection, running))

    def _started(self) -> Running:
        """Return the application, started. Raises RuntimeError on its own loop, which would wait for itself."""
        running = self._running
        if running is None or running.failure is not None or running.thread.ended:
            running = self._start()
        running.thread.refuse_inside()
        return running

    def _start(self) -> Running:
        with self._starting:
            if self._closed:
                raise RuntimeError("this ASGIToWSGI has been closed; create another")
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
        """Return the loop to run on, and the callable that releases it."""
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

        timeout: seconds that background work of complete responses may take before it is cancelled, which is logged.
            Responses that are not complete are aborted at once, but detached streams have this time less 3 seconds. The
            lifespan's shutdown then has 10 seconds.

        Later requests raise RuntimeError.
        """
        self._closed = True
        if not self._starting.acquire(timeout=CLOSE_SECONDS):
            log.error("the application is still starting after %g seconds; close() aborts it", CLOSE_SECONDS)
            if self._beginning is not None:
                self._beginning.give_up()
            if not self._starting.acquire(timeout=1):
                return  # it blocks the loop as well
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


class _Whole(list[bytes]):
    """A complete body, and the context variables that its application set: visible to middleware until close()."""

    def __init__(self, body: list[bytes], lent: Lent) -> None:
        super().__init__(body)
        self._lent = lent

    def close(self) -> None:
        """PEP 3333: the server is done with the response. The thread's next request may be another user's."""
        lent, self._lent = self._lent, ()
        _take_back(lent)

    def __del__(self, finalizing: Callable[[], bool] = sys.is_finalizing) -> None:
        """Close it for servers that forget to. At interpreter exit this module may be gone already."""
        if not finalizing():
            self.close()


def _take_back(lent: Lent) -> None:
    for token, value in lent:
        # Values that other code has set since then stay. Another context is not this thread's:
        # the server created it for one request.
        if token.var.get(None) is value:
            with suppress(ValueError):
                token.var.reset(token)


def _message(block: bytes, more: bool) -> Message:
    return {"type": "http.request", "body": block, "more_body": more}


class _Reading:
    """One read of a request body, which feeds the exchange. Runs in the server's thread or in a spare one."""

    def __init__(self, body: WSGIBody, exchange: Exchange, loop: Loop) -> None:
        self.over = threading.Event()
        self._body, self._exchange, self._loop = body, exchange, loop

    def __call__(self) -> None:
        try:
            message = _message(*self._body.read())
        except Exception as error:
            log.info("cannot read the request body: %r", error)
            message = {"type": "http.disconnect"}
        finally:
            self.over.set()
        with suppress(LoopClosed):  # then the server's thread knows
            self._loop.post(partial(self._exchange.feed, message))


class _Response:
    """The response on its way to the server; also its iterable if it streams. In the server's thread only."""

    departure: Departure | None = None  # if the response may leave this thread
    _left = False  # it has

    def __init__(self, exchange: Exchange, body: WSGIBody, running: Running, file_wrapper: Any) -> None:
        self._exchange, self._body, self._running, self._file_wrapper = exchange, body, running, file_wrapper
        self._loop = running.thread.loop
        self._items: list[Any] = []
        self._lent: Lent = ()
        self._reading: _Reading | None = None  # in another thread
        self._asked = self._ended = self._closed = self._handed = False

    def answer(
        self, start_response: StartResponse, accepted: Callable[[StartResponse], Iterable[bytes] | None] | None = None
    ) -> Iterable[bytes]:
        """Run the application until its first body block, and call start_response().

        `accepted` produces the response instead if the application has accepted a WebSocket.
        """
        exchange = self._exchange
        before = copy_context()
        context = before.copy()
        try:
            self._running.begin(exchange, context)
            self._take()
            other = accepted(start_response) if accepted is not None else None
        except BaseException:  # the application's error, or a signal that interrupts the main thread here
            self.close()
            raise
        if other is not None:
            return other
        assert exchange.head is not None  # the application sent it, or _take() would have raised
        status, headers = exchange.head
        if not self._ended or not exchange.complete or self._body.interrupted:  # then close() has something to do
            self._lent = adopt(context, before)
            start_response(status, headers)
            return self
        last = self._items[-1]
        if isinstance(last, PathSend):
            return self._file(last, start_response)
        lent = adopt(context, before)
        start_response(status, headers)
        whole = [] if exchange.dropped else [b"".join(self._items)]
        return _Whole(whole, lent) if lent else whole

    def _file(self, sent: PathSend, start_response: StartResponse) -> Iterable[bytes]:
        exchange, self._handed = self._exchange, True
        try:
            file = SentFile(sent.path, sent.length, partial(self._file_done, exchange))
        except BaseException as error:
            self._file_done(exchange, error)
            raise
        try:
            assert exchange.head is not None  # it comes first
            status, headers = exchange.head
            if sent.length is None:
                headers.append(("content-length", str(file.length)))
            start_response(status, headers)
            wrapped: Iterable[bytes] = self._file_wrapper(file, BLOCK)
        except BaseException:
            file.close()
            raise
        return wrapped

    def _file_done(self, exchange: Exchange, error: BaseException | None, sent: int = 0) -> None:
        with suppress(LoopClosed):  # then the application has ended
            self._loop.post(partial(exchange.file_done, error, sent))

    def _take(self) -> None:
        """Wait for items, and meanwhile read the body if the application wants it. No items, with `_ended`, are the
        end.

        Raises the application's error.
        """
        exchange = self._exchange
        while not self._items:
            if self._asked:
                self._asked = False
                self._read()
            self._items, self._asked, self._ended = exchange.desk.get()
            if self._ended and not self._items and (not exchange.complete or exchange.desk.closed):
                error, exchange.error = exchange.error, None
                try:
                    raise error or self._running.lost()
                finally:
                    del error  # its traceback holds this frame
            if self._ended:
                return self._stop_reading()

    def _read(self) -> None:
        """Read the next block of the body: in this thread if it has arrived, else in another, so that blocks can be
        sent.
        """
        if not self._body.ready():
            reading = self._reading = _Reading(self._body, self._exchange, self._loop)
            try:
                return spare_threads.run(reading)
            except RuntimeError as error:
                log.warning("cannot start a thread to read a request body (%s); its response may be delayed", error)
                self._reading = None
        _Reading(self._body, self._exchange, self._loop)()

    def _stop_reading(self) -> None:
        """Stop the reading thread before the server uses its connection again."""
        reading, self._reading = self._reading, None
        if reading is not None and not reading.over.is_set():
            self._body.interrupt()
            if not reading.over.wait(READING_SECONDS):
                log.error("reading the request body has not ended %g seconds after its connection", READING_SECONDS)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        departure = self.departure
        if departure is not None:
            if departure.begun:
                self._leave(departure)
            elif self._can_leave() and departure.begin(is_iterated_by_server(self)):
                return MARK
            else:
                self.departure = None
        if not self._items and not self._closed:
            self._take()
        if not self._items:
            raise StopIteration
        items, self._items = self._items, []
        return items[0] if len(items) == 1 else b"".join(items)

    def _can_leave(self) -> bool:
        """Return True if the loop can send the rest: an event stream, whose request body has been read."""
        reading = self._reading is not None and not self._reading.over.is_set()
        return self._exchange.leaves and not (self._ended or self._body.more or reading)

    def _leave(self, departure: Departure) -> None:
        """Let the loop send the rest on the client's connection; nothing is left for the server. If that is not
        possible, return as if nothing had happened.
        """
        detached = departure.finish()
        if detached is None:
            self.departure = None
            return departure.close()
        stream = Stream(
            self._exchange,
            detached.start.head,
            chunked=detached.start.chunked,
            has_failed=has_failed,
            streams=self._running.streams,
            over=departure.places.give_back,
        )
        items, self._items = self._items, []
        try:
            self._loop.post(partial(stream.attach, detached.sock, items))
        except LoopClosed:
            detached.sock.close()
            departure.places.give_back()
            raise
        self._left = self._closed = True

    def close(self) -> None:
        """PEP 3333: the server is done with the response. If it is not complete, the client has disconnected."""
        exchange = self._exchange
        self._closed, self._items = True, []
        lent, self._lent = self._lent, ()
        _take_back(lent)
        departure, self.departure = self.departure, None
        if departure is not None:
            departure.close()
        if self._left:
            return
        self._stop_reading()
        if self._body.interrupted:
            self._body.abandon()
            self._body.interrupted = False
        if not exchange.complete or (exchange.sending and not self._handed):
            left = exchange.desk.closed  # its check found that the client has disconnected
            exchange.desk.close()
            try:
                self._loop.post(partial(exchange.hang_up, left))
            except LoopClosed:
                self._running.live.discard(exchange)  # nothing runs there now

    def __del__(self, finalizing: Callable[[], bool] = sys.is_finalizing) -> None:
        """Close it for servers that forget to. At interpreter exit this module may be gone already."""
        if not finalizing():
            self.close()


def _hand_over(
    exchange: WebSocketExchange, connection: Connection, running: Running, start_response: StartResponse
) -> Iterable[bytes] | None:
    """Give an accepted WebSocket the server's connection. Returns None if it was not accepted."""
    if not exchange.accepted:
        return None
    loop = running.thread.loop
    taken = False
    try:
        sock = connection.take()
        taken = True
        early = connection.let_go()
        loop.post(partial(exchange.attach, sock, early))
        start_response("101 Switching Protocols", [])  # for the server's log: its connection has ended
    except BaseException as error:
        if not taken:
            loop.post(exchange.lose)
        elif isinstance(error, LoopClosed):
            sock.close()
        connection.close()
        raise
    return on_wsgi.HandedOver(connection)


def _refuse(start_response: StartResponse, wrong: Refusal) -> list[bytes]:
    return _answer(start_response, wrong.status, wrong.text, wrong.headers)


def _answer(
    start_response: StartResponse, status: str, text: str, headers: Iterable[tuple[str, str]] = ()
) -> list[bytes]:
    body = f"{text}\n".encode("utf-8", "backslashreplace")
    length = str(len(body))
    start_response(status, [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", length), *headers])
    return [body]
