"""ASGI applications on WSGI servers: the application runs on one event loop, the server's thread hands over its blocks.

Knows both interfaces. Threads and loops are crossing.py's and loop_thread.py's matter; the order of ASGI's events
is asgi_exchange.py's; the spelling of a request and of a head is metavariables.py's and heads.py's.
"""

from __future__ import annotations

import asyncio
import atexit
import io
import logging
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from contextvars import Context, Token, copy_context
from functools import partial
from typing import Any

from . import forks
from .asgi_app import ASGIApp, Message, as_asgi3
from .asgi_exchange import GRACE, Exchange, PathSend
from .crossing import Desk, adopt
from .disconnected import ClientDisconnected
from .heads import has_body
from .lifespan import Lifespan, LifespanFailed
from .loop_thread import BorrowedLoop, LoopFactory, acquire, release
from .loops import LoopClosed
from .metavariables import BadRequest, content_length, scope_from_environ
from .wsgi_client import left
from .wsgi_response import StartResponse

log = logging.getLogger("gateways.asgi")

_CLOSE_SECONDS = 10  # how long close() waits for the application
_BLOCK = 64 * 1024  # bytes of a request's body that are read at a time


class ASGIToWSGI:
    """A WSGI application that runs an ASGI application (ASGI HTTP 2.5 and lifespan 2.0; PEP 3333).

    app: the ASGI 3 application, or an ASGI 2 double callable.
    loop_factory: makes the event loop, e.g. uvloop.new_event_loop; asyncio's own by default. All adapters of a process
        with the same factory share one loop, on one thread.

    The loop begins and the application's lifespan starts with the first request in this process: an adapter made
    before a server forks works in each child. They end with close(), or when the process exits.

    An error of the application, or a response that breaks ASGI, is logged ("gateways.asgi") and raised to the server:
    before the head for a 500, after it so that the server does not end the response as if it were whole. The scope has
    the environ as `wsgi_environ`. A WebSocket handshake is answered with 501: WSGI has no way to carry one.
    """

    def __init__(self, app: Any, *, loop_factory: LoopFactory | None = None) -> None:
        self.app: ASGIApp = as_asgi3(app)
        self._loop_factory = loop_factory
        self._closed = False
        self.forked()
        _adapters.add(self)

    def forked(self) -> None:
        """Forget the loop and the lifespan: they are the parent process's."""
        self._starting = threading.Lock()
        self._running: _Running | None = None

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Serve one WSGI request. Raises what the application raises, and LifespanFailed if it could not start."""
        if "HTTP_UPGRADE" in environ and _is_websocket(environ):
            return _answer(start_response, "501 Not Implemented", "WSGI, which this server speaks, has no WebSocket.")
        try:
            body = _Body(environ)
        except BadRequest as error:
            return _answer(start_response, "400 Bad Request", str(error))
        forks.check()
        running = self._running
        if running is None or running.failure is not None:
            running = self._start()
        running.thread.refuse_inside()
        scope = scope_from_environ(environ)
        scope["state"] = running.lifespan.state.copy()
        scope["extensions"] = {"http.response.pathsend": {}} if "wsgi.file_wrapper" in environ else {}
        scope["wsgi_environ"] = environ
        desk = Desk(running.thread.loop, left(environ))
        exchange = Exchange(self.app, scope, desk, body.first(), body.more, owner=self)
        response = _Response(exchange, body, running, environ.get("wsgi.file_wrapper"))
        return response.answer(start_response, head_only=scope["method"] == "HEAD")

    def _start(self) -> _Running:
        with self._starting:
            if self._closed:
                raise RuntimeError("this ASGIToWSGI has been closed; make another")
            if self._running is None:
                running = _Running(self.app, *self._loop())
                weakref.finalize(self, running.close_soon).atexit = False
                self._running = running
            if self._running.failure is not None:
                raise LifespanFailed(self._running.failure)
            return self._running

    def _loop(self) -> tuple[BorrowedLoop, Callable[[], object]]:
        """The loop to run on, and what lets go of it."""
        thread = acquire(self._loop_factory)
        return thread, partial(release, self._loop_factory, thread)

    def close(self) -> None:
        """End the lifespan, and the loop if no other adapter uses it. Waits for both, some seconds at most; on the
        loop itself it does not wait.

        What the application still does has a second to end before it is cancelled. A later request is an error.
        """
        self._closed = True
        if not self._starting.acquire(timeout=_CLOSE_SECONDS):
            return log.error("the application is still starting after %s seconds; close() gives up", _CLOSE_SECONDS)
        running, self._running = self._running, None
        self._starting.release()
        if running is None:
            return
        if running.thread.inside():
            running.close_soon()  # the loop that called would have to do what it waits for
        else:
            running.close()


_adapters: weakref.WeakSet[ASGIToWSGI] = weakref.WeakSet()
_started: set[_Running] = set()  # until they are closed: also those whose adapter is gone
_inherited: list[_Running] = []  # what runs in the parent process; collecting it here would look like its end


class _Running:
    """An application that has been started in this process: its loop, its lifespan, its live requests."""

    def __init__(self, app: ASGIApp, thread: BorrowedLoop, let_go: Callable[[], object]) -> None:
        self.thread, self._let_go = thread, let_go
        self._closing = threading.Lock()
        self.live: set[Exchange] = set()
        self.lifespan = Lifespan(app)
        self.failure: str | None = None
        try:
            self.thread.refuse_inside()
        except RuntimeError:
            let_go()
            raise
        _started.add(self)
        try:
            # In an empty context: the lifespan is no part of the request that happens to be the first.
            Context().run(self.thread.run, self.lifespan.startup()).result()
        except LifespanFailed as error:
            self.failure = str(error)
            log.error("%s; its requests will fail", error)
        except BaseException:  # a signal: the next request starts anew
            self.close_soon()
            raise

    def close(self) -> None:
        """End the requests, the lifespan and, if nobody else uses it, the loop."""
        with self._closing:
            if self not in _started:
                return
            _started.discard(self)
            ending = self.thread.run(self._end())
            try:
                ending.result(timeout=_CLOSE_SECONDS)
            except TimeoutError:
                ending.cancel()
                log.error("the application did not shut down in %s seconds", _CLOSE_SECONDS)
            self._let_go()

    def close_soon(self) -> None:
        """close() in a thread of its own: the garbage collector must not wait."""
        if self in _started:
            threading.Thread(target=self.close, name="asgi-to-wsgi-close", daemon=True).start()

    async def _end(self) -> None:
        for exchange in list(self.live):
            exchange.hang_up()
        tasks = [exchange.task for exchange in self.live if exchange.task is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=GRACE + 1)
        await self.lifespan.shutdown()


class _Body:
    """The body of a request, read in the server's thread: never past its length; without one if it ends itself."""

    def __init__(self, environ: dict[str, Any]) -> None:
        """Raises BadRequest for a CONTENT_LENGTH that is no number."""
        stream = environ["wsgi.input"] or io.BytesIO()
        self._read = getattr(stream, "read1", stream.read)  # read1() gives what has arrived; read() may wait for all
        self._arrived = isinstance(stream, io.BytesIO) or type(stream).__module__ == "waitress.buffers"
        length = environ.get("CONTENT_LENGTH")
        self._missing: int | None = None
        if length:
            self._missing = int(content_length(length))
            self.more = self._missing > 0
        else:
            self.more = bool(environ.get("wsgi.input_terminated")) or environ.get("mod_wsgi.input_chunked") == "1"

    def first(self) -> list[Message]:
        """What the application need not ask for: an empty body, or a small one that has already arrived."""
        if not self.more:
            return [{"type": "http.request", "body": b"", "more_body": False}]
        if self._arrived and self._missing is not None and self._missing <= _BLOCK:
            return [self.read()]
        return []

    def read(self) -> Message:
        """The next part of the body; a body that ends too soon, or cannot be read, is a disconnect."""
        try:
            block = self._read(_BLOCK if self._missing is None else min(_BLOCK, self._missing))
        except Exception as error:
            log.info("the body of a request could not be read: %r", error)
            self.more = False
            return {"type": "http.disconnect"}
        if self._missing is None:
            self.more = bool(block)
        else:
            block = block[: self._missing]
            self._missing -= len(block)
            self.more = self._missing > 0 and bool(block)
            if self._missing > 0 and not block:
                return {"type": "http.disconnect"}
        return {"type": "http.request", "body": block, "more_body": self.more}


