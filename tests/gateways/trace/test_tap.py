"""The tap and the client, over real sockets: all data arrives, and is stored with its time."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from gateways.trace import tap as tapping
from gateways.trace.client import Request, ask
from gateways.trace.tap import Tap

PATIENCE = 10.0
Answer = Callable[[socket.socket], None]


@contextmanager
def server(answer: Answer) -> Iterator[tuple[str, int]]:
    """Serve one connection."""

    def serve() -> None:
        try:
            connection, _ = listener.accept()
        except OSError:  # the block has failed before a client connected
            return
        with connection:
            connection.settimeout(PATIENCE)
            answer(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()
        finally:
            listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
            thread.join(PATIENCE)


def head_of(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(1000)
    return data


def answering(*pieces: bytes) -> Answer:
    def answer(connection: socket.socket) -> None:
        head_of(connection)
        for piece in pieces:
            connection.sendall(piece)

    return answer


def test_a_response_may_take_longer_than_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tapping, "CONNECT_SECONDS", 0.1)

    def answer(connection: socket.socket) -> None:
        time.sleep(0.5)
        connection.sendall(b"late")

    with server(answer) as address, Tap(address) as tap, socket.create_connection(tap.address, PATIENCE) as client:
        assert client.recv(100) == b"late"


def test_data_is_recorded_with_its_time_and_direction() -> None:
    def answer(connection: socket.socket) -> None:
        assert connection.recv(100) == b"ask"
        connection.sendall(b"told")
        assert connection.recv(100) == b""  # the client has closed only its sending side
        connection.sendall(b"more")

    began = time.perf_counter()
    with server(answer) as address, Tap(address) as tap, socket.create_connection(tap.address, PATIENCE) as client:
        client.sendall(b"ask")
        assert client.recv(100) == b"told"
        client.shutdown(socket.SHUT_WR)
        assert client.recv(100) == b"more"
        assert client.recv(100) == b""
        pieces = tap.pieces()
    assert [(piece.way, piece.data) for piece in pieces] == [
        ("in", b"ask"),
        ("out", b"told"),
        ("in", b""),
        ("out", b"more"),
        ("out", b""),
    ]
    times = [piece.at for piece in pieces]
    assert times == sorted(times)
    assert began < times[0] <= times[-1] < time.perf_counter()


def test_an_unused_tap_can_be_closed() -> None:
    before = set(threading.enumerate())
    with Tap(("127.0.0.1", 1)):
        pass
    assert set(threading.enumerate()) <= before


def test_a_server_that_has_exited_ends_the_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
    with Tap(address) as tap, socket.create_connection(tap.address, PATIENCE) as client:
        assert client.recv(100) == b""
        assert tap.pieces() == []


def test_above_the_limit_the_connection_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tapping, "MAX_BYTES", 100_000)

    ended: list[OSError] = []

    def answer(connection: socket.socket) -> None:
        try:
            while True:
                connection.sendall(b"x" * 10_000)
        except OSError as error:
            ended.append(error)

    with server(answer) as address, Tap(address) as tap, socket.create_connection(tap.address, PATIENCE) as client:
        while client.recv(100_000):
            pass
        assert tap.full
    assert isinstance(ended[0], ConnectionError)


@pytest.mark.parametrize(
    ("pieces", "said"),
    [
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab",), None),
        ((b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", b"0\r\n\r\n"), None),
        ((b"HTTP/1.0 200 OK\r\n\r\n", b"ab"), None),
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",), "the connection ended in the middle of the response"),
        (
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",),
            "the connection ended in the middle of the response",
        ),
        ((), "Remote end closed connection without response"),
        ((b"nonsense\r\n\r\n",), "nonsense\r\n"),
    ],
)
def test_the_client_reports_the_problem(pieces: tuple[bytes, ...], said: str | None) -> None:
    with server(answering(*pieces)) as address:
        assert ask(address, Request("GET", "/"), PATIENCE) == said


def test_the_client_has_a_time_limit() -> None:
    over = threading.Event()

    def answer(connection: socket.socket) -> None:
        head_of(connection)
        over.wait(PATIENCE)

    with server(answer) as address:
        assert ask(address, Request("GET", "/"), 0.2) == "no complete response within 0.2 seconds"
        over.set()


def test_the_client_sends_the_given_request() -> None:
    heads: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        data = head_of(connection)
        while not data.endswith(b"body"):
            data += connection.recv(1000)
        heads.append(data)
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    headers = (("Host", "example.org"), ("X-A", "b"), ("Accept", "text/html"))
    with server(answer) as address:
        assert ask(address, Request("POST", "/a?b", headers, b"body"), PATIENCE) is None
    (head,) = heads
    assert head == (
        b"POST /a?b HTTP/1.1\r\nContent-Length: 4\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        b"Host: example.org\r\nX-A: b\r\nAccept: text/html\r\n\r\nbody"
    )
