"""The checks of WebSockets on each server, as a table: the tests run it, and docs/websocket.md shows it.

Knows the routes of apps/websocket_fastapi.py and websocket_flask.py. It must not know adapters or servers.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from gateways.adapters.websocket.frames import CONTINUATION, PING, PONG, TEXT, Event, encode_message
from tests.adapters.websocket.client import MASK, Client
from tests.real.serving import Running, eventually

EARLY = "bytes sent before the 101"
FLOOD = 320 * 64 * 1024  # bytes that /flood sends


@contextlib.contextmanager
def asking(server: Running, path: str, *headers: str, early: bytes = b"") -> Iterator[Client]:
    """A client that has sent its handshake."""
    with socket.create_connection((server.host, server.port), timeout=20) as sock:
        client = Client(sock)
        client.ask(path, f"{server.host}:{server.port}", *headers, early=early)
        yield client


@contextlib.contextmanager
def connected(server: Running, path: str, *headers: str) -> Iterator[Client]:
    """A client whose WebSocket is open."""
    with asking(server, path, *headers) as client:
        client.accepted()
        yield client


def get(server: Running, path: str) -> Any:
    """The JSON of an HTTP response."""
    return httpx.get(server.url + path, trust_env=False, timeout=20).raise_for_status().json()


def text_and_bytes(server: Running) -> None:
    with connected(server, "/echo") as client:
        for message in ("text", b"bytes", "", "é" * 1000, bytes(range(256)) * 100):
            client.send(message)
            assert client.message() == message


def three_megabytes(server: Running) -> None:
    message = bytes(range(256)) * 12_000
    with connected(server, "/echo") as client:
        client.send(message)
        assert client.message() == message


def fragments(server: Running) -> None:
    with connected(server, "/echo") as client:
        client.frame(TEXT, b"caf\xc3", last=False)
        client.frame(CONTINUATION, b"\xa9", last=False)
        client.frame(CONTINUATION, b"s")
        assert client.message() == "cafés"


def subprotocol(server: Running) -> None:
    with asking(server, "/subprotocol", "Sec-WebSocket-Protocol: chat.v1, chat.v2") as client:
        headers = client.accepted()
        assert headers["sec-websocket-protocol"] == "chat.v2"
        assert headers.get("x-room", "7") == "7"  # simple-websocket has no way to add one
        assert client.message() == "ready"


def pings(server: Running) -> None:
    with connected(server, "/echo") as client:
        client.frame(PING, b"are you there?")
        assert client.event() == Event(PONG, b"are you there?")
        client.send("still")
        assert client.message() == "still"


def close_of_the_client(server: Running) -> None:
    with connected(server, "/echo") as client:
        client.close(4002, "gone home")
        assert client.closed()[0] in (4002, 1000, 1005)
        assert client.ended()
    eventually(lambda: [4002, "gone home"] in get(server, "/noted"), "the app has code and reason")


def close_of_the_app(server: Running) -> None:
    with connected(server, "/close") as client:
        assert client.message() == "last"
        assert client.closed() == (4321, "enough")
        client.close(4321)
        assert client.ended()


def denial(server: Running) -> None:
    with asking(server, "/deny") as client:
        head = client.head()
        assert head[0].split(" ")[1] == "403"
        assert "x-why: rules" in [line.lower() for line in head]
        body = client.rest
        while len(body) < len("not you"):
            data = client.sock.recv(1000)
            assert data
            body += data
        assert body == b"not you"


def error_before_accept(server: Running) -> None:
    with asking(server, "/fail-before") as client:
        assert client.status() == "500"


def error_after_accept(server: Running) -> None:
    with connected(server, "/fail-after") as client:
        assert client.closed()[0] == 1011


def broadcast(server: Running) -> None:
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(connected(server, "/room")) for _ in range(5)]
        for client in clients:
            assert client.message() == "welcome"
        clients[2].send("to all")
        assert [client.message() for client in clients] == ["to all"] * 5


def client_that_is_lost(server: Running) -> None:
    def seen() -> int:
        return sum(code in (1005, 1006, "left") for code, _ in get(server, "/noted"))

    before = seen()
    with connected(server, "/echo") as client:
        client.send("x")
        assert client.message() == "x"
    eventually(lambda: seen() > before, "the app has noticed")


def slow_reader(server: Running) -> None:
    with connected(server, "/flood") as client:
        received = 0
        time.sleep(0.3)  # it does not read at first, then slowly
        while received < FLOOD:
            message = client.message()
            assert isinstance(message, bytes)
            received += len(message)
        assert client.closed()[0] in (1000, 1005)


def twenty_beside_http(server: Running) -> None:
    with contextlib.ExitStack() as stack, ThreadPoolExecutor(8) as pool:
        clients = [stack.enter_context(connected(server, "/echo")) for _ in range(20)]
        answers = [pool.submit(get, server, "/noted") for _ in range(20)]
        for number, client in enumerate(clients):
            client.send(f"token {number}")
        assert [client.message() for client in clients] == [f"token {number}" for number in range(20)]
        assert all(isinstance(answer.result(20), list) for answer in answers)


def early_bytes(server: Running) -> None:
    with asking(server, "/echo", early=encode_message("early", MASK)) as client:
        client.accepted()
        assert client.message() == "early"


CHECKS: Mapping[str, Callable[[Running], None]] = {
    "text and bytes": text_and_bytes,
    "messages of 3 MB": three_megabytes,
    "fragments": fragments,
    "subprotocol": subprotocol,
    "pings are answered": pings,
    "the client's close code and reason": close_of_the_client,
    "the app's close code and reason": close_of_the_app,
    "denial with its own response": denial,
    "error before accept is a 500": error_before_accept,
    "error after accept is 1011": error_after_accept,
    "broadcast": broadcast,
    "a lost client is noticed": client_that_is_lost,
    "slow reader of 20 MB": slow_reader,
    "20 sockets beside HTTP": twenty_beside_http,
    EARLY: early_bytes,
}
