"""One response of an ASGI application to a WSGI server. A streaming response is the iterable of PEP 3333.

Knows which code runs in the server's thread and which on the loop, and how a server uses a response: middleware, files,
close(). It must not know the order of the application's events (run_asgi/), or how threads and loops communicate
(concurrency/). Other modules of this package know how to get the body and the connection.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from contextvars import Context, copy_context
from functools import partial
from typing import Any

from ..asgi_types import Message
from ..concurrency import spare_threads
from ..concurrency.contexts import Adopted, adopt, keep, refers_to, reset, reset_kept
from ..concurrency.loops import Loop, LoopClosed
from ..errors import ClientDisconnected
from ..run_asgi.exchange import Exchange, PathSend
from ..run_asgi.running import Running
from ..run_asgi.stream import Stream
from ..wsgi_types import StartResponse
from .client import Client, has_failed
from .detaching import MARK, Detachment
from .early_head import send_head
from .iteration import is_iterated_by_server
from .request_body import WSGIBody
from .sent_file import FILE_BLOCK, SentFile

log = logging.getLogger("gateways.asgi")

READING_SECONDS = 2.0  # timeout for a running read of the body after its connection was shut down, in seconds


class _Whole(list[bytes]):
    """A complete response body. Until close(), middleware sees the context variables that the application has set."""

    def __init__(self, body: list[bytes], adopted: Adopted) -> None:
        super().__init__(body)
        self._adopted = adopted

    def close(self) -> None:
        """Reset the variables at the end of the response, because the thread's next request may be another user's."""
        adopted, self._adopted = self._adopted, ()
        reset(adopted)

    def __del__(self, finalizing: Callable[[], bool] = sys.is_finalizing) -> None:
        """Call close() if the server has not. At interpreter exit, the globals of this module may already be None."""
        if not finalizing():
            self.close()


def body_message(block: bytes, more: bool) -> Message:
    return {"type": "http.request", "body": block, "more_body": more}


class _Reading:
    """One read of a request body, whose data goes to the exchange. Runs in the server's thread or a spare thread."""

    def __init__(self, body: WSGIBody, exchange: Exchange, loop: Loop) -> None:
        self.over = threading.Event()
        self._body, self._exchange, self._loop = body, exchange, loop

    def __call__(self) -> None:
        try:
            message = body_message(*self._body.read())
        except Exception as error:
            log.info("cannot read the request body: %r", error)
            message = {"type": "http.disconnect"}
        finally:
            self.over.set()
        with suppress(LoopClosed):  # the server's thread detects a closed loop itself
            self._loop.post(partial(self._exchange.feed, message))


