"""The lifespan of an ASGI application (ASGI lifespan 2.0) without an ASGI server: one startup and one shutdown.

Knows the protocol's messages. Runs on the application's event loop. It must not know threads or requests.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from ..asgi_types import ASGIApp, Message
from ..errors import AppProtocolError

log = logging.getLogger("gateways.asgi")

_ANSWERS = tuple(f"lifespan.{phase}.{end}" for phase in ("startup", "shutdown") for end in ("complete", "failed"))


class LifespanFailed(RuntimeError):
    """The application reported that its startup has failed. Its requests cannot be served."""


class Lifespan:
    """One application's lifespan. `state` has the values that the application has set; each request gets a copy."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.state: dict[str, Any] = {}
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self._answer: asyncio.Future[Message | None] | None = None  # its result is None if there is no lifespan
        self._task: asyncio.Task[None] | None = None
        self._started = False

    async def startup(self) -> None:
        """Start the application. Raises LifespanFailed if it reports a failure; not if it has no lifespan."""
        self._task = asyncio.ensure_future(self._run())
        try:
            answer = await self._ask("lifespan.startup")
        except asyncio.CancelledError:
            self._task.cancel()
            raise
        self._started = answer is not None
        if answer is None:
            self._task.cancel()  # the application may treat the lifespan scope as a request, and still be running
        if answer is not None and answer["type"] == "lifespan.startup.failed":
            raise LifespanFailed(f"the application failed to start: {answer.get('message') or 'no reason was given'}")

    async def shutdown(self) -> None:
        """Shut down the application, and wait until it reports the result."""
        if self._task is None or self._task.done():
            return
        answer = await self._ask("lifespan.shutdown")
        if answer is not None and answer["type"] == "lifespan.shutdown.failed":
            log.error("the application failed to shut down: %s", answer.get("message") or "no reason was given")
        await asyncio.wait([self._task], timeout=1)
        self._task.cancel()

    async def _ask(self, question: str) -> Message | None:
        self._answer = asyncio.get_running_loop().create_future()
        self._to_app.put_nowait({"type": question})
        return await self._answer

    async def _run(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self.state}
        try:
            await self._app(scope, self._to_app.get, self._send)
        except (asyncio.CancelledError, GeneratorExit) as error:
            log.debug("the lifespan of the application ended with %r", error)
        except BaseException as error:
            self._raised(error)
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(None)

    def _raised(self, error: BaseException) -> None:
        if self._started:
            log.error("the lifespan of the application failed", exc_info=error)
        elif self._to_app.empty():
            log.warning(
                "the application raised %r at lifespan startup; as ASGI specifies, it gets requests but no further"
                " lifespan events, so startup code may not have run",
                error,
            )
        else:
            log.info("the application does not support lifespan: it raised %r", error)

    async def _send(self, message: Message) -> None:
        if message["type"] not in _ANSWERS:
            if self._answer is not None and not self._answer.done() and not message["type"].startswith("lifespan."):
                self._answer.set_result(None)  # a request's message: the application does not support lifespan
            raise AppProtocolError(f"the application sent {message['type']!r} in its lifespan; ASGI defines {_ANSWERS}")
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(message)
