"""A read that waits for the client blocks nothing else: blocks are sent, and the server gets its connection back."""

from __future__ import annotations

import asyncio
import io
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from gateways.adapters.concurrency import spare_threads

from .apps import Journal, Receive, Scope, Send, body, read_all, respond, start
from .conftest import Bridge, LoopFactory
from .harness import Exchange, fetch
from .request import Environ, environ


@pytest.fixture
def client() -> Iterator[socket.socket]:
    """The client's end of a connection; `server_side` is the server's end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        one = socket.create_connection(listener.getsockname())
        other, _ = listener.accept()
    servers[one] = other
    with one, other:
        yield one
    del servers[one]


servers: dict[socket.socket, socket.socket] = {}


def post(client: socket.socket, length: int) -> Environ:
    """A request whose body has not been sent yet, as in socketserver's handlers."""
    connection = servers[client]
    return environ("POST", CONTENT_LENGTH=str(length), wsgi_input=connection.makefile("rb")) | {
        "werkzeug.socket": connection
    }


def refusing(journal: Journal) -> Any:
    """An app that reads in one task and refuses in another."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        reading = asyncio.ensure_future(read_all(receive))
        await asyncio.sleep(0.05)
        await respond(send, b"not you", status=401)
        journal.note((await reading)[1])

    return app


def test_a_complete_response_is_sent_while_a_read_is_pending(
    bridge: Bridge, loop_factory: LoopFactory, client: socket.socket, journal: Journal
) -> None:
    """ASGI HTTP: receive() and send() are independent; a client that stalls must still get its 401."""
    response = fetch(bridge(refusing(journal), loop_factory), post(client, 1000))
    assert (response.code, response.body) == (401, b"not you")
    journal.expect("http.disconnect")


def test_no_other_thread_reads_after_the_server_has_the_complete_response(
    bridge: Bridge, client: socket.socket, journal: Journal
) -> None:
    """PEP 3333: then wsgi.input belongs to the server again; another thread must not take its next bytes."""
    given = post(client, 1000)
    with Exchange(bridge(refusing(journal)), given) as exchange:
        exchange.call()
        client.sendall(b"GET /next HTTP/1.1\r\n")
        assert given["wsgi.input"].readline() == b"GET /next HTTP/1.1\r\n"


def test_blocks_of_a_stream_are_sent_while_a_read_is_pending(
    bridge: Bridge, client: socket.socket, journal: Journal
) -> None:
    """ASGI HTTP: the two directions do not wait for each other."""

    async def talks(scope: Scope, receive: Receive, send: Send) -> None:
        async def listen() -> None:
            more = True
            while more:
                event = await receive()
                journal.note(event.get("body"))
                more = event.get("more_body", False)

        listening = asyncio.ensure_future(listen())
        await send(start())
        for _ in range(3):
            await asyncio.sleep(0.02)
            await send(body(b"block", True))
        await listening
        await send(body(b"end"))

    with Exchange(bridge(talks), post(client, 10)) as exchange:
        exchange.call()
        while exchange.body != b"block" * 3:
            assert exchange.block() is not None
        client.sendall(b"12345")
        journal.expect(b"12345")
        client.sendall(b"67890")
        assert exchange.rest() == b"end"
        assert journal.entries == [b"12345", b"67890"]


def test_available_data_is_read_without_another_thread(
    bridge: Bridge, client: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ours: most bodies have arrived when the app reads them, perhaps in a buffer of the server."""

    def none(call: Any) -> None:
        raise AssertionError("a thread was started")

    monkeypatch.setattr(spare_threads, "run", none)
    given = post(client, 10)
    client.sendall(b"head\r\n12345")
    assert given["wsgi.input"].readline() == b"head\r\n"

    async def reads_twice(scope: Scope, receive: Receive, send: Send) -> None:
        first = (await receive())["body"]
        client.sendall(b"67890")
        await asyncio.sleep(0.05)
        await respond(send, first + b" " + (await receive())["body"])

    assert fetch(bridge(reads_twice), given).body == b"12345 67890"


def test_the_end_of_an_empty_body_is_read_on_the_servers_thread(bridge: Bridge) -> None:
    """Ours: with servers that mark each input as terminated (waitress), a GET needs no second thread switch."""
    asked: list[int] = []

    class Input(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            asked.append(1)
            return super().read(size)

    async def reads(scope: Scope, receive: Receive, send: Send) -> None:
        await respond(send, b"%d" % len(asked) + (await receive())["body"])

    given = environ(wsgi_input=Input()) | {"wsgi.input_terminated": True}
    assert fetch(bridge(reads), given).body == b"1"  # in the server's thread, before the loop has the request
