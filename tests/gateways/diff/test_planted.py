"""Planted differences between the responses of two servers in this process. Exactly these differences are reported."""

import gzip
import itertools
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from email.utils import formatdate

import pytest

from gateways.diff.plan import Plan
from gateways.diff.result import Difference
from gateways.diff.run import run
from gateways.diff.side import Site
from gateways.requests.request import Request
from gateways.requests.traffic import Traffic

Octets = bytes | float
"""A part of a response; a number is a pause in seconds."""

Respond = Callable[[str, int], Sequence[Octets]]
"""The response to a target; the number counts the requests that the server has had."""


@contextmanager
def serving(respond: Respond, *, keeps_open: bool = True) -> Iterator[Site]:
    """A server that sends exactly these octets, and keeps a connection open unless the response says otherwise."""
    numbers = itertools.count()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    client = listening.accept()[0]
                except OSError:
                    return
                with client:
                    while head := _head(client):
                        sent = respond(head.split(b" ")[1].decode(), next(numbers))
                        _send(client, sent)
                        text = b"".join(each for each in sent if isinstance(each, bytes)).lower()
                        if b"connection: close" in text or not keeps_open:
                            break

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield Site(f"http://127.0.0.1:{listening.getsockname()[1]}")
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def _head(client: socket.socket) -> bytes:
    read = b""
    while b"\r\n\r\n" not in read:
        octets = client.recv(1 << 16)
        if not octets:
            return b""
        read += octets
    return read


def _send(client: socket.socket, pieces: Sequence[Octets]) -> None:
    for piece in pieces:
        if isinstance(piece, float):
            time.sleep(piece)
        else:
            client.sendall(piece)


