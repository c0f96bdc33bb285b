"""A WebSocket chat: a handshake in every lane, and messages in the lane that accepts it.

Knows websockets as a client. It must not know how events reach the page.
"""

import asyncio

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
    """Open a WebSocket to each server and send `texts` on those that accept it, until cancelled.

    Notes: asked, then open, or refused (status, reason, text); sent and said (text); closed or failed in the end.
    """
    async with asyncio.TaskGroup() as group:
        for address, note in lanes.items():
            group.create_task(_shake(address, texts, note))


async def _shake(address: tuple[str, int], texts: Texts, note: Note) -> None:
    try:
        # Connect directly: a proxy must not be used for this machine.
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
        if not text:  # the server refused it without calling the app, which can say why
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
