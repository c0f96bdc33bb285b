"""One request of a WSGI application on an ASGI server. run() runs in a worker thread, most other code on the loop.

Knows which code runs in the thread and which on the loop, and how each of the two detects the end of the other. It must
not know the order of the calls in a response (run_wsgi/), ASGI messages and the request body (other modules here), or
how threads and loops communicate (concurrency/).
"""

from __future__ import annotations

import io
import logging
import threading
from asyncio import _get_running_loop
from collections.abc import Callable, Mapping
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from threading import get_ident
from time import monotonic
from typing import IO, Any

from ..asgi_types import Receive, Send
from ..concurrency.contexts import adopt
from ..concurrency.loops import Future, Loop, LoopClosed, Task
from ..concurrency.outbox import Outbox
from ..concurrency.thread_pool import Workers
from ..errors import ClientDisconnected, harmless
from ..run_wsgi.async_views import TASKS, lend_loop
from ..run_wsgi.response import WSGIResponse
from ..stats import Tally
from ..wsgi_types import Item, WSGIApp
from .admission import Admission
from .listener import Listener
from .messages import SendFile, completes, deliver, deliver_each, early_hints, response_start, size_of
from .request_body import Body, Unannounced
from .scopes import overload_item
from .unread import Rest

log = logging.getLogger("gateways.wsgi")

_UNANNOUNCED_WAIT = 0.25  # time in seconds that a read waits for a body that no header has announced
_NO_TASK = Task(int, int)  # type: ignore[arg-type] # value of _listener from which on no listener may start
_making_body = threading.Lock()


@dataclass(frozen=True, slots=True)
class Terms:
    """The settings that all requests of an adapter share."""

    app: WSGIApp
    workers: Workers
    verbatim: bool
    pathsend: bool
    share_loop: bool
    admission: Admission
    dropped: Callable[[str], object]  # called with the name of each hop-by-hop header that is left out


