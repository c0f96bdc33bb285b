"""Serve the page as an ASGI app: its files, the feed of events, the runs, and the chat.

Knows ASGI and the routes. The page sends requests only to this server, which sends them to the other three servers. So
the other servers need no CORS headers, and you need to forward only one port to use the page.
"""

import asyncio
import json
import os
import platform
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from multiprocessing.connection import Connection
from pathlib import PurePath
from typing import Any
from urllib.parse import parse_qsl

from gateways.demo import actions, link
from gateways.demo.exchange import POLICY, Gone, Receive, Send, Write, body_of, refuse, streamed, whole
from gateways.demo.feed import Feed, event
from gateways.demo.guard import refusal
from gateways.demo.items import Converter
from gateways.demo.link import Lanes
from gateways.demo.runs import ask_all, talk
from gateways.events.events import Batch
from gateways.serving.listen import url
from gateways.serving.server import Mode

Scope = dict[str, Any]

KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}
ALIVE = 15.0
"""Interval of keep-alive messages in the feed, in seconds."""


def create_app() -> "Page":
    """Return the app. Called in the process that the command started for the page."""
    lanes, connection = link.connect(os.environ[link.ADDRESS])
    return Page(lanes, connection)


@dataclass(frozen=True, slots=True)
class PageRequest:
    """A request to the page's server."""

    scope: Scope
    receive: Receive
    send: Send

    @property
    def query(self) -> dict[str, str]:
        """Return the query parameters. If a name is repeated, its last value counts."""
        return dict(parse_qsl(self.scope["query_string"].decode("latin-1"), keep_blank_values=True))

    def header(self, name: bytes) -> str:
        """Return the last value of a header; "" if absent."""
        headers: dict[bytes, bytes] = dict(self.scope["headers"])
        return headers.get(name, b"").decode("latin-1")


class Page:
    """The app. `connection` receives events from the command; None if the caller fills the feed."""

    def __init__(self, lanes: Lanes, connection: "Connection[Any, Any] | None" = None) -> None:
        self.feed = Feed()
        self._lanes = lanes
        self._connection = connection
        self._converter = Converter()
        self._instance = f"{os.getpid()} {time.time_ns()}"  # lets a page detect that the demo was restarted
        self._files = {
            f"/{each.name}": each.read_bytes() for each in files("gateways.demo").joinpath("static").iterdir()
        }
        self._files["/"] = self._files.pop("/index.html")
        self._routes: dict[tuple[str, str], Callable[[PageRequest], Awaitable[None]]] = {
            ("GET", "/feed"): self._feed,
            **{("POST", f"/run/{name}"): self._run for name in actions.ACTIONS},
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve an ASGI scope."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._answer(PageRequest(scope, receive, send))
        elif scope["path"] != "/chat" or refusal(scope, self._lanes.host):
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            await talk(self._lanes.lanes, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        if self._connection is not None:
            loop = asyncio.get_running_loop()

            def arrived(mode: Mode, batch: Batch) -> None:
                with suppress(RuntimeError):  # the loop is closed, so this thread ends
                    loop.call_soon_threadsafe(lambda: self.feed.add(self._converter.convert(mode, batch)))

            threading.Thread(
                target=link.follow, args=(self._connection, arrived), name="gateways-link", daemon=True
            ).start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, page_request: PageRequest) -> None:
        scope, send = page_request.scope, page_request.send
        method, path = scope["method"], scope["path"]
        route = self._routes.get((method, path))
        if why := refusal(scope, self._lanes.host):
            await refuse(send, 403, why)
        elif route is not None:
            await route(page_request)
        elif path in self._files and method in ("GET", "HEAD"):
            kind = KINDS[PurePath(path).suffix or ".html"]
            await whole(send, 200, kind, self._files[path], (b"content-security-policy", POLICY))
        else:
            await refuse(send, 404, "not found")

    async def _feed(self, page_request: PageRequest) -> None:
        """Send the description of the lanes. Then send each item after the last one that the page has received."""
        last = page_request.header(b"last-event-id") or page_request.query.get("after", "0")
        number = int(last) if last.isascii() and last.isdecimal() and len(last) < 16 else 0

        async def follow(write: Write) -> None:
            nonlocal number
            await write(b"event: lanes\ndata: " + json.dumps(self._described()).encode() + b"\n\n")
            while True:
                texts, number = self.feed.after(number)
                if texts:
                    await write(event(texts, number))
                    continue
                try:
                    async with asyncio.timeout(ALIVE):
                        await self.feed.wait(number)
                except TimeoutError:
                    await write(b": nothing new\n\n")

        await streamed(page_request.receive, page_request.send, "text/event-stream", follow)

    def _described(self) -> dict[str, Any]:
        lanes = [
            {"lane": each.mode, "server": each.server, "version": each.version, "model": each.model,
             "url": url(*each.address)}
            for each in self._lanes.lanes
        ]  # fmt: skip
        about = {"python": platform.python_version(), "quiet": self._lanes.quiet, "instance": self._instance}
        return {"lanes": lanes, **about}

    async def _run(self, page_request: PageRequest) -> None:
        """Send the button's request to all three servers, and write each event as a line of JSON."""
        try:
            await self._planned(page_request)
        except actions.BadRequest as error:
            await refuse(page_request.send, 400, str(error))
        except Gone:
            return

    async def _planned(self, page_request: PageRequest) -> None:
        name = page_request.scope["path"].rpartition("/")[2]
        if name == "upload" and "megabytes" not in page_request.query:
            with closing(actions.Spooled()) as body:
                async for octets in body_of(page_request.receive):
                    body.write(octets)
                plan = actions.of_body(body, body.whole())
                await streamed(
                    page_request.receive,
                    page_request.send,
                    "application/x-ndjson",
                    partial(ask_all, self._lanes.lanes, plan),
                )
        else:
            async for _ in body_of(page_request.receive):
                pass
            plan = await asyncio.to_thread(actions.plan, name, page_request.query)
            await streamed(
                page_request.receive,
                page_request.send,
                "application/x-ndjson",
                partial(ask_all, self._lanes.lanes, plan),
            )