class _Whole(list[bytes]):
    """A whole body, and what its application has set in the thread's context: for middleware to see until close()."""

    def __init__(self, body: list[bytes], lent: Sequence[Token[Any]]) -> None:
        super().__init__(body)
        self._lent = lent

    def close(self) -> None:
        """PEP 3333: the server is done with the response. The thread's next request may be another user's."""
        lent, self._lent = self._lent, ()
        _take_back(lent)

    __del__ = close  # for servers that forget to


def _take_back(lent: Sequence[Token[Any]]) -> None:
    for token in lent:
        # Another context than the one it was set in is none of this thread's: the server made it for one request.
        with suppress(ValueError):
            token.var.reset(token)


class _Response:
    """The response on its way to the server; its iterable where it is not whole. In the server's thread only."""

    def __init__(self, exchange: Exchange, body: _Body, running: _Running, file_wrapper: Any) -> None:
        self._exchange, self._body, self._running, self._file_wrapper = exchange, body, running, file_wrapper
        self._loop = running.thread.loop
        self._items: list[Any] = []
        self._lent: Sequence[Token[Any]] = ()
        self._asked = self._ended = self._closed = False

    def answer(self, start_response: StartResponse, head_only: bool) -> Iterable[bytes]:
        """Run the application up to the first of its body, and call start_response()."""
        exchange = self._exchange
        before = copy_context()
        context = before.copy()
        try:
            self._loop.post(partial(exchange.start, self._running.live, context))
            self._take()
        except BaseException:  # the application's error; or a signal, which finds the main thread here
            self.close()
            raise
        assert exchange.head is not None  # the application sent it, or _take() would have raised
        status, headers = exchange.head
        if not self._ended or not exchange.complete:
            self._lent = adopt(context, before)
            start_response(status, headers)
            return self
        last = self._items[-1]
        if isinstance(last, PathSend):
            file = open(last.path, "rb")  # noqa: SIM115 - the server closes it, through the wrapper
            start_response(status, headers)
            wrapped: Iterable[bytes] = self._file_wrapper(file, _BLOCK)
            return wrapped
        lent = adopt(context, before)
        start_response(status, headers)
        whole = [b"".join(self._items)] if has_body(int(status[:3])) and not head_only else []
        return _Whole(whole, lent) if lent else whole

    def _take(self) -> None:
        """Wait for items, and meanwhile read what the application asks for. No items, with `_ended`, are the end.

        Raises the application's error.
        """
        exchange = self._exchange
        while not self._items:
            if self._asked:
                self._asked = False
                self._loop.post(partial(exchange.feed, self._body.read()))
            self._items, self._asked, self._ended = exchange.desk.get()
            if self._ended and not self._items and (not exchange.complete or exchange.desk.closed):
                error, exchange.error = exchange.error, None
                try:
                    raise error or ClientDisconnected("the client has left, or the event loop has ended")
                finally:
                    del error  # its traceback holds this frame
            if self._ended:
                return

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if not self._items and not self._closed:
            self._take()
        if not self._items:
            raise StopIteration
        items, self._items = self._items, []
        return items[0] if len(items) == 1 else b"".join(items)

    def close(self) -> None:
        """PEP 3333: the server is done with the response. One that is not complete has lost its client."""
        exchange = self._exchange
        self._closed, self._items = True, []
        lent, self._lent = self._lent, ()
        _take_back(lent)
        if not exchange.complete:
            exchange.desk.close()
            try:
                self._loop.post(exchange.hang_up)
            except LoopClosed:
                return  # nothing runs there any more

    __del__ = close  # for servers that forget to


def _is_websocket(environ: dict[str, Any]) -> bool:
    """Whether this is a WebSocket handshake (RFC 6455, 4.1)."""
    upgrade, connection = (environ.get(name, "").lower().split(",") for name in ("HTTP_UPGRADE", "HTTP_CONNECTION"))
    return (
        environ.get("REQUEST_METHOD") == "GET"
        and any(name.strip() == "upgrade" for name in connection)
        and any(name.strip() == "websocket" for name in upgrade)
    )


def _answer(start_response: StartResponse, status: str, text: str) -> list[bytes]:
    body = f"{text}\n".encode("utf-8", "backslashreplace")
    start_response(status, [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))])
    return [body]


def _close_all() -> None:
    for running in list(_started):
        running.close()


@forks.in_child
def _forked() -> None:
    _inherited.extend(_started)
    _started.clear()
    for adapter in _adapters:
        adapter.forked()


atexit.register(_close_all)
