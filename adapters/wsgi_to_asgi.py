"""WSGI applications on ASGI servers: the application runs in a worker thread, the request's coroutine sends its blocks.

Knows both interfaces, who runs where in a request, and who is told when the other side ends. The spelling of a request
is mapping/'s matter, the order of a response run_wsgi/'s, its messages and the body on_asgi/'s; threads and loops meet
in concurrency/.
"""

from __future__ import annotations

import io
import logging
import sys
import threading
from collections.abc import Callable, Mapping
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from typing import Any

from .asgi_types import Receive, Scope, Send
from .concurrency.channels import Outbox, adopt, harmless
from .concurrency.loops import Loop, Task, running_loop
from .concurrency.thread_pool import Workers
from .errors import BadRequest, ClientDisconnected
from .mapping.requests import environ_from_scope
from .on_asgi.messages import SendFile, completes, deliver, deliver_each, early_hints
from .on_asgi.request_body import Body
from .on_asgi.scopes import answer_lifespan, refuse, refuse_scope
from .run_wsgi.async_views import forget_tasks, lend_loop
from .run_wsgi.response import FileWrapper, WSGIResponse
from .wsgi_types import Item, WSGIApp

log = logging.getLogger("gateways.wsgi")

_NO_TASK = Task(int, int)  # type: ignore[arg-type] # in a listener's place once it is too late for one


@dataclass(frozen=True, slots=True)
class _Terms:
    """What all requests of an adapter share."""

    app: WSGIApp
    workers: Workers
    verbatim: bool
    pathsend: bool
    share_loop: bool
    may_warn: Callable[[], bool]  # true once: whether to warn of a header that was dropped


