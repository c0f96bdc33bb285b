"""A response as seen on the socket: framing, blocks, cuts, and excess bytes."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gateways.diff.answer import Answer
from gateways.diff.ask import Address, ask, octets_of
from gateways.requests.request import Request

GET = Request("GET", "/")


@contextmanager
def server(
    *pieces: bytes, reset: bool = False, keep: bool = False, pause: float = 0.03
) -> Iterator[tuple[Address, list[bytes]]]:
    """A server that reads and stores one request, sends the pieces with pauses of that many seconds, and closes."""
    got: list[bytes] = []
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with listening.accept()[0] as client:
                got.append(client.recv(1 << 16))
                for number, piece in enumerate(pieces):
                    if number:
                        time.sleep(pause)
                    client.sendall(piece)
                if reset:
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
                if keep:
                    done.wait(10)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield Address(listening.getsockname(), "shop.example"), got
        finally:
            done.set()
            thread.join()


def asked(*pieces: bytes, request: Request = GET, **how: bool) -> Answer:
    with server(*pieces, **how) as (address, _):
        return ask(address, request, 5)


HEAD = b"HTTP/1.1 200 OK\r\n"


def test_headers_keep_their_case_and_order_and_repetition() -> None:
    answer = asked(HEAD + b"x-B: 1\r\nX-a: 2\r\nX-B: 3\r\nContent-Length: 0\r\n\r\n")
    assert answer.headers == (("x-B", "1"), ("X-a", "2"), ("X-B", "3"), ("Content-Length", "0"))
    assert (answer.status, answer.reason, answer.version, answer.problem) == (200, "OK", "HTTP/1.1", "")


@pytest.mark.parametrize(
    ("head", "body", "framing"),
    [
        (b"Content-Length: 5\r\n", b"hello", "length"),
        (b"Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n0\r\n\r\n", "chunked"),
        (b"", b"hello", "close"),
    ],
)
def test_the_framing_is_reported_and_removed_from_the_content(head: bytes, body: bytes, framing: str) -> None:
    answer = asked(HEAD + head + b"\r\n" + body)
    assert (answer.framing, answer.body.octets, answer.problem) == (framing, b"hello", "")


def test_blocks_are_separated_by_their_arrival_times() -> None:
    for pause in (0.03, 0.3, 3.0):  # on a busy machine, the client may read both blocks at once after a short pause
        with server(HEAD + b"Content-Length: 4\r\n\r\n", b"ab", b"cd", pause=pause) as (address, _):
            answer = ask(address, GET, 20)
        if len(answer.blocks) == 2:
            break
    assert [size for _, size in answer.blocks] == [2, 2]
    assert answer.blocks[1][0] > answer.blocks[0][0]
    assert answer.first <= answer.blocks[0][0] < answer.total  # the headers may arrive together with the first block


def test_interim_responses_and_trailers_are_reported() -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    answer = asked(hints + HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX-T: 1\r\n\r\n")
    assert (answer.interim, answer.trailers) == (((103, (("Link", "</a>"),)),), (("X-T", "1"),))


@pytest.mark.parametrize(
    ("pieces", "problem"),
    [
        ([], "the connection was closed without a response"),
        ([b"HTTP/1.1 200 O"], "the connection was closed in the middle of the response head"),
        ([HEAD + b"Content-Length: 5\r\n\r\nhel"], "the connection was closed in the middle of the response"),
        (
            [HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel"],
            "the connection was closed in the middle of the response",
        ),
        ([b"SSH-2.0-x\r\n\r\n"], "the response is malformed: illegal status line: bytearray(b'SSH-2.0-x')"),
    ],
)
def test_a_truncated_or_malformed_response_is_a_problem(pieces: list[bytes], problem: str) -> None:
    assert asked(*pieces).problem == problem


def test_a_reset_is_a_problem_and_received_data_is_kept() -> None:
    answer = asked(HEAD + b"Content-Length: 5\r\n\r\nhel", reset=True)
    assert answer.problem.startswith("the connection was")
    assert answer.status in (200, None)  # a reset may overtake data sent before


def test_a_refused_connection_and_a_silent_server_are_problems() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = Address(listening.getsockname(), "x")
        assert ask(address, GET, 0.2).problem == "no complete response within 0.2 seconds"
    assert ask(address, GET, 1).problem == "the connection was refused"


def test_a_host_without_an_address_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> socket.socket:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "create_connection", fail)
    problem = ask(Address(("no.example", 80), "no.example"), GET, 1).problem
    assert problem == "the host cannot be resolved (Name or service not known)"


def test_a_body_in_response_to_head_is_excess() -> None:
    answer = asked(HEAD + b"Content-Length: 5\r\n\r\nhello", request=Request("HEAD", "/"))
    assert (answer.framing, answer.excess, answer.body.length) == ("none", 5, 0)


def test_the_request_is_sent_as_recorded() -> None:
    request = Request("PUT", "/a?b", (("X-A", "1"), ("x-a", "\xe9")), b"body")
    with server(HEAD + b"Content-Length: 0\r\n\r\n") as (address, got):
        ask(address, request, 5)
    assert got[0] == octets_of(request, "shop.example") == (
        b"PUT /a?b HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: gateways-diff\r\nAccept: */*\r\nX-A: 1\r\n"
        b"x-a: \xe9\r\nContent-Length: 4\r\n\r\nbody"
    )  # fmt: skip


def test_a_chunked_body_is_sent_unchanged_and_the_host_is_not_repeated() -> None:
    request = Request("POST", "/", (("Host", "h"), ("Transfer-Encoding", "chunked")), b"1\r\na\r\n0\r\n\r\n")
    octets = octets_of(request, "other")
    assert b"Content-Length" not in octets
    assert octets.count(b"Host:") == 1


def test_a_response_that_begins_before_the_request_is_complete_is_read() -> None:
    answer = asked(HEAD + b"Content-Length: 2\r\n\r\nno", request=Request("POST", "/", (), b"x" * (8 << 20)), keep=True)
    assert (answer.status, answer.body.octets, answer.problem) == (200, b"no", "")
