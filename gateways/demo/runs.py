"""Run a button's action: send the request to all three servers at the same time, and report the events to the page. All
times are from one clock.

Knows the plans, the clients and the chat. The events are lines of JSON, {"what", "at", "lane", "client", …}, with `at`
in ms since the run began. The first is "began"; its `clock` is the start in time.perf_counter(), as in the feed.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

from gateways.demo.actions import Plan
from gateways.demo.chat import LONGEST, chat
from gateways.demo.client import Note, ask
from gateways.demo.exchange import Message, Receive, Send, Write, until_left
from gateways.demo.link import Lane


class Notes:
    """Collects the events of one run until it ends. Used on one event loop."""

    def __init__(self, **about: Any) -> None:
        self._clock = time.perf_counter()
        self._waiting: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self.noting()("began", clock=self._clock, **about)

    def noting(self, **about: Any) -> Note:
        """Return a Note that adds `about` to each event."""

        def note(what: str, **values: Any) -> None:
            at = round((time.perf_counter() - self._clock) * 1000, 3)
            self._waiting.put_nowait({"what": what, "at": at, **about, **values})

        return note

    def over(self) -> None:
        """End the run. No further events follow."""
        self._waiting.put_nowait(None)

    async def lines(self) -> AsyncIterator[str]:
        """Yield each event as a line of JSON."""
        while (item := await self._waiting.get()) is not None:
            yield json.dumps(item, separators=(",", ":"))


async def ask_all(lanes: tuple[Lane, ...], plan: Plan, write: Write) -> None:
    """Send the plan's requests to all servers, and write the events."""
    request = plan.request
    length = request.body.length if request.body else 0
    about = {"method": request.method, "target": request.target, "length": length, "digest": plan.digest}
    notes = Notes(**about)

    async def asking() -> None:
        async with asyncio.TaskGroup() as group:
            for client in range(plan.clients):
                for lane in lanes:
                    note = notes.noting(lane=lane.mode, client=client)
                    group.create_task(ask(lane.address, request, note))
        notes.over()

    async with asyncio.TaskGroup() as group:
        group.create_task(asking())
        async for line in notes.lines():
            await write(f"{line}\n".encode())


async def talk(lanes: tuple[Lane, ...], receive: Receive, send: Send) -> None:
    """Serve a WebSocket of the page. Open a WebSocket to each server, and forward texts until the page disconnects."""
    notes, texts = Notes(method="GET", target="/ws"), asyncio.Queue[str](maxsize=100)

    async def received() -> Message:
        message = await receive()
        if message["type"] == "websocket.receive" and message.get("text"):
            await texts.put(message["text"][:LONGEST])
        return message

    async def telling() -> None:
        async for line in notes.lines():
            await send({"type": "websocket.send", "text": line})

    async def talking() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(telling())
            await chat({lane.address: notes.noting(lane=lane.mode, client=0) for lane in lanes}, texts)

    await receive()  # websocket.connect
    await send({"type": "websocket.accept"})
    await until_left(received, talking(), "websocket.disconnect")