@pytest.fixture(autouse=True)
def _(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pause between rounds is needed, because each response has a later date than the response before."""
    monkeypatch.setattr("gateways.diff.run.APART", 0.0)


CLOCK = itertools.count(1_796_000_000)


def date() -> str:
    return formatdate(next(CLOCK), usegmt=True)


HEADERS = ("Content-Type: text/html; charset=utf-8", "X-Frame-Options: DENY", "Vary: Cookie")
FRAMES = "X-Frame-Options: DENY\r\n"
ROWS = b"row" * 4
SAME = b"same" * 50
COOKIE = "Set-Cookie: session=s3cret-0123456789; HttpOnly; SameSite=Lax; Path=/"
PAGE = b"<html><body><p>Hello</p><input name='csrf' value='%s'></body></html>\n"


def response(
    body: bytes, *, headers: Sequence[str] = (*HEADERS, COOKIE), status: str = "200 OK", length: bool = True
) -> bytes:
    framing = f"Content-Length: {len(body)}" if length else "Transfer-Encoding: chunked"
    content = body if length else b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Date: {date()}", *headers, framing])
    return f"{head}\r\n\r\n".encode() + content


def page(number: int) -> bytes:
    """A page with a token that differs each time."""
    return PAGE % f"token{number:020}".encode()


def old(target: str, number: int) -> list[Octets]:
    if target == "/stream":
        head = f"HTTP/1.1 200 OK\r\nDate: {date()}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        chunks: list[Octets] = [b"3\r\nrow\r\n", 0.08] * 4
        return [head, *chunks, b"0\r\n\r\n"]
    if target == "/moved":
        return [response(b"", headers=("Location: /there",), status="302 Found")]
    if target == "/zipped":
        return [response(gzip.compress(SAME), headers=("Content-Encoding: gzip", *HEADERS, COOKIE))]
    return [response(page(number))]


def planted(where: str, how: Callable[[int], Sequence[Octets]]) -> Respond:
    return lambda target, number: how(number) if target == where else old(target, number)


def edited(before: str, after: str, where: str = "/") -> Respond:
    """The same octets, with a different text in the responses of one target."""

    def how(number: int) -> list[Octets]:
        return [
            each.replace(before.encode(), after.encode()) if isinstance(each, bytes) else each
            for each in old(where, number)
        ]

    return planted(where, how)


def differing(
    new: Respond, requests: Sequence[str] = ("/", "/stream", "/moved", "/zipped", "/last")
) -> list[Difference]:
    with serving(old) as first, serving(new) as second:
        result = run(Plan(first, second, Traffic(tuple(Request("GET", target) for target in requests))))
    assert len(result.asked) == len(requests)
    return list(result.differences)


@pytest.mark.parametrize(
    ("new", "facet", "before", "after"),
    [
        (edited(FRAMES, ""), "header:x-frame-options", "DENY", "(absent)"),
        (edited(FRAMES, FRAMES * 2), "header:x-frame-options", "1 × DENY", "2 × DENY"),
        (edited("; SameSite=Lax", ""), "cookie:session;samesite", "Lax", "(absent)"),
        (edited("Path=/\r\n", "Path=/; Secure\r\n"), "cookie:session;secure", "(absent)", "set"),
        (edited("charset=utf-8", "charset=latin-1"), "header:content-type", "utf-8", "latin-1"),
        (edited("Path=/", "Path=/; Max-Age=60"), "cookie:session;max-age", "(absent)", "60"),
        (edited("SameSite=Lax", "SameSite=None"), "cookie:session;samesite", "Lax", "None"),
        (edited(FRAMES, f"{FRAMES}X-Empty: \r\n"), "header:x-empty", "(absent)", ""),
        (edited(FRAMES, f"{FRAMES}X-Frame-Options: SAMEORIGIN\r\n"), "header:x-frame-options", "DENY", "DENY, S"),
        (edited("302 Found", "303 See Other", "/moved"), "status", "302 Found", "303 See Other"),
        (edited("/there", "http://localhost/there", "/moved"), "header:location", "/there", "http://localhost/there"),
        (edited("<p>Hello", "<p>Hullo"), "body:/html/body/p/text()", "Hello", "Hullo"),
        (edited("name='csrf'", "name='cssf'"), "body:/html/body/input/@name", "csrf", "cssf"),
        (edited("200 OK", "404 Not Found", "/last"), "status", "200 OK", "404 Not Found"),
        (planted("/", lambda number: [response(page(number)[:-1])]), "body", "\\n", "(absent)"),
        (planted("/", lambda number: [response(page(number), length=False)]), "framing", "Content-Length", "chunked"),
        (planted("/stream", lambda _: [0.3, response(ROWS, headers=(), length=False)]), "stream", "blocks", "1 block"),
        (planted("/last", lambda number: [2.0, response(page(number))]), "time", "first octet", "after 2"),
        (planted("/zipped", lambda _: [response(SAME)]), "header:content-encoding", "gzip", "(absent)"),
    ],
)  # fmt: skip
def test_a_planted_difference_is_reported_with_its_facet(new: Respond, facet: str, before: str, after: str) -> None:
    found = [each.found for each in differing(new) if each.is_counted]
    assert [each.facet for each in found] == [facet]
    assert before in found[0].old
    assert after in found[0].new


@pytest.mark.parametrize("is_lost", [True, False])
def test_a_lost_or_new_header_whose_values_vary_is_one_difference(is_lost: bool) -> None:
    def without(target: str, number: int) -> list[Octets]:
        return [re.sub(rb"Date: .*\r\n", b"", each) for each in old(target, number) if isinstance(each, bytes)]

    sides = (old, without) if is_lost else (without, old)
    with serving(sides[0]) as first, serving(sides[1]) as second:
        result = run(Plan(first, second, Traffic((Request("GET", "/"), Request("GET", "/last")))))
    (found,) = result.counted
    words = ("a different value in each response", "(absent)")
    assert (found.found.old, found.found.new) == (words if is_lost else words[::-1])
    assert (found.found.facet, found.requests) == ("header:date", (0, 1))


def test_a_repeated_date_header_is_one_difference_with_any_dates() -> None:
    def twice(target: str, number: int) -> list[Octets]:
        head, *rest = old(target, number)
        assert isinstance(head, bytes)
        return [re.sub(rb"(Date: .*\r\n)", rb"\1\1", head), *rest]

    (found,) = (each for each in differing(twice, ("/", "/last")) if each.is_counted)
    assert (found.found.facet, found.found.old, found.found.new) == ("header:date", "1 ×", "2 ×")
    assert found.known is not None
    assert "occurs twice" in found.known.says


def test_a_cookie_that_is_not_set_the_second_time_is_reported_in_the_second_request() -> None:
    counts: dict[str, int] = {}

    def new(target: str, number: int) -> list[Octets]:
        counts[target] = counts.get(target, 0) + 1
        return old(target, number) if counts[target] % 2 else [response(page(number), headers=HEADERS)]

    (found,) = (each for each in differing(new, ("/", "/")) if each.is_counted)
    assert (found.found.facet, found.found.new, found.requests) == ("cookie:session", "(absent)", (1,))


@pytest.mark.parametrize(
    ("new", "facet"),
    [
        (edited("X-Frame-Options: DENY\r\nVary: Cookie", "Vary: Cookie\r\nX-Frame-Options: DENY"), "header-order"),
        (edited("Vary:", "VARY:"), "header-case"),
        (edited("Vary: Cookie\r\n", "Vary: Cookie\r\nConnection: close\r\n"), "keep-alive"),
    ],
)
def test_differences_that_no_client_may_depend_on_are_reported_and_not_counted(new: Respond, facet: str) -> None:
    found = differing(new)
    assert [each for each in found if each.is_counted] == []
    assert facet in {each.found.facet for each in found}


def test_a_server_that_closes_connections_unannounced_has_no_keep_alive() -> None:
    with serving(old) as first, serving(old, keeps_open=False) as second:
        result = run(Plan(first, second, Traffic((Request("GET", "/"), Request("GET", "/moved")))))
    (found,) = (each for each in result.differences if each.found.facet == "keep-alive")
    assert (found.found.old, found.found.new) == ("kept open", "closed")


def test_one_failure_in_two_hundred_requests_is_reported() -> None:
    def new(target: str, number: int) -> list[Octets]:
        return [response(b"failed", status="500 Oops")] if target == "/136" else old(target, number)

    found = differing(new, [f"/{number}" for number in range(200)])
    assert [(each.found.facet, each.found.new, each.requests) for each in found] == [("status", "500 Oops", (136,))]


def test_the_old_server_has_no_difference_to_itself_in_ten_runs() -> None:
    with serving(old) as first, serving(old) as second:
        for _ in range(10):
            traffic = Traffic(tuple(Request("GET", target) for target in ("/", "/moved", "/zipped", "/last")))
            assert run(Plan(first, second, traffic, strict=True)).differences == ()
