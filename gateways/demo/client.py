"""Send one request to a server and note each event with its time.

Knows asyncio and h11. The page does not send requests itself, because a browser opens at most six connections to a
server, merges blocks that arrive together, and adds a dozen headers.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import h11

Note = Callable[..., object]
"""Records an event at the current time. The call is note(what, **values)."""

BLOCK = 64 * 1024
SHOWN = 2000
"""Maximum number of characters of a block that are recorded."""

EVERY = 0.03
"""Interval between notes of upload progress, in seconds."""

LIMIT = 60.0
"""Timeout for a whole request, in seconds."""


class Body(Protocol):
    """A request body. Several clients may read it concurrently."""

    @property
    def length(self) -> int: ...

    def block(self, start: int) -> bytes:
        """Return a block of bytes from `start`."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request. `target` is the quoted path and query."""

    method: str
    target: str
    body: Body | None = None


async def ask(address: tuple[str, int], request: Request, note: Note) -> None:
    """Send the request, and note these events: `asked`, `sent`, `head`, each `block`, and finally `end` or `failed`."""
    try:
        async with asyncio.timeout(LIMIT):
            reader, writer = await asyncio.open_connection(*address)
            try:
                note("asked", port=writer.get_extra_info("sockname")[1])
                await _exchange(address, request, reader, writer, note)
            finally:
                writer.transport.abort()
    except TimeoutError:
        note("failed", why=f"no complete response within {LIMIT:.0f} seconds")
    except h11.RemoteProtocolError as error:
        note("failed", why=f"the response is incomplete: {error}")
    except OSError as error:
        note("failed", why=error.strerror or str(error) or type(error).__name__)


async def _exchange(
    address: tuple[str, int], request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, note: Note
) -> None:
    connection = h11.Connection(h11.CLIENT)
    sending = asyncio.create_task(_send(connection, _head(address, request), request.body, writer, note))
    try:
        await _receive(connection, reader, note)
    finally:
        sending.cancel()  # a response may arrive before the body is sent
        with suppress(asyncio.CancelledError, OSError):
            await sending


def _head(address: tuple[str, int], request: Request) -> h11.Request:
    host, port = address
    host = f"[{host}]" if ":" in host else host
    headers = [("Host", f"{host}:{port}"), ("User-Agent", "gateways-demo"), ("Accept", "*/*"), ("Connection", "close")]
    if request.body is not None:
        headers += [("Content-Type", "application/octet-stream"), ("Content-Length", str(request.body.length))]
    return h11.Request(method=request.method, target=request.target, headers=headers)


async def _send(
    connection: h11.Connection, head: h11.Request, body: Body | None, writer: asyncio.StreamWriter, note: Note
) -> None:
    writer.write(connection.send(head) or b"")
    if body is not None:
        sent, noted = 0, time.monotonic()
        while sent < body.length:
            block = body.block(sent)
            writer.write(connection.send(h11.Data(data=block)) or b"")
            await writer.drain()
            sent += len(block)
            await asyncio.sleep(0)  # a server with large buffers must not delay the other clients
            if sent == body.length or time.monotonic() - noted > EVERY:
                noted = time.monotonic()
                note("sent", size=sent)
    writer.write(connection.send(h11.EndOfMessage()) or b"")
    await writer.drain()


async def _receive(connection: h11.Connection, reader: asyncio.StreamReader, note: Note) -> None:
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(BLOCK))
        elif isinstance(event, h11.Response):
            headers = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in event.headers]
            note("head", status=event.status_code, reason=event.reason.decode("latin-1"), headers=headers)
        elif isinstance(event, h11.Data):
            note("block", size=len(event.data), text=bytes(event.data).decode(errors="replace")[:SHOWN])
        elif isinstance(event, h11.EndOfMessage):
            note("end")
            return
