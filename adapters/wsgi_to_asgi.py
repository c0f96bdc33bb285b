"""WSGI applications on ASGI servers: the application runs in a worker thread, the request's coroutine sends its blocks.

Knows both interfaces. Threads, locks and loops are crossing.py's and workers.py's matter; the order of a response is
wsgi_response.py's; the spelling of a request and of a head is metavariables.py's and heads.py's.
"""

from __future__ import annotations

import io
import logging
import os
import stat
import sys
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextvars import copy_context
from functools import partial
from pathlib import Path
from typing import Any

from .async_views import forget_tasks, lend_loop
from .crossing import ClientDisconnected, Loop, Outbox, Task, adopt, running_loop
from .heads import Head, head_from_wsgi
from .metavariables import BadRequest, environ_from_scope
from .request_body import Body, Receive
from .workers import Workers
from .wsgi_response import FileWrapper, Item, WSGIApp, WSGIResponse

log = logging.getLogger("gateways.wsgi")

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

_JOIN = 64 * 1024  # blocks that wait together are joined up to about this size


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
        exchange = _Exchange(self.app, environ, running_loop(), receive, self._workers, self._verbatim)
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


_FILE_MESSAGES = ("http.response.pathsend", "http.response.zerocopysend")
_NO_TASK = Task(int, int)  # type: ignore[arg-type] # in a listener's place once it is too late for one