class WSGIRequest:
    """One request. run() runs in a worker thread; the other methods run on the loop unless they say otherwise."""

    # Attributes that every request reads are set in __init__(): CPython 3.11 is slow to read a default of the class.
    _body: Body | None
    _unannounced: Unannounced | None
    _send_file: SendFile | None
    _listener: Task | None
    _error: BaseException | None
    _hints: bool  # the server can send early hints
    _begun = False  # the response headers have been passed to the server
    _complete = False  # the end of the response has been passed to the server
    _abandoned = False  # no coroutine is left that could raise the error
    _gone = False  # the client disconnected before the application was called
    _thread = 0  # identifier of the worker thread; 0 before run()
    _alone = False  # requests came one at a time when this one was submitted; see Loop.attend()
    _taken = 0.0  # start time of run() (time.monotonic), set only if slow requests are logged
    _waited = _logged = False  # the request has waited for a thread; it has been logged as slow

    def __init__(self, terms: Terms, tally: Tally, environ: dict[str, Any], loop: Loop, receive: Receive) -> None:
        self._terms, self._tally, self._environ, self._loop, self._receive = terms, tally, environ, loop, receive
        self._body = self._unannounced = self._send_file = self._listener = self._error = None
        self._hints = False
        self._outbox = Outbox(loop, terms.workers)
        environ["waitress.client_disconnected"] = self._outbox.is_closed

    def offer(self, extensions: Mapping[str, Any]) -> None:
        """Record which of the server's ASGI extensions to use."""
        self._hints = "http.response.early_hint" in extensions
        if not self._terms.pathsend:
            return
        if "http.response.pathsend" in extensions or "http.response.zerocopysend" in extensions:
            self._send_file = SendFile(self._outbox, "http.response.pathsend" in extensions)

    # The request's body

    def expect_no_body(self) -> None:
        """Create a `wsgi.input` that calls receive() only if the application reads from it."""
        self._unannounced = self._environ["wsgi.input"] = Unannounced()
        self._unannounced.request = self

    async def collect(self, spool: int, unannounced: bool) -> None:
        """Create `wsgi.input`. Before that, receive as much of the body as allowed. No thread waits for the client."""
        environ = self._environ
        length = int(environ["CONTENT_LENGTH"]) if "CONTENT_LENGTH" in environ else None
        if "HTTP_EXPECT" in environ and "100-continue" in environ["HTTP_EXPECT"].lower():
            environ["wsgi.input"] = self._make_body(length).postponed()
            return
        first = await self._receive()
        if unannounced and first["type"] == "http.disconnect":  # the body may not exist: call the application
            self._gone = True
            environ["wsgi.input"] = io.BytesIO()
            return
        block = first.get("body", b"")
        if (
            not first.get("more_body", False)
            and first["type"] == "http.request"
            and (length is None or len(block) == length)
        ):
            length = len(block)
            environ["wsgi.input"] = io.BytesIO(block)
        else:
            body = self._make_body(length)
            environ["wsgi.input"], length = await body.collect(
                first, spool, partial(_in_thread, self._loop, self._terms.workers)
            )
        if length or (length == 0 and not unannounced and environ["SERVER_PROTOCOL"][:7] == "HTTP/1."):
            environ["CONTENT_LENGTH"] = str(length)

    def _make_body(self, length: int | None, listen: Callable[[], object] | None = None) -> Body:
        with _making_body:  # the application's thread and the loop may call this at the same time
            if self._body is None:
                self._body = Body(self._loop, self._terms.workers, self._receive, length, listen or self._listen)
            return self._body

    def open_body(self) -> IO[bytes]:
        """Start to receive a body that no header has announced. Runs in the application's thread.

        An async view runs on the loop itself, which cannot receive during the read: it gets an empty body.
        """
        running = _get_running_loop()
        if running is not None and running is self._loop.asyncio_loop:
            return io.BytesIO()
        return self._make_body(None, self._ask_for_body).stream()

    def _ask_for_body(self) -> None:
        """Receive the body. If nothing arrives within _UNANNOUNCED_WAIT, the body is empty. Runs on the loop."""
        self._listen()
        if self._body is not None:
            self._loop.call_later(_UNANNOUNCED_WAIT, self._body.inbox.give_up)

    # The response

    async def serve(self, send: Send) -> None:  # noqa: C901, PLR0912, PLR0915 - one function: calls take time
        """Run the application in a worker thread and send its response.

        Raises the application's error, or an error of the server's receive() or send().
        """
        outbox, tally = self._outbox, self._tally
        before = self._context = copy_context()
        context = self._copy = before.copy()
        tally.live[self] = monotonic()
        try:
            waiter = self._submit()
            if waiter is not None:
                await waiter
            ended = False
            while not ended:
                items, ended = outbox.take() or await outbox.get()
                if self._body is not None and self._is_early(items):
                    items = await self._send_before_rest(send, items)
                if ended and len(items) == 1 and type(items[0]) is tuple and not self._terms.verbatim:  # the usual case
                    head, block, self._complete = items[0]
                    tally.bytes += len(block)
                    if head is not None:
                        await send(response_start(head))
                    await send({"type": "http.response.body", "body": block, "more_body": not self._complete})
                elif items:
                    self._complete = completes(items[-1])
                    self._begun = True
                    tally.bytes += size_of(items) if ended else outbox.got_size
                    await (deliver_each if self._terms.verbatim else deliver)(send, items)
                    if not ended and self._listener is None and not outbox.waiting:
                        self.look()
        except Exception:  # the server's send() failed: stop the application and wait until it has ended
            self._hang_up()
            await outbox.ended()
            self._log_error("after its client had disconnected")
            raise
        except BaseException:  # cancelled: do not wait for the thread
            self._abandoned = True
            self._hang_up()
            self._log_error("before its request was cancelled")
            raise
        finally:
            listener = self._over()
        try:
            if listener is not None:
                await listener.ended()
            if context:
                adopt(context, before)
            if self._error is not None:
                tally.errors += 1
                raise self._error
        finally:
            self._error = None  # breaks a reference cycle with the traceback

    def _submit(self) -> Future | None:
        """Let a worker thread run the application. Return a future to await; None if items are already queued."""
        outbox, workers = self._outbox, self._terms.workers
        alone = self._alone = self._loop.attend(self)
        waiter = None if alone else outbox.expect()
        try:
            workers.submit(WSGIRequest.run, self, alone, self._copy)
        except RuntimeError:  # no thread can be started, so none will end the response
            outbox.close()
            outbox.end()
            raise
        # submit() has woken a thread without holding the GIL: the thread may have run before this one continues.
        return outbox.expect_more() if alone else waiter

    def _is_early(self, items: list[Any]) -> bool:
        """Return True if these items complete the response before the client has sent the whole request body."""
        if self._unannounced is not None or self._body is None or not items or type(items[-1]) is dict:
            return False
        return completes(items[-1]) and self._body.arrives and not self._outbox.is_closed()

    async def _send_before_rest(self, send: Send, items: list[Any]) -> list[Any]:
        """Send all but the end of the response, and receive the rest of the body. Return the remaining items."""
        head, block, _ = items[-1]
        items[-1] = (head, block, False)
        self._begun = True
        self._tally.bytes += size_of(items)
        await (deliver_each if self._terms.verbatim else deliver)(send, items)
        listener, self._listener = self._listener, _NO_TASK
        if listener is not None:
            listener.cancel()
            await listener.ended()
        await Rest(self._loop, self._receive).discard(self._context)
        return [(None, b"", True)]

    def _over(self) -> Task | None:
        """Stop watching the request, and cancel the listener's task. Return that task; None without a listener."""
        del self._tally.live[self]
        self._loop.leave(self)
        # The application's next write raises ClientDisconnected, which ends its thread.
        self._outbox.closed = True
        listener, self._listener = self._listener, _NO_TASK  # breaks a reference cycle with the task
        if listener is None or listener is _NO_TASK:
            return None
        listener.cancel()
        return listener

    # Disconnects, and other checks while a request runs

    def look(self) -> None:
        """Check the request: 50 to 100 ms after its start, then every 100 ms while necessary. Runs on the loop."""
        admission = self._terms.admission
        if not self._thread and self._still_waits(admission):
            return
        if admission.slow is not None and self._thread and not self._logged:
            self._log_if_slow(admission, admission.slow)
        if self._gone:
            self._hang_up()
        elif self._body is not None and self._body.left:  # the disconnect was received; hypercorn reports it only once
            self._client_left(None)
        elif self._body is None or self._body.asked_for:  # otherwise receive() would make the server send 100 Continue
            self._listen()
        if (admission.slow is not None and not self._logged) or (admission.timeout is not None and not self._thread):
            self._loop.attend(self)

    def _still_waits(self, admission: Admission) -> bool:
        """Record that the request waits for a thread. Return True if the request has been rejected."""
        if not self._waited:
            self._waited = True
            admission.waited()
        if not admission.is_overdue(self._tally.live[self]):
            return False
        if not self._terms.workers.withdraw(WSGIRequest.run, self, self._copy):
            return False
        admission.rejected(self._tally)
        self._close_body()
        self._outbox.end([overload_item(self._environ["REQUEST_METHOD"])])
        return True

    def _log_if_slow(self, admission: Admission, limit: float) -> None:
        seconds = monotonic() - self._taken
        if seconds >= limit and not self._outbox.is_ended:
            self._logged = True
            environ = self._environ
            admission.log_slow(environ["REQUEST_METHOD"], environ["REQUEST_URI"], self._thread, seconds)

    def _listen(self) -> None:
        """Start a task that receives the rest of the body and the disconnect."""
        if self._listener is None:
            if self._unannounced is not None and self._unannounced.request is not None:
                self._make_body(None, self._ask_for_body)  # keeps data that arrives now for a later read
            inbox = self._body.inbox if self._body is not None else None
            listener = Listener(self._loop, self._receive, inbox, self._client_left, self._ignores_body)
            self._listener = listener.start(self._context)

    def _client_left(self, error: Exception | None) -> None:
        """Stop the application. A disconnect after the response is not an error (ASGI HTTP, "Disconnect").

        A response that has not begun may still begin, but must then end within one second. The reason: if the client
        has shut down only its sending side, hypercorn reports a disconnect, although the client can still read.
        """
        if error is None and self._thread and not self._begun and not self._outbox.closed:
            if not self._complete and not self._outbox.is_closed():
                self._tally.disconnects += 1
            self._outbox.linger()
            if self._body is not None:
                self._body.inbox.close()
            return
        if error is not None:
            self._error = error
        if error is not None or not self._complete:
            self._hang_up()

    def _ignores_body(self) -> bool:
        return self._begun and not self._outbox.parked

    def _hang_up(self) -> None:
        """Make the application's next read or write fail, because the request has ended."""
        if not self._outbox.closed and not self._complete:
            self._tally.disconnects += 1
        self._outbox.close()
        if self._body is not None:
            self._body.inbox.close()

    # The application's thread

    def run(self) -> Callable[[], object] | None:
        """Run the whole application, and catch all exceptions. Runs in the thread.

        Return the function that ends the response in two cases; the pool then calls it after it has marked the thread
        as idle. The first case is a bounded queue: otherwise a client that sends its next request immediately could get
        a 503. In the second case, no other request waits: otherwise this thread would compete with the loop for the
        GIL. In all other cases, this method ends the response itself, because the thread continues with the next job.
        """
        outbox, terms = self._outbox, self._terms
        items: list[Item] = []
        if terms.admission.slow is not None:
            self._taken = monotonic()
        self._thread = get_ident()
        # An async view may read the body synchronously. On the server's loop, it would block the loop that receives it.
        shares = terms.share_loop and (self._body is None or self._body.collected)
        lent = lend_loop(self._loop.asyncio_loop if shares else None)
        try:
            if not outbox.closed:
                response = WSGIResponse(outbox.put, self._environ["REQUEST_METHOD"], terms.verbatim, terms.dropped)
                if self._hints:
                    self._environ["wsgi.early_hints"] = partial(early_hints, outbox, response)
                items = response.answer(terms.app, self._environ, self._send_file)
        except BaseException as error:
            self._failed(error)
        finally:
            if lent is not None and lent.get(TASKS):
                lent[TASKS] = None  # frees the tasks that async_to_sync() created in this thread
            self._close_body()
        if self._alone or terms.admission.queue is not None:
            return partial(outbox.end, items)
        outbox.end(items)
        return None

    def _close_body(self) -> None:
        if self._unannounced is not None:
            self._unannounced.request = None  # breaks a reference cycle
        if self._body is not None:
            self._body.close()

    def _failed(self, error: BaseException) -> None:
        """Store an error for the coroutine to raise, in a form that does not stop the loop. Runs in the thread."""
        if isinstance(error, ClientDisconnected):
            if self._outbox.is_closed():
                return
            if self._body is not None and self._body.left:
                with suppress(LoopClosed):  # then no figures are left to update
                    self._loop.post(partial(self._client_left, None))
                return
        self._error = harmless(error)
        if self._abandoned:
            self._log_error("after its request had been cancelled")

    def _log_error(self, when: str) -> None:
        """Log the application's error, because no coroutine is left that could raise it."""
        error, self._error = self._error, None  # breaks a reference cycle with the traceback
        if error is not None:
            self._tally.errors += 1
            log.error("the application failed %s", when, exc_info=error)


async def _in_thread(loop: Loop, workers: Workers, call: Callable[[], object]) -> None:
    """Run `call`, which may block on a disk, in a worker thread. Raises its exceptions."""
    outbox = Outbox(loop, workers)

    def run(_: object) -> Callable[[], object]:
        try:
            call()
        except Exception as error:
            return partial(outbox.end, [error])
        return outbox.end

    workers.submit(run, None)
    errors, _ = await outbox.get()
    for error in errors:
        raise error
