"""An app with a lifespan that records its events. Knows ASGI only."""

from __future__ import annotations

import asyncio
from typing import Any

from .apps import Gate, Journal, Receive, Scope, Send, endless, respond

COMPLETE = {"type": "lifespan.startup.complete"}


class Lifespan:
    """An app with a lifespan; it records its events, and can be paused or made to fail."""

    def __init__(self, journal: Journal, *, held: Gate | None = None, shutdown: Any = None, **state: Any) -> None:
        self.journal, self.held, self.state = journal, held, state
        self.shutdown = shutdown or {"type": "lifespan.shutdown.complete"}
        self.scope: Scope = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.lifespan(scope, receive, send)
        else:
            self.journal.note(("request", dict(scope.get("state", {}))))
            if scope["path"] == "/stream":
                try:
                    await endless(scope, receive, send)
                finally:
                    self.journal.note("request ended")
            else:
                await respond(send)

    async def lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = dict(scope)
        self.journal.note((await receive())["type"])
        if self.held:
            await self.held.wait()
        scope["state"].update(self.state)
        await send(COMPLETE)
        self.journal.note("started")
        self.journal.note((await receive())["type"])
        await asyncio.sleep(0)
        self.journal.note("shut down")
        await send(self.shutdown)