class _Exchange:
    """One request: run() in a worker thread, everything else on the loop."""

    def __init__(
        self, app: WSGIApp, environ: dict[str, Any], loop: Loop, receive: Receive, workers: Workers, verbatim: bool
    ) -> None:
        self._app, self._environ, self._loop, self._receive = app, environ, loop, receive
        self._workers, self._verbatim = workers, verbatim
        self._outbox = Outbox(loop, workers)
        self._body: Body | None = None
        self._send_file: _SendFile | None = None
        self._listener: Task | None = None
        self._error: BaseException | None = None
        self._complete = False  # the end of the response has gone to the server
        self._abandoned = False  # no coroutine is left to raise the error
        environ["wsgi.input"] = io.BytesIO()
        environ["waitress.client_disconnected"] = self._outbox.is_closed

    def offer(self, extensions: Mapping[str, Any]) -> None:
        """Pass on what the server can do (ASGI extensions)."""
        if "http.response.early_hint" in extensions:
            self._environ["wsgi.early_hints"] = partial(_early_hints, self._outbox)
        if "http.response.pathsend" in extensions or "http.response.zerocopysend" in extensions:
            self._send_file = _SendFile(self._outbox, "http.response.pathsend" in extensions)

    async def collect(self, spool: int) -> None:
        """Receive as much of the body as may be received before a thread is taken, and make the application's input."""
        environ = self._environ
        length = int(environ["CONTENT_LENGTH"]) if "CONTENT_LENGTH" in environ else None
        environ["wsgi.input_terminated"] = True
        if "HTTP_EXPECT" in environ and "100-continue" in environ["HTTP_EXPECT"].lower():
            self._body = Body(self._loop, self._workers, self._receive, length, self._listen)
            environ["wsgi.input"] = self._body.postponed()
            return
        first = await self._receive()
        block = first.get("body", b"")
        if (
            not first.get("more_body", False)
            and first["type"] == "http.request"
            and (length is None or len(block) == length)
        ):
            length = len(block)
            environ["wsgi.input"] = io.BytesIO(block)
        else:
            self._body = Body(self._loop, self._workers, self._receive, length, self._listen)
            environ["wsgi.input"], length = await self._body.collect(
                first, spool, partial(_in_thread, self._loop, self._workers)
            )
        if length or (length == 0 and environ["SERVER_PROTOCOL"][:7] == "HTTP/1."):
            environ["CONTENT_LENGTH"] = str(length)

    async def serve(self, send: Send) -> None:
        """Have a worker run the application; send what it makes. Raises its error, or the server's."""
        outbox, loop, watch = self._outbox, self._loop, self._watch
        context = copy_context()
        self._workers.submit(context.run, self.run)
        loop.attend(watch)
        try:
            ended = False
            while not ended:
                items, ended = await outbox.get()
                if items:
                    self._complete = _completes(items[-1])
                    await (_deliver_each if self._verbatim else _deliver)(send, items)
                    if not ended and not outbox.waiting:
                        watch()
        except Exception:  # the server's send() failed: the application is told, and finishes before we do
            self._hang_up()
            await outbox.ended()
            raise
        except BaseException:  # cancelled: the thread finishes by itself
            self._abandoned = True
            self._hang_up()
            raise
        finally:
            loop.leave(watch)
            listener, self._listener = self._listener, _NO_TASK  # it holds this exchange
            if listener is not None:
                listener.cancel()
        if listener is not None:
            await listener.ended()
        adopt(context)
        if self._error is not None:
            try:
                raise self._error
            finally:
                self._error = None  # its traceback holds this frame

    def _hang_up(self) -> None:
        """Nobody is there any more: the application's next read or block fails."""
        self._outbox.close()
        if self._body is not None:
            self._body.inbox.close()

    def _watch(self) -> None:
        """Notice the client's leaving from now on, unless that would receive a body that was not asked for."""
        if self._body is None or self._body.asked_for:
            self._listen()

    def _listen(self) -> None:
        """Receive what the client still sends, in a task beside this one: the rest of the body, then its leaving."""
        if self._listener is None:
            self._listener = self._loop.spawn(self._receive_all)

    async def _receive_all(self) -> None:
        inbox = self._body.inbox if self._body is not None else None
        over = False  # the request has ended
        try:
            while True:
                message = await self._receive()
                if message["type"] == "http.disconnect":
                    # After the response it means no more than that (ASGI HTTP, "Disconnect - receive event").
                    return None if self._complete else self._hang_up()
                if over:
                    return  # some middleware says the same again whenever it is asked, and never that the client left
                if inbox is None or inbox.over:
                    over = True
                    continue
                inbox.put(message.get("body", b""))
                if not message.get("more_body", False):
                    inbox.end()
                    over = True
                await inbox.room()
        except Exception as error:
            self._error = error
            self._hang_up()

    def run(self) -> None:
        """In the thread: the application's whole part. Whatever it raises ends here."""
        outbox = self._outbox
        items: list[Item] = []
        lend_loop(self._loop.asyncio_loop)
        try:
            if not outbox.closed:
                response = WSGIResponse(outbox.put, self._environ["REQUEST_METHOD"], self._verbatim)
                items = response.answer(self._app, self._environ, self._send_file)
        except BaseException as error:
            self._failed(error)
        finally:
            forget_tasks()
            if self._body is not None:
                self._body.close()
            outbox.end(*items)

    def _failed(self, error: BaseException) -> None:
        """In the thread: keep an error for the coroutine to raise, in a form that ends neither it nor the loop."""
        if isinstance(error, ClientDisconnected) and self._outbox.closed:
            return
        if self._abandoned:
            return log.error("the application failed after its request had been cancelled", exc_info=error)
        if isinstance(error, (StopIteration, StopAsyncIteration)) or not isinstance(error, Exception):
            wrapped = RuntimeError(f"the application raised {error!r}")
            wrapped.__cause__ = error
            error = wrapped
        self._error = error


def _completes(item: Any) -> bool:
    """Whether this is the last that is sent of a response."""
    return item["type"] in _FILE_MESSAGES if type(item) is dict else item[2]


async def _in_thread(loop: Loop, workers: Workers, call: Callable[[], object]) -> None:
    """Run `call`, which may wait for a disk, in a worker thread. Raises what it raises."""
    outbox = Outbox(loop, workers)

    def run(_: object) -> None:
        try:
            call()
        except Exception as error:
            outbox.end(error)
        else:
            outbox.end()

    workers.submit(run, None)
    errors, _ = await outbox.get()
    for error in errors:
        raise error


