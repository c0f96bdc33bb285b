"""Receive and discard the rest of a request body that the application has not read, before the response ends.

Knows receive() and the clock. It must not know the application or its response. If a server closes a connection that
has unread data, the connection is reset. The client or proxy then loses the part of the response that it has not read
yet (RFC 9112, 9.6).
"""

from __future__ import annotations

import logging
from contextvars import Context
from time import monotonic

from ..asgi_types import Receive
from ..concurrency.loops import Future, Loop

log = logging.getLogger("gateways.wsgi")

MAX_BYTES = 1024 * 1024  # limit for discarded data, in bytes; if a client sends more, its connection is closed
IDLE = 1.0  # timeout for the next data, in seconds
TOTAL = 30.0  # timeout for the whole rest, in seconds


class Rest:
    """The unread rest of one body."""

    def __init__(self, loop: Loop, receive: Receive) -> None:
        self._loop, self._receive = loop, receive
        self._moved = monotonic()
        self._until = self._moved + TOTAL
        self._done: Future = loop.create_future()

    async def discard(self, context: Context) -> None:
        """Receive the rest until it ends, the client disconnects, or a limit is reached.

        receive() runs in a copy of `context`.
        """
        task = self._loop.spawn(self._run, context)
        self._loop.attend(self)
        try:
            await self._done
        finally:
            self._loop.leave(self)
            task.cancel()
        await task.ended()

    async def _run(self) -> None:
        try:
            more, size = True, 0
            while more and size < MAX_BYTES:
                message = await self._receive()
                self._moved = monotonic()
                size += len(message.get("body", b""))
                more = message["type"] == "http.request" and message.get("more_body", False)
        except Exception as error:
            log.debug("cannot receive the rest of a body: %r", error)
        finally:
            self._resolve()

    def look(self) -> None:
        """Stop at a time limit. Called by the loop, at intervals."""
        if monotonic() >= min(self._moved + IDLE, self._until):
            self._resolve()
        else:
            self._loop.attend(self)

    def _resolve(self) -> None:
        if not self._done.done():
            self._done.set_result(None)