class ASGIResponse:
    """The response. Not thread-safe: use it only in the server's thread."""

    client: Client | None = None  # set if the client may disconnect before the end of the response
    _detached = False  # the response has been detached from this thread
    _whole = False  # the response was complete from the start, so close() has nothing to do
    _adopted: Adopted = ()
    _context: Context  # the application's context
    _seen: Context  # a copy of _context from the last time when its variables were adopted
    _ended = _closed = _handed = False

    def __init__(self, exchange: Exchange, body: WSGIBody, running: Running, file_wrapper: Any) -> None:
        self._exchange, self._body, self._running, self._file_wrapper = exchange, body, running, file_wrapper
        self._loop = running.thread.loop
        # Each request reads these values, and CPython 3.11 is slow to read a default of the class.
        self.detachment: Detachment | None = None  # not None if the response may be detached from this thread
        self._reading: _Reading | None = None  # a read that runs in another thread
        self._asked = False
        self._items: Sequence[Any] = ()

    def answer(
        self, start_response: StartResponse, accepted: Callable[[StartResponse], Iterable[bytes] | None] | None = None
    ) -> Iterable[bytes]:
        """Run the application until its first body block, and call start_response(). Return the response.

        If the application accepts a WebSocket, return the response of `accepted` instead.
        """
        exchange = self._exchange
        before = copy_context()
        if before and reset_kept():
            before = copy_context()
        context = self._context = before.copy()
        self._seen = before
        try:
            self._running.begin(exchange, context)
            self._take()
            other = accepted(start_response) if accepted is not None else None
        except BaseException:  # the application's error, or an exception from a signal handler
            self.close()
            raise
        if other is not None:
            return other
        assert exchange.head is not None  # otherwise _take() would have raised
        status, headers = exchange.head
        if not self._ended or not exchange.complete or self._body.interrupted:  # then close() has work to do
            self._adopted = adopt(context, before)
            self._seen = context.copy()
            write = start_response(status, headers)
            if self._items[:1] == [b""] and not (
                self._ended or (self.detachment is not None and exchange.stream_started)
            ):
                self._send_head(write)
            return self
        last = self._items[-1]
        if isinstance(last, PathSend):
            return self._file(last, start_response)
        self._whole = self.detachment is None
        adopted = adopt(context, before) if context else ()
        start_response(status, headers)
        whole = [] if exchange.dropped else [b"".join(self._items)]
        return _Whole(whole, adopted) if adopted else whole

    def _send_head(self, write: Any) -> None:
        try:
            send_head(write)
        except BaseException:  # the client has disconnected
            self.close()
            raise

    def _file(self, sent: PathSend, start_response: StartResponse) -> Iterable[bytes]:
        exchange, self._handed = self._exchange, True
        try:
            file = SentFile(sent.path, sent.length, partial(self._file_done, exchange))
        except BaseException as error:
            self._file_done(exchange, error)
            raise
        try:
            assert exchange.head is not None  # the headers precede the file
            status, headers = exchange.head
            if sent.length is None:
                headers.append(("content-length", str(file.length)))
            start_response(status, headers)
            wrapped: Iterable[bytes] = self._file_wrapper(file, FILE_BLOCK)
        except BaseException:
            file.close()
            raise
        return wrapped

    def _file_done(self, exchange: Exchange, error: BaseException | None, sent: int = 0) -> None:
        with suppress(LoopClosed):  # the application has ended with its loop
            self._loop.post(partial(exchange.file_done, error, sent))

    def _take(self) -> None:
        """Wait for items of the response. During the wait, read the request body if the application needs it.

        After this, the response is over if `_ended` is set and `_items` is empty. Raises the application's error.
        """
        exchange = self._exchange
        while not self._items:
            if self._asked:
                self._asked = False
                self._read()
            self._items, self._asked, self._ended = exchange.desk.get()
            if self._ended and not self._items and (not exchange.complete or exchange.desk.closed):
                error, exchange.error = exchange.error, None
                if error is not None:
                    self._keep_marks(error)
                try:
                    raise error or self._early_end_error()
                finally:
                    del error  # breaks a reference cycle with the traceback
            if self._ended:
                if self._reading is not None:
                    self._stop_reading()
                return

    def _keep_marks(self, error: BaseException) -> None:
        """Keep the context variables that refer to the application's error while the server logs this error.

        A reporter such as Sentry sets such a variable to avoid reporting the same error again. The other variables are
        reset: they may belong to a user, and the thread's next request may be for another application.
        """
        adopted, self._adopted = [*adopt(self._context, self._seen), *self._adopted], ()
        keep([(token, value) for token, value in adopted if refers_to(value, error)])
        reset([(token, value) for token, value in adopted if not refers_to(value, error)])

    def _early_end_error(self) -> Exception:
        """Return the error to raise if a response has ended early although the application has not raised one."""
        lost = self._running.early_end_error()
        if self.client is None or not self._exchange.desk.closed or not isinstance(lost, ClientDisconnected):
            return lost
        return self.client.disconnect_error()

    def _read(self) -> None:
        """Read the next block of the request body.

        If the block has arrived, read it in this thread. Otherwise read it in another thread, because this thread must
        be able to send the response.
        """
        if not self._body.ready():
            reading = self._reading = _Reading(self._body, self._exchange, self._loop)
            try:
                return spare_threads.run(reading)
            except RuntimeError as error:
                log.warning("cannot start a thread to read a request body (%s); the response may be delayed", error)
                self._reading = None
        _Reading(self._body, self._exchange, self._loop)()

    def _stop_reading(self) -> None:
        """Stop the thread that reads the request body, because the server is about to use its connection again."""
        reading, self._reading = self._reading, None
        if reading is not None and not reading.over.is_set():
            self._body.interrupt()
            if not reading.over.wait(READING_SECONDS):
                log.error(
                    "a read of the request body is still running %g seconds after the connection was shut down",
                    READING_SECONDS,
                )

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        detachment = self.detachment
        if detachment is not None:
            if detachment.begun:
                self._detach(detachment)
            elif self._can_detach() and detachment.begin(is_iterated_by_server(self)):
                return MARK
            else:
                self.detachment = None
        if not self._items and not self._closed:
            self._take()
        if not self._items:
            raise StopIteration
        items, self._items = self._items, []
        return items[0] if len(items) == 1 else b"".join(items)

    def _can_detach(self) -> bool:
        """Return True if the loop can send the response: it is an event stream, and the request body was read."""
        reading = self._reading is not None and not self._reading.over.is_set()
        return self._exchange.stream_started and not (self._ended or self._body.more or reading)

    def _detach(self, detachment: Detachment) -> None:
        """Let the loop send the rest of the response on the client's connection. The server gets no more blocks.

        If that is not possible, the response stays in this thread.
        """
        detached = detachment.finish()
        if detached is None:
            self.detachment = None
            return detachment.close(self._loop)
        stream = Stream(
            self._exchange,
            detached.start.head,
            chunked=detached.start.chunked,
            has_failed=has_failed,
            streams=self._running.streams,
            over=detachment.places.release,
        )
        items, self._items = self._items, []
        try:
            self._loop.post(partial(stream.attach, detached.sock, items))
        except LoopClosed:
            detached.sock.close()
            detachment.places.release()
            raise
        self._detached = self._closed = True

    def close(self) -> None:
        """End the response. The server calls this (PEP 3333), even if the client has disconnected early."""
        exchange = self._exchange
        self._closed, self._items = True, []
        adopted, self._adopted = self._adopted, ()
        if adopted:
            reset(adopted)
        detachment, self.detachment = self.detachment, None
        if detachment is not None:
            detachment.close(self._loop)
        if self._detached:
            return
        if self._reading is not None:
            self._stop_reading()
        if self._body.interrupted:
            self._body.abandon()
            self._body.interrupted = False
        if not exchange.complete or (exchange.sending and not self._handed):
            left = exchange.desk.closed  # True if a check has detected the client's disconnect
            exchange.desk.close()
            try:
                self._loop.post(partial(exchange.hang_up, left))
            except LoopClosed:
                self._running.live.discard(exchange)  # the application has ended

    def __del__(self, finalizing: Callable[[], bool] = sys.is_finalizing) -> None:
        """Call close() if the server has not. At interpreter exit, the globals of this module may already be None."""
        if not (self._whole or finalizing()):
            self.close()
