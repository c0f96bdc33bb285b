"""Call an ASGI app like a server, event by event."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Self
from urllib.parse import unquote

from tests.gateways.cases import Request, Response

App = Callable[[dict[str, Any], Any, Any], Awaitable[None]]
Event = dict[str, Any]

GONE: Event = {"type": "http.disconnect"}


def scope_of(request: Request, **changes: Any) -> dict[str, Any]:
    """Return the scope of the request. It has only the required keys, and those in `changes`."""
    path, _, query = request.target.partition(b"?")
    length = [] if request.body is None else [(b"content-length", b"%d" % len(request.body))]
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.5"},
        "http_version": "1.1",
        "method": request.method,
        "path": unquote(path.decode("latin-1")),
        "query_string": query,
        "headers": [(b"host", b"testserver"), *length],
        **changes,
    }


class Connection:
    """One connection to an app that runs as a task. Create the connection in a running loop, with `async with`."""

    def __init__(self, app: App, scope: dict[str, Any]) -> None:
        self.told: asyncio.Queue[Event] = asyncio.Queue()
        self.sent: asyncio.Queue[Event] = asyncio.Queue()
        self.task = asyncio.ensure_future(app(scope, self.told.get, self.sent.put))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.task.cancel()
        await asyncio.wait([self.task])

    def tell(self, kind: str, **event: Any) -> None:
        self.told.put_nowait({"type": kind, **event})

    async def next(self) -> Event:
        """Return the next event of the app. If the app fails first, raise its error."""
        sending = asyncio.ensure_future(self.sent.get())
        await asyncio.wait([sending, self.task], return_when=asyncio.FIRST_COMPLETED)
        if not sending.done():
            sending.cancel()
            await self.task
            raise AssertionError("the app returned without a word")
        return sending.result()

    async def ended(self) -> list[Event]:
        """Wait until the app returns. Return the remaining messages, or raise the app's error."""
        await asyncio.wait_for(self.task, 20)
        return [self.sent.get_nowait() for _ in range(self.sent.qsize())]


async def conversation(app: App, scope: dict[str, Any], *told: Event) -> list[Event]:
    """Send the events `told` to the app, and wait until the app returns. Return the app's messages."""
    async with Connection(app, scope) as connection:
        for event in told:
            connection.told.put_nowait(event)
        return await connection.ended()


def response_of(events: list[Event]) -> Response:
    """Return the response of these events, which must be complete: start, blocks, and the last block at the end."""
    start, *blocks = events
    assert start["type"] == "http.response.start"
    assert {block["type"] for block in blocks} == {"http.response.body"}
    assert [block.get("more_body", False) for block in blocks] == [True] * (len(blocks) - 1) + [False]
    assert all(name == name.lower() for name, _ in start["headers"])
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    return Response(start["status"], headers, b"".join(block.get("body", b"") for block in blocks))


def ask(app: App, request: Request, **changes: Any) -> Response:
    """Make the request on a new loop, and return the complete response."""
    body: Event = {"type": "http.request", "body": request.body or b""}
    return response_of(asyncio.run(conversation(app, scope_of(request, **changes), body)))
