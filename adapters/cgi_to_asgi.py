"""CGI programs as an ASGI application.

Knows the types of ASGI scopes, and whether the loop is asyncio's. It must not know the messages of a request, or the
meaning of a path, a variable or a response header.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import cached_property, partial

from .asgi_types import Receive, Scope, Send
from .cgi_to_wsgi import respond
from .on_asgi.cgi_request import CGIRequest
from .on_asgi.scopes import answer_lifespan, refuse_scope
from .run_cgi.figures import CGIStats
from .run_cgi.host import CGIHost
from .wsgi_to_asgi import WSGIToASGI


class CGIToASGI(CGIHost):
    """An ASGI 3 application that runs a CGI program for each request (RFC 3875); see CGIHost for its options.

    When the client disconnects, the adapter terminates the program's whole process group, even if the program writes
    nothing. The group gets SIGTERM, and SIGKILL half a second later. The adapter also terminates it on timeout, when
    the task is cancelled, and at `close`. A program that has completed its response may continue until its total
    timeout.

    A body with a Content-Length is streamed to the program. Any other body is spooled first, because the program needs
    its length (4.2). If the program fails before its response headers, the response is a 502, or a 504 for a timeout.
    If it fails later, ProgramFailed is raised to the server: otherwise the response would look complete.

    On asyncio and uvloop, no threads are needed. On trio, each running program needs one thread.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope: `http`; `lifespan`, which is acknowledged; `websocket`, which is refused."""
        kind = scope["type"]
        if kind == "http":
            try:
                loop = asyncio.get_running_loop()
            except RuntimeError:  # on trio, there is no asyncio loop that could watch pipes
                await self._in_threads(scope, receive, send)
            else:
                await CGIRequest(self, loop, scope, receive, send).run()
        elif kind == "lifespan":
            await answer_lifespan(receive, send, self.close)
        else:
            await refuse_scope(scope, receive, send, "a CGI program")

    def close(self) -> None:
        """Terminate all programs of this host and their children. Block until they have exited (about a second)."""
        super().close()
        if "_in_threads" in self.__dict__:
            self._in_threads.close()

    def stats(self) -> CGIStats:
        """Return this host's figures in this process. Thread-safe."""
        own = super().stats()
        if "_in_threads" not in self.__dict__:
            return own
        outer = self._in_threads.stats()  # counts requests that wait or are rejected before this host gets them
        more = {name: getattr(own, name) + getattr(outer, name) for name in ("waiting", "rejected")}
        return replace(own, requests=own.requests + outer.rejected, **more)

    @cached_property
    def _in_threads(self) -> WSGIToASGI:
        app, timeout = partial(respond, self), self.timeouts.queue
        return WSGIToASGI(app, threads=self.limit, queue=self.queue, queue_timeout=timeout)
