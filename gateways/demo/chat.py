"""A conversation over WebSocket: the handshake in every lane, and in the lane that takes it texts both ways.

Knows websockets as a client, and nothing of how the page is told.
"""

import asyncio

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from gateways.demo.client import Note, Request, ask
from gateways.serving.listen import connect as connected
from gateways.serving.listen import url

PATIENCE = 10.0
"""Seconds for a handshake."""

LONGEST = 10_000
"""Characters of a text."""

Texts = asyncio.Queue[str]


async def chat(lanes: dict[tuple[str, int], Note], texts: Texts) -> None:
    """Shake hands with each server, by its address, and say `texts` where that succeeds, until cancelled.

    Notes: asked, then open, or refused (status, reason, text); sent and said (text); closed or failed in the end.
    """
    async with asyncio.TaskGroup() as group:
        for address, note in lanes.items():
            group.create_task(_shake(address, texts, note))


async def _shake(address: tuple[str, int], texts: Texts, note: Note) -> None:
    try:
        # Connected here, so that no proxy is asked for what is on this machine.
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
        if not text:  # the server has refused it without asking the app, which can say why
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