async def _deliver(send: Send, items: list[Any]) -> None:
    """Send what waits, small blocks together: they waited while the server was busy, so none is held back by it."""
    if len(items) == 1 and type(items[0]) is not dict:
        head, block, last = items[0]
        if head is not None:
            await send({"type": "http.response.start", "status": head.status, "headers": head.headers})
        return await send({"type": "http.response.body", "body": block, "more_body": not last})
    blocks: list[bytes] = []
    size = 0
    last = None
    for item in items:
        if type(item) is dict:  # a message of its own
            await send(item)
            continue
        head, block, last = item
        if head is not None:
            await send({"type": "http.response.start", "status": head.status, "headers": head.headers})
        if blocks and size + len(block) > _JOIN:
            await send({"type": "http.response.body", "body": b"".join(blocks), "more_body": True})
            blocks, size = [], 0
        blocks.append(block)
        size += len(block)
    if last is not None:
        body = blocks[0] if len(blocks) == 1 else b"".join(blocks)
        await send({"type": "http.response.body", "body": body, "more_body": not last})


async def _deliver_each(send: Send, items: list[Any]) -> None:
    """Send each block as a message of its own, and the end as another."""
    for item in items:
        head, block, last = (None, b"", False) if type(item) is dict else item
        if type(item) is dict:
            await send(item)
        if head is not None:
            await send({"type": "http.response.start", "status": head.status, "headers": head.headers})
        if block:
            await send({"type": "http.response.body", "body": block, "more_body": True})
        if last:
            await send({"type": "http.response.body"})


def _early_hints(outbox: Outbox, headers: list[tuple[str, str]]) -> None:
    """`wsgi.early_hints`: send the Link headers as a 103 response now (RFC 8297)."""
    links = [value for name, value in head_from_wsgi("200 OK", headers).headers if name == b"link"]
    if links:
        outbox.put({"type": "http.response.early_hint", "links": links}, 0)


class _SendFile:
    """The server's own way to send a file: `http.response.pathsend` if it has that, else `zerocopysend`."""

    def __init__(self, outbox: Outbox, by_path: bool) -> None:
        self._outbox, self._by_path = outbox, by_path

    def size(self, filelike: Any) -> int | None:
        """The bytes of a regular file that is read from its start; None for anything else."""
        file = _plain_file(filelike)
        if file is None:
            return None
        try:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) or file.tell() != 0:
                return None
            if self._by_path and not os.path.samestat(Path(os.fsdecode(file.name)).stat(), status):
                return None
        except (OSError, ValueError):
            return None
        return status.st_size

    def send(self, head: Head, filelike: Any, size: int) -> None:
        """Send the head and the file, and wait until the server is done with it."""
        file = _plain_file(filelike)
        message = (
            {"type": "http.response.pathsend", "path": os.fspath(Path(os.fsdecode(file.name)).absolute())}
            if self._by_path
            else {"type": "http.response.zerocopysend", "file": file, "offset": 0, "count": size, "more_body": False}
        )
        start = {"type": "http.response.start", "status": head.status, "headers": head.headers}
        self._outbox.put(start, 0)
        self._outbox.put(message, 0)
        self._outbox.drain()


def _plain_file(filelike: Any) -> Any:
    """The file itself, if reading it gives the bytes of its descriptor (a GzipFile's would not be those)."""
    if type(filelike).__module__ == "tempfile":
        filelike = getattr(filelike, "file", filelike)
    raw = getattr(filelike, "raw", filelike)
    named = isinstance(getattr(raw, "name", None), (str, bytes))
    return filelike if type(raw) is io.FileIO and type(filelike) in _PLAIN and named else None


_PLAIN = (io.BufferedReader, io.BufferedRandom, io.FileIO)
