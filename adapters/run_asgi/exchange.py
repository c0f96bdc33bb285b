"""One request of an ASGI application, on its event loop: receive(), send(), and the end of the task.

Knows the order of events that ASGI HTTP 2.5 requires. All code here runs on the loop. The Exchange puts the response on
a Desk. The server's thread takes the response from the Desk, and passes the request body to feed(). This module must
not know the WSGI server.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
from collections import deque
from contextvars import Context
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from urllib.parse import quote

from ..asgi_types import ASGIApp, Message, Scope
from ..concurrency.desk import Desk, Taken
from ..errors import AppProtocolError, ClientDisconnected, harmless
from ..mapping.requests import PATH_SAFE
from ..mapping.responses import Headers, body_block, has_body, head_from_asgi, is_event_stream

if TYPE_CHECKING:
    from ..stats import Tally  # not at run time, because a CGI program need not import dataclasses

log = logging.getLogger("gateways.asgi")

GRACE = 1.0  # delay between a disconnect and the cancellation of the application, in seconds
_DISCONNECT = "http.disconnect"


class _Uncounted:
    """Replaces a Tally if no counts are needed."""

    requests = errors = disconnects = bytes = 0


_UNCOUNTED = _Uncounted()


class PathSend(NamedTuple):
    """A file that is the whole response body (ASGI extension http.response.pathsend)."""

    path: str
    length: int | None  # the application's Content-Length


class Outlet(Protocol):
    """The object that receives the response: the Desk of the server's thread, or a Stream. See Desk for the methods."""

    closed: bool

    @property
    def ended(self) -> bool: ...
    @property
    def full(self) -> bool: ...
    def put(self, item: Any, size: int, last: bool = False) -> None: ...
    async def room(self) -> None: ...
    def ask(self) -> None: ...
    def end(self) -> None: ...
    def check(self) -> None: ...
    def close(self) -> None: ...


