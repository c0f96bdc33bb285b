"""The call of a WSGI application for a WebSocket, in its own thread: how it ends, and whether it used the socket.

Knows PEP 3333, and how WebSocket libraries end a call. It must not know WebSocket frames or ASGI.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any

from ..concurrency.loops import Loop
from ..concurrency.outbox import Outbox
from ..concurrency.thread_pool import Workers
from ..errors import harmless
from ..mapping.requests import Environ
from ..run_wsgi.response import WSGIResponse
from ..wsgi_types import StartResponse, WSGIApp

log = logging.getLogger("gateways.wsgi")

_POLL = 0.5  # interval of checks that the loop still runs, in seconds


class _SocketUsed(Exception):
    """The application has accepted the WebSocket, so its WSGI response is ignored."""


class WebSocketCall:
    """One call of the application. run() runs in the thread; the loop calls the other public methods.

    An ordinary response goes to `outbox`. `accepted` is None until the loop calls decide(). Only the loop can know
    whether the application has accepted the WebSocket, because it reads the other end of the socket.
    """

    def __init__(self, app: WSGIApp, loop: Loop, workers: Workers, sock: socket.socket) -> None:
        self._app, self._loop, self._socket = app, loop, sock
        self.outbox = Outbox(loop, workers)
        self.accepted: bool | None = None
        self._decided = threading.Lock()
        self._decided.acquire()
        self.status = ""  # the status that the application passed to start_response()
        self.error: Exception | None = None
        self._abandoned = False  # no coroutine is left that could raise the error

    def decide(self, accepted: bool) -> None:
        """Record whether the WebSocket is accepted, and wake the application's thread. Only the first call counts."""
        if self.accepted is None:
            self.accepted = accepted
            self._decided.release()

    def take_error(self) -> Exception | None:
        """Return the application's error, which the caller then raises. Later errors are logged."""
        error, self.error = self.error, None
        self._abandoned = True
        return error

    def abandon(self) -> None:
        """Log the application's error, now or when it occurs, because no coroutine will raise it."""
        self._abandoned = True
        self._log_error()

    def _log_error(self) -> None:
        error, self.error = self.error, None  # breaks a reference cycle with the traceback
        if error is not None:
            log.error("the application failed after its WebSocket had ended", exc_info=error)

    # the application's thread

    def run(self, environ: Environ, over: Callable[[], object]) -> None:
        """Call the application. `over` is called when the call has returned."""
        try:
            response = WSGIResponse(self._put, "GET")
            items = response.answer(partial(self._application, response), environ)
            self.outbox.end(items)
        except BaseException as error:
            self._failed(error)
        finally:
            self._shut()
            self._socket.close()
            self.outbox.end()
            over()

    def _application(self, response: WSGIResponse, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            self.status = status
            if status[:3] == "101":
                return response.write  # a nested ASGIToWSGI passes the status 101 for the server's log only
            return start_response(status, headers, exc_info)

        result = self._app(environ, start)
        if self._was_accepted():
            close = getattr(result, "close", None)
            if close is not None:
                close()
            raise _SocketUsed
        return result

    def _put(self, item: Any, size: int) -> None:
        if self._was_accepted():
            raise _SocketUsed
        self.outbox.put(item, size)

    def _was_accepted(self) -> bool:
        """Shut down the application's socket. Wait until the loop knows whether the WebSocket was accepted."""
        if self.accepted is None:
            self._shut()
            while not self._decided.acquire(timeout=_POLL):
                if self._loop.closed():
                    return False
        return bool(self.accepted)

    def _shut(self) -> None:
        with suppress(OSError):  # the application may have closed it
            self._socket.shutdown(socket.SHUT_WR)

    def _failed(self, error: BaseException) -> None:
        if isinstance(error, _SocketUsed) or (self.outbox.closed and isinstance(error, OSError)):
            return
        if isinstance(error, (StopIteration, ConnectionError)) and self._was_accepted():
            return  # flask-sock and Engine.IO end this way after they have used a server's socket
        self.error = harmless(error)
        if self._abandoned:
            self._log_error()
