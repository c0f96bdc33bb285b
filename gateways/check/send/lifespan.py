"""Run and lint the lifespan of an ASGI app, and find its handler.

Knows asyncio and sys.setprofile, which shows the functions that the startup calls.
"""

import asyncio
import sys
import time
from types import FrameType
from typing import Any

from gateways.check.lint.asgi import Conversation
from gateways.check.send.record import lint
from gateways.check.send.watching import Watching
from gateways.check.watch.own import Own, at

LEAVE = 1.0
"""Timeout for an app to return after a disconnect, or after its task is cancelled, in seconds."""


class Lifespan:
    """The lifespan of an app.

    An app that raises an exception does not support lifespan, and servers continue without it (ASGI, Lifespan: Scope).
    """

    def __init__(self, app: Any, watching: Watching) -> None:
        self.state: dict[str, Any] = {}
        self._app, self._watching = app, watching
        self._events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._answered = asyncio.Event()
        self._sent: list[str] = []
        self._conversation = Conversation("lifespan")
        self._task: asyncio.Task[None] | None = None

    async def start(self, seconds: float) -> None:
        """Send startup and wait for the app's reply. Record the handler that ran."""
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self.state}
        self._events.put_nowait({"type": "lifespan.startup"})
        began = time.perf_counter()
        called = _Called(self._watching.own)
        sys.setprofile(called.profile)
        try:
            self._task = asyncio.ensure_future(self._app(scope, self._receive, self._send))
            await self._wait(seconds)
        finally:
            sys.setprofile(None)
        took = time.perf_counter() - began
        if "lifespan.startup.failed" in self._sent:
            self._watching.notes.problems.append("the lifespan startup failed; requests were sent without it")
        if self._sent and called.first is not None:
            code = called.first.f_code
            place = at(code.co_filename, code.co_firstlineno)
            place = self._watching.own.place_of_code(code) or place
            message = f"{code.co_name} ran during lifespan.startup, in {took * 1000:.1f} ms"
            self._watching.notes.add("lifespan", message, place, name=code.co_name, milliseconds=took * 1000)

    async def stop(self, seconds: float) -> None:
        """Send shutdown, wait for the app's reply, and cancel its task if the app has not returned."""
        if self._task is None or self._task.done():
            return
        self._answered.clear()
        self._conversation.received("lifespan.shutdown")
        self._events.put_nowait({"type": "lifespan.shutdown"})
        await self._wait(seconds)
        self._task.cancel()
        await asyncio.wait([self._task], timeout=LEAVE)

    async def _wait(self, seconds: float) -> None:
        assert self._task is not None
        answered = asyncio.ensure_future(self._answered.wait())
        await asyncio.wait([self._task, answered], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        answered.cancel()
        if self._task.done() and not self._task.cancelled():
            self._task.exception()  # an app without a lifespan may raise

    async def _receive(self) -> dict[str, Any]:
        return await self._events.get()

    async def _send(self, message: Any) -> None:
        lint(self._conversation, message, sys._getframe(1), self._watching)  # noqa: SLF001 - the caller
        if isinstance(message, dict):
            self._sent.append(str(message.get("type")))
        self._answered.set()


class _Called:
    """Finds the first function of the app's own code that the startup calls: a handler, or the app itself.

    Middleware (a function with a parameter scope, send or message) does not count as a handler. Constructors, which
    frameworks call for the first scope, do not count either.
    """

    def __init__(self, own: Own) -> None:
        self.first: FrameType | None = None
        self._own = own

    def profile(self, frame: FrameType, event: str, _argument: Any) -> None:
        code = frame.f_code
        if event != "call" or self.first is not None or not self._own.is_own(code.co_filename):
            return
        answers = "lifespan.startup.complete" in code.co_consts
        arguments = set(code.co_varnames[: code.co_argcount])
        if not answers and (arguments & {"scope", "send", "message"} or _constructs(frame)):
            return
        self.first = frame


def _constructs(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_name in ("__init__", "__new__", "build_middleware_stack"):
            return True
        frame = frame.f_back
    return False
