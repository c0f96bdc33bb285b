"""A request of the page's server, against servers with scripted responses."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from gateways.demo.actions import Generated
from gateways.demo.client import Request, ask

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Notes = list[tuple[str, dict[str, Any]]]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"


def asked(answer: Answer, request: Request) -> Notes:
    """Return the notes of a request to a server with that response."""

    async def main() -> Notes:
        notes: Notes = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await answer(reader, writer)
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            address = server.sockets[0].getsockname()
            await asyncio.wait_for(ask(address, request, lambda what, **values: notes.append((what, values))), 20)
        return notes

    return asyncio.run(main())


def test_events_are_recorded_in_order() -> None:
    heads: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(
            b"HTTP/1.1 200 OK\r\nX-Y: z\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"
        )

    notes = asked(answer, Request("GET", "/hello?name=%C3%A9"))
    assert [what for what, _ in notes] == ["asked", "head", "block", "block", "end"]
    assert (notes[1][1]["status"], notes[1][1]["headers"][0]) == (200, ["x-y", "z"])
    assert [values["text"] for what, values in notes if what == "block"] == ["one", "two"]
    (head,) = heads
    assert head.startswith(b"GET /hello?name=%C3%A9 HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"\r\nConnection: close\r\n" in head
    assert b"origin" not in head.lower()


def test_a_body_is_sent_completely_and_its_progress_is_recorded() -> None:
    length = 3_000_000
    read: list[int] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        read.append(len(await reader.readexactly(length)))
        writer.write(OK + b"whole")

    notes = asked(answer, Request("POST", "/upload", Generated(length, bytes(65536))))
    assert read == [length]
    assert [values["size"] for what, values in notes if what == "sent"][-1] == length
    assert notes[-1] == ("end", {})


def test_a_response_before_the_end_of_the_request_is_accepted() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK.replace(b"200 OK", b"413 Too Large") + b"large")
        await writer.drain()

    notes = asked(answer, Request("POST", "/upload", Generated(100_000_000, bytes(65536))))
    assert [(what, values.get("status")) for what, values in notes if what in ("head", "end")] == [
        ("head", 413),
        ("end", None),
    ]


def test_an_incomplete_response_is_a_failure() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK + b"who")

    notes = asked(answer, Request("GET", "/"))
    assert [what for what, _ in notes] == ["asked", "head", "block", "failed"]
    assert notes[-1][1]["why"].startswith("the response is incomplete: ")


def test_a_refused_connection_is_a_failure() -> None:
    async def main() -> Notes:
        notes: Notes = []
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        address = server.sockets[0].getsockname()
        server.close()
        await server.wait_closed()
        await ask(address, Request("GET", "/"), lambda what, **values: notes.append((what, values)))
        return notes

    ((what, values),) = asyncio.run(main())
    assert what == "failed"
    assert values["why"]
