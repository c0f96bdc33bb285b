"""Run a WebSocket chat. Each lane gets a handshake, and the lanes that accept it get messages.

Knows websockets as a client. It must not know how events reach the page.
"""

import asyncio
from collections.abc import Sequence

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from gateways.demo.client import Note, Request, ask
from gateways.serving.listen import connect as connected
from gateways.serving.listen import url

PATIENCE = 10.0
"""Timeout for a handshake, in seconds."""

LONGEST = 10_000
"""Maximum length of a text, in characters."""

Texts = asyncio.Queue[str]


async def chat(lanes: dict[tuple[str, int], Note], texts: Texts) -> None:
    """Open a WebSocket to each server. Send each of `texts` on all accepted WebSockets, until cancelled.

    The events of a lane are: `asked`; `open` or `refused` (status, reason, text); `sent` and `said` (text) for each
    message; `closed` or `failed`.
    """
    own = [Texts() for _ in lanes]
    spreading = asyncio.create_task(_spread(texts, own))
    try:
        async with asyncio.TaskGroup() as group:
            for (address, note), queue in zip(lanes.items(), own, strict=True):
                group.create_task(_shake(address, queue, note))
    finally:
        spreading.cancel()


async def _spread(texts: Texts, lanes: Sequence[Texts]) -> None:
    while True:
        text = await texts.get()
        for lane in lanes:
            lane.put_nowait(text)


async def _shake(address: tuple[str, int], texts: Texts, note: Note) -> None:
    try:
        # Connect without a proxy, because the servers are on this machine.
        sock = await asyncio.to_thread(connected, address)
        sock.setblocking(False)
        note("asked", port=sock.getsockname()[1])
        uri = url(*address).replace("http", "ws", 1) + "/ws"
        options = {"compression": None, "open_timeout": PATIENCE, "close_timeout": 1, "ping_interval": None}
        async with connect(uri, sock=sock, user_agent_header="gateways-demo", **options) as connection:  # type: ignore[arg-type]
            note("open")
            await _talk(connection, texts, note)
    except InvalidStatus as error:
        response = error.response
        text = bytes(response.body or b"").decode(errors="replace")
        note("refused", status=response.status_code, reason=response.reason_phrase, text=text)
        if not text:  # the server refused the handshake without calling the app, so there is no reason from the app
            await ask(address, Request("GET", "/ws"), note)
    except (OSError, WebSocketException) as error:
        note("failed", why=str(error) or type(error).__name__)


async def _talk(connection: ClientConnection, texts: Texts, note: Note) -> None:
    saying = asyncio.create_task(_say(connection, texts, note))
    try:
        async for message in connection:
            note("said", text=message if isinstance(message, str) else message.decode(errors="replace"))
    finally:
        saying.cancel()
    note("closed")


async def _say(connection: ClientConnection, texts: Texts, note: Note) -> None:
    while True:
        text = await texts.get()
        note("sent", text=text)
        try:
            await connection.send(text)
        except ConnectionClosed:  # the receiving task gets the same error
            return
