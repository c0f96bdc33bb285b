"""ASGI applications as CGI programs. One event loop runs the lifespan and one request.

Knows ASGI's messages, and how a loop reads stdin and writes stdout. It must not know the CGI process (on_cgi/), the
order of events (run_asgi/exchange.py), or how requests are mapped (mapping/requests.py). It starts no thread.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, cast

from .asgi_types import ASGIApp, Message, Scope
from .concurrency.desk import Desk
from .errors import ClientDisconnected
from .mapping.requests import scope_from_environ
from .mapping.responses import head_to_cgi
from .on_cgi.program import FAILED, CGIChild, error_response
from .on_cgi.request import StdinBody, is_stream
from .on_cgi.stdout import Stdout
from .run_asgi.exchange import Exchange
from .run_asgi.lifespan import Lifespan, LifespanFailed
from .run_asgi.versions import as_asgi3

if TYPE_CHECKING:
    from .on_cgi.request import Environ

log = logging.getLogger("gateways.asgi")

GRACE = 0.2  # delay from http.disconnect to cancellation, in seconds; a server may send SIGKILL 0.5 s after SIGTERM
_BLOCK = 64 * 1024  # size of one read of the request body, in bytes


class ASGIToCGI(CGIChild):
    """A CGI program (RFC 3875) that runs an ASGI application (ASGI HTTP 2.5).

    Write `ASGIToCGI(app).run()` as the last line of the program.

    app: the ASGI 3 application, or an ASGI 2 application (a double callable).
    script_name: the path at which clients see the application, e.g. "" for the whole site. Set it if the server's URL
        rewriting hides the program's own path. Without it, the adapter detects and undoes a rewriting that keeps the
        end of the path (`RewriteRule ^(.*)$ app.cgi/$1`).

    The lifespan starts before the request and ends after it; the scope has `state`. The adapter writes each block when
    the application sends it, and closes stdout at the end of the response. The client therefore does not wait for
    background tasks, unless the server also waits for stderr, as Apache's mod_cgi does. When the application's call
    returns, the tasks that it has left running are cancelled. All other output to stdout is redirected to stderr.

    If the response is incomplete, the exit status is not 0. If an error occurs before the response headers, the client
    gets a 500; a later error truncates the response. The traceback is logged to "gateways.asgi", which writes to stderr
    by default. SIGTERM or a closed stdout means that the client has disconnected: receive() returns http.disconnect,
    and send() raises ClientDisconnected, an OSError. If the application continues, it is cancelled after GRACE.
    """

    def __init__(self, app: Any, *, script_name: str | None = None) -> None:
        super().__init__(app, script_name=script_name)
        self.app: ASGIApp = as_asgi3(app)

    def answer(self, environ: Environ, body: StdinBody, stdout: int) -> int:
        """Run the application for one request. Write the response to descriptor `stdout`. Return the exit status."""
        request = _Request(self.app, scope_from_environ(environ), body)
        try:
            asyncio.run(request.run(stdout))
        except asyncio.CancelledError:
            log.debug("the client disconnected before the application had started")
        return request.status

    def as_wsgi(self) -> Any:
        """Return the application for a local WSGI server."""
        from .asgi_to_wsgi import ASGIToWSGI

        return ASGIToWSGI(self.app)


class _Request:
    """The only request of this process, and its lifespan.

    It has the methods of a Desk, because Exchange calls them. It writes the response to stdout, and reads the request
    body from stdin.
    """

    def __init__(self, app: ASGIApp, scope: Scope, body: StdinBody) -> None:
        self.status = 0  # exit status: 0 if the response is complete
        self.closed = False  # the client has disconnected
        self._app, self._scope, self._body = app, scope, body
        self._begun = self._last = self._complete = False
        self._exchange: Exchange | None = None
        self._closing: asyncio.Task[None] | None = None
        scope["extensions"] = {}

    async def run(self, stdout: int) -> None:
        """Start the application, serve the request, and shut down."""
        self._loop = asyncio.get_running_loop()
        self._main = asyncio.current_task()
        self._over = asyncio.Event()
        self._stdout = Stdout(stdout, self._flushed, self._disconnect)
        signal.signal(signal.SIGTERM, self._terminate)
        lifespan = Lifespan(self._app)
        try:
            await lifespan.startup()
        except LifespanFailed as error:
            log.error("%s", error)
            await self._failed()
        else:
            self._scope["state"] = lifespan.state.copy()
            await self._answer()
            await lifespan.shutdown()

    async def _answer(self) -> None:
        more = self._body.more
        messages: list[Message] = [] if more else [{"type": "http.request", "body": b"", "more_body": False}]
        exchange = self._exchange = Exchange(self._app, self._scope, cast(Desk, self), messages, more)
        exchange.start(set(), copy_context())
        await self._over.wait()
        await self._stdout.flushed()
        if self._closing is not None:
            await self._closing
        if not self._complete:
            await self._failed()

    async def _failed(self) -> None:
        self.status = self.status or FAILED
        if not self.closed:
            if not self._begun:
                self._stdout.write(error_response("500 Internal Server Error", self._scope["method"]))
                await self._stdout.flushed()
            await self._drain()

    def _terminate(self, number: int, frame: object) -> None:
        """Handle SIGTERM: the server has abandoned this request.

        A second SIGTERM terminates the process, even if the loop is blocked.
        """
        signal.signal(number, signal.SIG_DFL)
        if not self._complete:  # some servers also send SIGTERM to a program that still runs after it closed stdout
            self.status = 128 + number
            self._loop.call_soon_threadsafe(self._disconnect)

    def _disconnect(self) -> None:
        """Notify the application that the client has disconnected. After GRACE, cancel the application's task."""
        if self.closed:
            return
        self.closed = True
        self.status = self.status or FAILED
        self._stdout.close()
        if self._exchange is not None:
            self._exchange.hang_up()
            self._loop.call_later(GRACE, self._exchange.cancel)
        elif self._main is not None:
            self._main.cancel()

    @property
    def ended(self) -> bool:
        """Return True if further output would be discarded."""
        return self.closed or self._last or self._over.is_set()

    @property
    def full(self) -> bool:
        """Return True if the application must wait for room() before it continues."""
        return self._stdout.full

    async def room(self) -> None:
        """Wait until the server has read some of the response."""
        await self._stdout.room()

    def put(self, block: bytes, size: int, last: bool = False) -> None:
        """Write a block of `size` bytes. last: True if the block completes the response."""
        if not self.ended:
            self._last = last
            self._stdout.write(block if self._begun else self._head() + block)

    def _head(self) -> bytes:
        head = self._exchange.head if self._exchange is not None else None
        assert head is not None  # the headers precede the first block
        self._begun = True
        return head_to_cgi(*head)

    def ask(self) -> None:
        """Read the next block of the body."""
        if is_stream(self._body.stdin):
            self._loop.add_reader(self._body.stdin, self._read)
        else:
            self._loop.call_soon(self._read)

    def _read(self) -> None:
        self._loop.remove_reader(self._body.stdin)
        assert self._exchange is not None  # only the exchange calls ask()
        try:
            block = self._body.read(_BLOCK)
        except BlockingIOError:
            return self.ask()
        except ClientDisconnected as error:
            log.warning("%s", error)
            self._exchange.feed({"type": "http.disconnect"})
        else:
            self._exchange.feed({"type": "http.request", "body": block, "more_body": self._body.more})

    def end(self) -> None:
        """Record that the application's task has ended."""
        self._over.set()

    def _flushed(self) -> None:
        """Close stdout after the last block, to end the response. Called when all output has been written."""
        if self._last and self._closing is None:
            if self._body.must_be_read:
                self._closing = self._loop.create_task(self._drain_and_close())
            else:
                self._close()

    async def _drain_and_close(self) -> None:
        await self._drain()
        if not self.closed:
            self._close()

    async def _drain(self) -> None:
        readable = asyncio.Event()
        while self._body.must_be_read and not self.closed:
            self._loop.add_reader(self._body.stdin, readable.set)
            await readable.wait()
            readable.clear()
            self._loop.remove_reader(self._body.stdin)  # uvloop reports an error of a socket only once
            try:
                self._body.read(_BLOCK)
            except BlockingIOError:
                continue
            except ClientDisconnected:
                break

    def _close(self) -> None:
        self._complete = True
        self._loop.remove_reader(self._body.stdin)
        self._body.close()
        self._stdout.close()
