"""Clients that break RFC 6455, or use all of it, on WSGI and ASGI servers behind both adapters."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from gateways.adapters.websocket.frames import CLOSE, CONTINUATION, PING, PONG, TEXT, Event, encode
from tests.adapters.websocket.client import MASK, Client
from tests.real.serving import Running, eventually, serve
from tests.real.test_websockets_wsgi_on_asgi import FLASK, SERVERS
from tests.real.websocket_checks import asking, connected, get
from tests.real.websocket_servers import serving

ASGI_ON_WSGI = ("gunicorn sync", "gunicorn gthread", "gunicorn gevent", "waitress", "cheroot", "uWSGI")
REASON = "é" * 61 + "x"  # 123 bytes
WSGI_ON_ASGI = ("uvicorn, websockets", "uvicorn, wsproto")


@pytest.fixture(scope="module", params=[*ASGI_ON_WSGI, *WSGI_ON_ASGI])
def server(request: pytest.FixtureRequest) -> Iterator[Running]:
    if request.param in ASGI_ON_WSGI:
        with serving(request.param) as running:
            yield running
    else:
        program, *options = SERVERS[request.param]
        with serve(FLASK, program, *options) as running:
            yield running


@pytest.fixture(scope="module", params=ASGI_ON_WSGI)
def ours(request: pytest.FixtureRequest) -> Iterator[Running]:
    """A server on which the adapter itself reads the frames."""
    with serving(request.param) as running:
        yield running


def works(server: Running) -> None:
    with connected(server, "/echo") as client:
        client.send("still here")
        assert client.message() == "still here"


def test_control_frames_between_fragments_get_an_immediate_response(server: Running) -> None:
    with connected(server, "/echo") as client:
        client.frame(TEXT, b"one ", last=False)
        client.frame(PING, b"1")
        assert client.event() == Event(PONG, b"1")
        client.frame(CONTINUATION, b"two ", last=False)
        client.frame(PONG, b"unasked")
        client.frame(PING, b"")
        assert client.event() == Event(PONG, b"")
        client.frame(CONTINUATION, b"three")
        assert client.message() == "one two three"


def test_a_flood_of_pings_of_a_client_that_does_not_read_does_no_harm(server: Running) -> None:
    with connected(server, "/echo") as client:
        flood = encode(PING, b"p" * 125, MASK) * 500
        client.sock.settimeout(2)
        sent = 0
        try:
            for _ in range(100):
                client.sock.sendall(flood)
                sent += 1
        except TimeoutError:
            return  # the server stops reading a client that does not read
        assert sent == 100
        client.sock.settimeout(20)
        client.send("after the flood")
        assert client.message() == "after the flood"
    works(server)


def test_a_megabyte_in_a_thousand_fragments_is_one_message(server: Running) -> None:
    with connected(server, "/echo") as client:
        client.frame(TEXT, b"a" * 1024, last=False)
        for _ in range(1022):
            client.frame(CONTINUATION, b"b" * 1024, last=False)
        client.frame(CONTINUATION, b"c" * 1024)
        message = client.message()
        assert isinstance(message, str)
        assert (len(message), message[0], message[-1]) == (1024 * 1024, "a", "c")


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([(0x81, b"\xff\xfe")], 1007),
        ([(0x01, b"caf\xc3"), (0x80, b"\x28")], 1007),
        ([(0xC1, b"rsv1")], 1002),
        ([(0x83, b"reserved")], 1002),
        ([(0x8B, b"reserved")], 1002),
        ([(0x09, b"a ping in fragments")], 1002),
        ([(0x80, b"nothing to continue")], 1002),
        ([(0x01, b"first"), (0x81, b"second")], 1002),
        ([(0x88, b"\x03")], 1002),
        ([(0x88, b"\x03\xec")], 1002),  # 1004
        ([(0x88, b"\x03\xed")], 1002),  # 1005
        ([(0x88, b"\x03\xe8\xff")], 1007),
        ([(0x88, b"\x27\x10")], 1002),  # 10000
    ],
)
def test_a_client_that_violates_the_protocol_gets_the_right_code(
    ours: Running, frames: list[tuple[int, bytes]], code: int
) -> None:
    with connected(ours, "/echo") as client:
        for first, data in frames:
            frame = bytearray(encode(TEXT, data, MASK))
            frame[0] = first
            client.sock.sendall(bytes(frame))
        assert client.closed()[0] == code
        assert client.ended()
    works(ours)


def test_a_frame_without_a_mask_is_refused(ours: Running) -> None:
    with connected(ours, "/echo") as client:
        client.sock.sendall(encode(TEXT, b"no mask"))
        assert client.closed()[0] == 1002


def test_a_length_beyond_the_limit_is_refused_before_its_data(ours: Running) -> None:
    with connected(ours, "/echo") as client:
        client.sock.sendall(b"\x82\xff" + (1 << 40).to_bytes(8, "big") + MASK)
        assert client.closed()[0] == 1009


def test_a_reason_of_123_bytes_arrives(server: Running) -> None:
    with connected(server, "/close-long") as client:
        assert client.closed() == (4123, REASON)
        client.close(4123)
        assert client.ended()
    with connected(server, "/echo") as client:
        client.close(4124, REASON)
        assert client.closed()[0] in (4124, 1000, 1005)
    eventually(lambda: [4124, REASON] in get(server, "/noted"), "the app has the reason")


def test_both_sides_may_close_at_the_same_time(server: Running) -> None:
    for _ in range(20):
        with connected(server, "/close") as client:
            client.close(1000, "me too")
            codes = []
            while (event := client.event()) is not None:
                if event.kind == CLOSE:
                    codes.append(event.code)
            assert len(codes) == 1
    works(server)


def test_a_close_during_a_flood_ends_it(server: Running) -> None:
    with connected(server, "/flood") as client:
        client.message()
        client.close(1001, "enough")
        while client.event() is not None:
            continue
    works(server)


@pytest.mark.parametrize("reset", [False, True])
def test_a_connection_that_ends_within_a_frame_does_no_harm(server: Running, reset: bool) -> None:
    with connected(server, "/echo") as client:
        client.sock.sendall(encode(TEXT, b"x" * 1000, MASK)[:500])
        if reset:
            client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            client.sock.close()
        else:
            client.sock.shutdown(socket.SHUT_WR)
            while client.event() is not None:
                continue
    works(server)


def test_a_frame_may_arrive_byte_by_byte(server: Running) -> None:
    with connected(server, "/echo") as client:
        client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in encode(TEXT, b"slowly", MASK):
            client.sock.sendall(bytes((byte,)))
            time.sleep(0.002)
        assert client.message() == "slowly"


def test_compression_that_is_offered_is_declined_or_used_as_agreed(server: Running) -> None:
    from websockets.sync.client import connect

    with connect(f"ws://{server.host}:{server.port}/echo", compression="deflate", proxy=None) as websocket:
        websocket.send("a" * 10_000)
        assert websocket.recv(20) == "a" * 10_000


def test_a_hundred_connections_are_opened_and_closed(server: Running) -> None:
    for number in range(100):
        with connected(server, "/echo") as client:
            client.send(f"{number}")
            assert client.message() == f"{number}"
            if number % 2:
                client.close(1000)
                assert client.closed()[0] == 1000
    works(server)


@pytest.mark.parametrize(
    ("handshake", "statuses"),
    [
        (b"GET /echo HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n", {"400"}),
        (
            (
                b"GET /echo HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 8\r\n"
                b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            ),
            {"426", "400"},
        ),
        (
            (
                b"GET /echo HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                b"Sec-WebSocket-Key: short\r\n"
            ),
            {"400"},
        ),
    ],
)
def test_an_invalid_handshake_is_refused(ours: Running, handshake: bytes, statuses: set[str]) -> None:
    with socket.create_connection((ours.host, ours.port), timeout=20) as sock:
        sock.sendall(handshake + b"Host: x\r\n\r\n")
        client = Client(sock)
        assert client.head()[0].split(" ")[1] in statuses


def test_the_cookies_of_accept_are_received(ours: Running) -> None:
    with asking(ours, "/cookies") as client:
        head = [line.lower() for line in client.head()]
        assert head.count("set-cookie: a=1; path=/") == head.count("set-cookie: b=2; httponly") == 1
