"""CGI programs as an ASGI application.

Knows the kinds of ASGI scopes, and whether the loop is asyncio's. It must not know the events of a request, nor what a
path, a variable or a response header means.
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

    The program's whole process group is terminated when the client disconnects, even if the program writes nothing:
    SIGTERM, and half a second later SIGKILL. The same happens on timeout, when the task is cancelled, and at `close`. A
    program that has ended its response may continue until its total timeout.

    A body with a Content-Length streams to the program as it arrives; any other body is spooled first, so that the
    program gets its length (4.2). If the program fails before its response headers, the response is a 502 (504 for a
    timeout); if it fails later, ProgramFailed is raised to the server, so that the response does not look complete.

    On asyncio (also uvloop) no threads are needed; on trio each running program has one.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope: `http`; `lifespan`, which is acknowledged; `websocket`, which is refused."""
        kind = scope["type"]
        if kind == "http":
            try:
                loop = asyncio.get_running_loop()
            except RuntimeError:  # trio: no asyncio loop to watch pipes with
                await self._in_threads(scope, receive, send)
            else:
                await CGIRequest(self, loop, scope, receive, send).run()
        elif kind == "lifespan":
            await answer_lifespan(receive, send, self.close)
        else:
            await refuse_scope(scope, receive, send, "a CGI program")

    def close(self) -> None:
        """Terminate all programs of this host and their children. Block until they have exited, for about a second."""
        super().close()
        if "_in_threads" in self.__dict__:
            self._in_threads.close()

    def stats(self) -> CGIStats:
        """Return this host's figures in this process. Thread-safe."""
        own = super().stats()
        if "_in_threads" not in self.__dict__:
            return own
        outer = self._in_threads.stats()  # requests that wait or are refused before they reach this host
        more = {name: getattr(own, name) + getattr(outer, name) for name in ("waiting", "rejected")}
        return replace(own, requests=own.requests + outer.rejected, **more)

    @cached_property
    def _in_threads(self) -> WSGIToASGI:
        app, patience = partial(respond, self), self.timeouts.queue
        return WSGIToASGI(app, threads=self.limit, queue=self.queue, queue_timeout=patience)
