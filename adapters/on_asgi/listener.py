"""A background task that receives the rest of a request's body, then the disconnect, while the response is sent.

Knows `receive`, and when an unread body may be discarded. It must not know the application.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context

from ..asgi_types import Receive
from ..concurrency.inbox import Inbox
from ..concurrency.loops import Loop, Task

UNREAD_LOOKS = 10  # number of checks, 0.1 s apart, after which an ignored body is discarded to detect a disconnect


class Listener:
    """A task that receives messages until the client disconnects, while the response is sent."""

    def __init__(
        self,
        loop: Loop,
        receive: Receive,
        inbox: Inbox | None,
        gone: Callable[[Exception | None], object],
        ignores_body: Callable[[], bool],
    ) -> None:
        """start() starts the task.

        inbox: gets the body; None if the body is complete. gone: called after a disconnect, or if receive() fails.
        ignores_body: returns True if the application has begun its response and is not blocked by a slow client.
        """
        self._loop, self._receive, self._inbox, self._gone = loop, receive, inbox, gone
        self._ignores_body, self._looks = ignores_body, 0

    def start(self, context: Context) -> Task:
        """Start the task in a copy of the request's context."""
        return self._loop.spawn(self._run, context)

    async def _run(self) -> None:
        try:
            if await self._receive_all():
                self._gone(None)
        except Exception as error:
            self._gone(error)
        except BaseException:  # cancelled with the request, or raised by receive()
            self._gone(None)
            raise

    async def _receive_all(self) -> bool:
        """Receive until the client disconnects. Return False if a disconnect cannot be detected."""
        inbox = self._inbox
        over = False  # the request body is complete
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                return True
            if over:  # the receive() of some middlewares repeats the last message, and never returns a disconnect
                return False
            if inbox is None or inbox.over:
                over = True
                continue
            inbox.put(message.get("body", b""))
            if not message.get("more_body", False):
                inbox.end()
                over = True
            elif inbox.full:
                await self._room(inbox)

    async def _room(self, inbox: Inbox) -> None:
        """Wait until the application has read some of the body. If it ignores the body, look() ends the wait."""
        self._looks = 0
        self._loop.attend(self)
        try:
            await inbox.room()
        finally:
            self._loop.leave(self)

    def look(self) -> None:
        """Discard data if the application ignores the body: the disconnect arrives only after the body. Called at
        intervals by the loop.
        """
        self._looks = self._looks + 1 if self._ignores_body() else 0
        if self._looks >= UNREAD_LOOKS and self._inbox is not None:
            self._inbox.overflow()
        else:
            self._loop.attend(self)
