"""An ASGI application that has been started in this process, on a loop that is not the caller's, until it is closed.

Knows when it starts and ends: its lifespan, its live requests, the process's exit and forks. It must not know WSGI.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError
from contextvars import Context

from ..asgi_types import ASGIApp
from ..concurrency import forks
from ..concurrency.loop_thread import BorrowedLoop
from .exchange import GRACE, Exchange
from .lifespan import Lifespan, LifespanFailed
from .websocket import WebSocketExchange

log = logging.getLogger("gateways.asgi")

CLOSE_SECONDS = 10  # how long close() waits for the application

_started: set[Running] = set()  # until they are closed: also those whose adapter is gone
_inherited: list[Running] = []  # what runs in the parent process; collecting it here would look like its end


class Running:
    """An application that has been started in this process: its loop, its lifespan, its live requests."""

    def __init__(self, app: ASGIApp, thread: BorrowedLoop, let_go: Callable[[], object]) -> None:
        self.thread, self._let_go = thread, let_go
        self._closing = threading.Lock()
        self.live: set[Exchange] = set()
        self.websockets: set[WebSocketExchange] = set()  # from their acceptance until they have ended
        self.lifespan = Lifespan(app)
        self.failure: str | None = None
        try:
            self.thread.refuse_inside()
        except RuntimeError:
            let_go()
            raise
        _started.add(self)
        # In an empty context: the lifespan is no part of the request that happens to be the first.
        self._starting = Context().run(self.thread.run, self.lifespan.startup())

    def wait(self) -> None:
        """Wait until the application has started; `failure` tells whether it could not."""
        try:
            self._starting.result()
        except LifespanFailed as error:
            self.failure = str(error)
            log.error("%s; its requests will fail", error)
        except CancelledError:
            self.failure = "it was closed while the application was starting"
        except BaseException:  # a signal: the next request starts anew
            self.close_soon()
            raise

    def give_up(self) -> None:
        """Wait no longer for the application to start."""
        self._starting.cancel()

    def close(self) -> None:
        """End the requests, the lifespan and, if nobody else uses it, the loop."""
        with self._closing:
            if self not in _started:
                return
            _started.discard(self)
            ending = self.thread.run(self._end())
            try:
                ending.result(timeout=CLOSE_SECONDS)
            except TimeoutError:
                ending.cancel()
                log.error("the application did not shut down in %s seconds", CLOSE_SECONDS)
            self._let_go()

    def close_soon(self) -> None:
        """close() in a thread of its own: the garbage collector must not wait."""
        if self in _started:
            threading.Thread(target=self.close, name="asgi-to-wsgi-close", daemon=True).start()

    async def _end(self) -> None:
        websockets = [asyncio.ensure_future(websocket.end()) for websocket in self.websockets]
        for exchange in list(self.live):
            exchange.hang_up()
        tasks = [exchange.task for exchange in self.live if exchange.task is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=GRACE + 1)
        if websockets:
            await asyncio.wait(websockets)  # each has its own limit
        await self.lifespan.shutdown()


def _close_all() -> None:
    for running in list(_started):
        running.close()


@forks.in_child
def _forked() -> None:
    _inherited.extend(_started)
    _started.clear()


atexit.register(_close_all)