class Exchange:
    """One request. The desk wakes the server's thread, which then reads `head`, `complete` and `error`."""

    # Most requests neither change nor read these values, so they are not set for each request.
    stream_started = False  # an event stream has started; the desk has an empty block, to send the headers without data
    unanswered = False  # the client disconnected before the response began; the application is allowed to finish
    _cancelled = _late_logged = False
    _has_failed = False  # the application failed for a reason other than a disconnect
    _discarding = False  # the response has ended, but the application still sends a body, which is discarded
    dropped = False  # the response has no content: HEAD, 204 or 304
    error: BaseException | None = None
    task: asyncio.Task[None] | None = None
    _asked = False
    _no_length = False  # the application has sent no Content-Length
    _missing: int | None = None
    _offered: frozenset[str] = frozenset()
    _file: asyncio.Future[None] | None = None  # send() waits for it while the server reads the file

    def __init__(
        self, app: ASGIApp, scope: Scope, desk: Desk, messages: list[Message], more: bool, *, owner: object = None
    ) -> None:
        """messages: the part of the request body that has arrived. more: True if the thread will supply the rest.

        owner: an object to keep alive while the application runs.
        """
        self._owner = owner
        self.desk = desk
        self.outlet: Outlet = desk
        self.server_thread = threading.get_ident()
        self.begun = time.monotonic()
        self.tally: Tally | _Uncounted = _UNCOUNTED  # the adapter's tally, if it has one
        self._app, self._scope = app, scope
        self._to_head = scope.get("method") == "HEAD"  # the application may change the scope
        if scope["extensions"]:
            self._offered = frozenset(scope["extensions"])
        self._messages, self._more = deque(messages), more
        # Each request reads these values, and CPython 3.11 is slow to read a default of the class.
        self.can_detach = False  # if True, the server's thread is also woken when an event stream starts
        self.complete = False  # the complete response has been passed to the server
        self.head: tuple[str, Headers] | None = None
        self._disconnect_received = self._begun = self._gone = False
        self._receivers: tuple[asyncio.Future[None], ...] = ()

    def start(self, live: set[Exchange], context: Context) -> None:
        """Run the application in `context`. `live` contains this exchange until the application has ended."""
        self.tally.requests += 1
        loop = asyncio.get_running_loop()
        if sys.version_info >= (3, 12):
            task = asyncio.Task(self._run(live), loop=loop, context=context, eager_start=True)
        else:
            task = asyncio.Task(self._run(live), loop=loop, context=context)
        if not task.done():
            self.task = task

    async def _run(self, live: set[Exchange]) -> None:
        try:
            await self._app(self._scope, self._receive, self._send)
        except BaseException as error:  # including SystemExit and KeyboardInterrupt, which would end the loop
            self._failed(error)
        else:
            if self._disconnect_received and not self.complete:
                self.error = ClientDisconnected("the client has disconnected")
            elif not self.complete and not self.outlet.closed:
                if self.dropped:  # the response has no content, so nothing is missing: send its headers, as servers do
                    self._finish(b"", 0)
                self._failed(AppProtocolError("the application returned before its response was complete"))
        finally:  # needed even if logging fails, because the server's thread waits for the end
            self.tally.disconnects += not self.complete and not self._has_failed
            live.discard(self)
            self.task = None
            self._gone = True
            self.outlet.end()

    def _failed(self, error: BaseException) -> None:
        if (self.outlet.closed or self._discarding) and _is_disconnect(error):
            return
        if self._cancelled and isinstance(error, asyncio.CancelledError):
            self.error = ClientDisconnected("the application was cancelled")
            return
        self._has_failed = True
        self.tally.errors += 1
        if self.complete:
            return log.error("the application failed after its response", exc_info=error)
        if self.outlet.closed:
            return log.error("the application failed after its client had disconnected", exc_info=error)
        self.error = harmless(error)
        log.error("the application failed before its response was complete", exc_info=error)

    def feed(self, message: Message) -> None:
        """Add a message with the next part of the body. The server's thread posts this call."""
        self._asked = False
        self._messages.append(message)
        self._more = bool(message.get("more_body", False))
        self._wake_receivers()

    def hang_up(self, patient: bool = False) -> None:
        """Notify the application that its response is no longer needed. After GRACE, cancel its task.

        With `patient`, do not cancel an application that has not begun its response, because it may be changing data.
        ASGI servers also let such an application finish after a disconnect.
        """
        self._gone = True
        self.unanswered = patient and self.head is None
        if self._file is not None:
            self.file_done(ClientDisconnected())
        if self.outlet.closed:
            self.error = None  # nothing will raise the error, and its traceback refers to this exchange
        self._wake_receivers()
        if self.task is not None and not self.unanswered:
            asyncio.get_running_loop().call_later(GRACE, self.cancel)

    def cancel(self) -> None:
        """Cancel the application's task if it is still running."""
        if self.task is not None:
            self._cancelled = True
            self.task.cancel()

    def continue_on(self, outlet: Outlet) -> Taken:
        """Send the rest of the response to `outlet`. Return the items that are still on the desk."""
        self.outlet = outlet
        return self.desk.leave()

    @property
    def is_detached(self) -> bool:
        """Return True if the server's thread no longer sends the response, because it is detached."""
        return self.outlet is not self.desk

    def _wake_receivers(self) -> None:
        for receiver in self._receivers:
            if not receiver.done():
                receiver.set_result(None)

    async def _receive(self) -> Message:
        while True:
            if self._gone or (self.complete and self._file is None):
                return {"type": _DISCONNECT}
            if self._messages:
                message = self._messages.popleft()
                if message["type"] == _DISCONNECT:
                    self._messages.append(message)  # further calls to receive() get the disconnect too
                    self._disconnect_received = True
                return message
            if self._more and not self._asked:
                self._asked = True
                self.outlet.ask()
            await self._wait_to_receive()

    async def _wait_to_receive(self) -> None:
        """Wait until _wake_receivers() is called. An application may receive from several tasks."""
        receiver = asyncio.get_running_loop().create_future()
        self._receivers += (receiver,)
        try:
            await receiver
        finally:
            self._receivers = tuple(one for one in self._receivers if one is not receiver)

    async def _send(self, message: Message) -> None:
        if self.complete:
            return await self._ignore(message)
        if self.outlet.ended:  # a background task of the application may also get here
            raise ClientDisconnected("the client has disconnected")  # ASGI HTTP, "Disconnected Client - send exception"
        kind = message["type"]
        if kind == "http.response.body":
            self._body(message)
            if not self.complete and self.outlet.full:
                await self.outlet.room()
                if self.outlet.closed:
                    raise ClientDisconnected("the client has disconnected")
        elif kind == "http.response.start":
            self._start(message)
        elif kind == "http.response.pathsend" and kind in self._offered:
            await self._path(message)
        else:
            raise AppProtocolError(
                f"the application sent {kind!r}; a response is 'http.response.start' and then 'http.response.body'"
            )

    async def _ignore(self, message: Message) -> None:
        """Ignore a message that follows the end of the response (ASGI HTTP, "Response Body")."""
        if self._discarding and message["type"] == "http.response.body":
            self._discarding = bool(message.get("more_body", False))
            return await asyncio.sleep(0)  # let other tasks run, even if the application calls send() in a loop
        level, self._late_logged = logging.DEBUG if self._late_logged else logging.WARNING, True
        log.log(level, "the application sent %r after its response was complete: ignored", message.get("type"))

    def _start(self, message: Message) -> None:
        if self.head is not None:
            raise AppProtocolError("the application sent 'http.response.start' a second time")
        status, headers, length = head_from_asgi(message.get("status"), message.get("headers") or ())
        self.head = (status, headers)
        bodiless = not has_body(message["status"])
        self.dropped = self._to_head or bodiless
        self._no_length = length is None and not bodiless
        self._missing = None if self.dropped else length
        if self.can_detach and self._no_length and is_event_stream(headers):
            self._begun = True
            if self.dropped:
                self._discard_rest()
            else:
                self.stream_started = True
                self.outlet.put(b"", 0)

    async def _path(self, message: Message) -> None:
        """Let the server send a file, and wait until the server has closed it. Then the application may change it."""
        if self.head is None or self._begun:
            raise AppProtocolError("'http.response.pathsend' is the whole body: send it once, after the start")
        self._no_length = False  # the server's thread compares the length with the file
        if self.dropped:
            return self._finish(b"", 0)
        self._file = asyncio.get_running_loop().create_future()
        self._finish(PathSend(message["path"], self._missing), 0)
        await self._file

    @property
    def finished(self) -> bool:
        """Return True if only background work is left, because the response and its file (if any) are complete."""
        return self.complete and self._file is None and not self._discarding

    @property
    def name(self) -> str:
        """The request as text for the log. The path is quoted, because a decoded path may contain line breaks."""
        return f"{self._scope.get('method')} {quote(self._scope.get('path') or '', safe=PATH_SAFE)}"

    @property
    def sending(self) -> bool:
        """Return True while the application waits until the server has sent a file."""
        return self._file is not None

    def file_done(self, error: BaseException | None, sent: int = 0) -> None:
        """Record that the server has closed the file.

        sent: number of bytes that were sent. error: the reason why the file was not sent completely; None if it was.
        """
        self.tally.bytes += sent
        self.tally.disconnects += isinstance(error, ClientDisconnected)
        file, self._file = self._file, None
        if file is not None and not file.done():
            if error is None:
                file.set_result(None)
            else:
                file.set_exception(error)
        self._wake_receivers()

    def _body(self, message: Message) -> None:
        if self.head is None:
            raise AppProtocolError("the application sent 'http.response.body' before 'http.response.start'")
        block = message.get("body", b"")
        if type(block) is not bytes:
            block = body_block(block, "http.response.body has the body", "ASGI")
        if self._missing is not None:
            self._missing -= len(block)
            if self._missing < 0:
                raise AppProtocolError("the application sent more than its Content-Length")
        if not message.get("more_body", False):
            if self._missing:
                raise AppProtocolError(f"the application sent {self._missing} bytes less than its Content-Length")
            self._finish(block, len(block))
        elif self.dropped:
            self._discard_rest()
        elif block or not self._begun:
            self._begun = True
            self.tally.bytes += len(block)
            self.outlet.put(block, len(block))

    def _discard_rest(self) -> None:
        """End a response without content (HEAD, 204, 304), although the application has not sent its whole body.

        Nothing more is written to the client, so a later disconnect could not be detected. Therefore the application is
        notified of a disconnect now, and cancelled after GRACE if it continues to send.
        """
        self.complete = self._discarding = True
        self.outlet.put(b"", 0, last=True)
        self._wake_receivers()
        asyncio.get_running_loop().call_later(GRACE, self._end_discarding)

    def _end_discarding(self) -> None:
        if self._discarding:
            self.cancel()

    def _finish(self, last: bytes | PathSend, size: int) -> None:
        """Complete the response. The client does not wait for later work of the application."""
        self.complete = True
        if self._no_length and not self._begun and self.head is not None and (size or not self._to_head):
            # The body is one block, so its length is known: a GET needs no chunks, and a HEAD gets the same length.
            self.head[1].append(("content-length", str(size)))
        if self.dropped:
            last, size = b"", 0
        if size:
            self.tally.bytes += size
        self.outlet.put(last, size, last=True)
        if self._receivers:
            self._wake_receivers()


def _is_disconnect(error: BaseException | None) -> bool:
    """Return True for ClientDisconnected, even if a framework has wrapped it in a group or in its own exception."""
    if isinstance(error, BaseExceptionGroup):
        return all(_is_disconnect(one) for one in error.exceptions)
    if error is None or isinstance(error, ClientDisconnected):
        return error is not None
    return "Disconnect" in type(error).__name__ and _is_disconnect(error.__cause__ or error.__context__)