class WSGIToASGI:
    """An ASGI 3 application that runs a WSGI application (PEP 3333; ASGI HTTP 2.5, "WSGI Compatibility").

    app: the WSGI application.
    threads: how many requests may be at work in the application at once. They are started as needed and end when idle;
        further requests wait, holding no thread. A thread that waits for a slow client does not count (up to 512 of
        them), so that slow clients cannot hold up the others. With 1 the application never runs beside itself.
    spool: how many bytes of a body of unknown length (chunked, HTTP/2) go to a temporary file before the application
        starts, so that it has a CONTENT_LENGTH; 0 streams it at once, with wsgi.input_terminated only.
    pathsend: have the server send files of `wsgi.file_wrapper` itself, by `http.response.pathsend` or `zerocopysend`,
        where it offers one. Only for applications whose files stay in place until they have been sent, and below
        middleware that knows these messages.
    share_loop: run async views (Flask, Django, by asgiref) on the server's event loop, where they may share clients and
        pools with the rest of the process; but a view that blocks then blocks the server. With False each call has an
        event loop of its own, as on a WSGI server.

    The environ has `asgi.scope`, `wsgi.input_terminated` (the input ends by itself), `waitress.client_disconnected` (a
    callable: has the client left?) and, where the server offers them, `wsgi.early_hints` (a callable that takes a list
    of headers). Reading a body that the client does not finish raises ClientDisconnected, an OSError.

    An error of the application is raised to the server: before the head as it is, after it so that the response does
    not look complete. May be made before any loop exists, used by several loops, and kept across a fork.
    """

    _verbatim = False  # one message for each block, and the application's headers only: for dropin.py

    def __init__(
        self,
        app: WSGIApp,
        *,
        threads: int = 32,
        spool: int = 256 * 1024 * 1024,
        pathsend: bool = False,
        share_loop: bool = True,
    ) -> None:
        if not callable(app):
            raise TypeError(f"app={app!r} is not callable; a WSGI application is, with (environ, start_response)")
        self.app = app
        self._spool = spool
        self._terms = _Terms(
            app=app,
            workers=Workers(threads, "wsgi-to-asgi"),
            verbatim=self._verbatim,
            pathsend=pathsend,
            share_loop=share_loop,
            may_warn=partial(threading.Lock().acquire, False),
        )
        self._environ = {
            "wsgi.version": (1, 0),
            "wsgi.multithread": threads > 1,
            "wsgi.multiprocess": True,  # another server process may well run the same application
            "wsgi.run_once": False,
            "wsgi.file_wrapper": FileWrapper,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope: `http`; `lifespan`, which is answered; `websocket`, which is refused.

        Raises what the application raises, and ValueError for any other type of scope.
        """
        kind = scope["type"]
        if kind == "http":
            await self._http(scope, receive, send)
        elif kind == "lifespan":
            await answer_lifespan(receive, send, self.close)
        else:
            await refuse_scope(scope, receive, send, "a WSGI application")

    def close(self) -> None:
        """End the worker threads that are idle, and the others when their request is over. Does not wait."""
        self._terms.workers.close()

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            environ = environ_from_scope(scope)
        except BadRequest as error:
            return await refuse(send, error.status, str(error))
        environ.update(self._environ)
        environ["wsgi.url_scheme"] = scope.get("scheme") or "http"
        environ["wsgi.errors"] = sys.stderr
        environ["asgi.scope"] = scope
        exchange = _Exchange(self._terms, environ, running_loop(), receive)
        extensions = scope.get("extensions")
        if extensions:
            exchange.offer(extensions)
        if _has_body(environ, scope):
            await exchange.collect(self._spool)
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


class _Exchange:
    """One request: run() in a worker thread, everything else on the loop."""

    def __init__(self, terms: _Terms, environ: dict[str, Any], loop: Loop, receive: Receive) -> None:
        self._terms, self._environ, self._loop, self._receive = terms, environ, loop, receive
        self._outbox = Outbox(loop, terms.workers)
        self._body: Body | None = None
        self._send_file: SendFile | None = None
        self._hints = False  # the server sends early hints
        self._listener: Task | None = None
        self._error: BaseException | None = None
        self._complete = False  # the end of the response has gone to the server
        self._abandoned = False  # no coroutine is left to raise the error
        environ["wsgi.input"] = io.BytesIO()
        environ["waitress.client_disconnected"] = self._outbox.is_closed

    def offer(self, extensions: Mapping[str, Any]) -> None:
        """Pass on what the server can do (ASGI extensions)."""
        self._hints = "http.response.early_hint" in extensions
        if not self._terms.pathsend:
            return
        if "http.response.pathsend" in extensions or "http.response.zerocopysend" in extensions:
            self._send_file = SendFile(self._outbox, "http.response.pathsend" in extensions)

    async def collect(self, spool: int) -> None:
        """Receive as much of the body as may be received before a thread is taken, and make the application's input."""
        environ = self._environ
        length = int(environ["CONTENT_LENGTH"]) if "CONTENT_LENGTH" in environ else None
        environ["wsgi.input_terminated"] = True
        if "HTTP_EXPECT" in environ and "100-continue" in environ["HTTP_EXPECT"].lower():
            self._body = Body(self._loop, self._terms.workers, self._receive, length, self._listen)
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
            self._body = Body(self._loop, self._terms.workers, self._receive, length, self._listen)
            environ["wsgi.input"], length = await self._body.collect(
                first, spool, partial(_in_thread, self._loop, self._terms.workers)
            )
        if length or (length == 0 and environ["SERVER_PROTOCOL"][:7] == "HTTP/1."):
            environ["CONTENT_LENGTH"] = str(length)

    async def serve(self, send: Send) -> None:
        """Have a worker run the application; send what it makes. Raises its error, or the server's."""
        outbox, loop, watch = self._outbox, self._loop, self._watch
        self._context = copy_context()
        context = self._context.copy()
        self._terms.workers.submit(context.run, self.run)
        loop.attend(watch)
        try:
            ended = False
            while not ended:
                items, ended = await outbox.get()
                if items:
                    self._complete = completes(items[-1])
                    await (deliver_each if self._terms.verbatim else deliver)(send, items)
                    if not ended and not outbox.waiting:
                        watch()
        except Exception:  # the server's send() failed: the application is told, and finishes before we do
            self._hang_up()
            await outbox.ended()
            self._log_error("after its client had left")
            raise
        except BaseException:  # cancelled: the thread finishes by itself
            self._abandoned = True
            self._hang_up()
            self._log_error("before its request was cancelled")
            raise
        finally:
            loop.leave(watch)
            outbox.closed = True  # for a thread that the application left behind, and that writes on
            listener, self._listener = self._listener, _NO_TASK  # it holds this exchange
            if listener is not None:
                listener.cancel()
        try:
            if listener is not None:
                await listener.ended()
            adopt(context, self._context)
            if self._error is not None:
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
            self._listener = self._loop.spawn(self._receive_all, self._context)

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
        except BaseException:  # cancelled with the request; or by receive() itself, and the request goes on
            self._hang_up()
            raise

    def run(self) -> None:
        """In the thread: the application's whole part. Whatever it raises ends here."""
        outbox, terms = self._outbox, self._terms
        items: list[Item] = []
        lend_loop(self._loop.asyncio_loop if terms.share_loop else None)
        try:
            if not outbox.closed:
                method = self._environ["REQUEST_METHOD"]
                response = WSGIResponse(outbox.put, method, terms.verbatim, terms.may_warn)
                if self._hints:
                    self._environ["wsgi.early_hints"] = partial(early_hints, outbox, response)
                items = response.answer(terms.app, self._environ, self._send_file)
        except BaseException as error:
            self._failed(error)
        finally:
            forget_tasks()
            if self._body is not None:
                self._body.close()
            outbox.end(*items)

    def _failed(self, error: BaseException) -> None:
        """In the thread: keep an error for the coroutine to raise, in a form that ends neither it nor the loop."""
        if isinstance(error, ClientDisconnected) and (self._outbox.closed or (self._body and self._body.left)):
            return
        self._error = harmless(error)
        if self._abandoned:
            self._log_error("after its request had been cancelled")

    def _log_error(self, when: str) -> None:
        """Log the application's error, if there is one, where no coroutine is left to raise it."""
        error, self._error = self._error, None  # its traceback holds this exchange
        if error is not None:
            log.error("the application failed %s", when, exc_info=error)


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
