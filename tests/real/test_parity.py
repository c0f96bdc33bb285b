"""The same bytes from CGI, WSGI and ASGI, on real servers, over sockets."""

import hashlib
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from gateways.asgi.app import ROUTES
from tests.gateways.cases import BAD, GOOD, Request, Response, post
from tests.real.client import ask, connected, responding
from tests.real.serving import ROOT, Running, eventually, serve

SIDES = {
    "cgi": (str(ROOT / "gateways" / "cgi" / "app.py"), "cgi"),
    "wsgi": ("gateways.wsgi.app:app", "waitress"),
    "asgi": ("gateways.asgi.app:app", "uvicorn"),
}
QUICK = {"/stream": "?delay=0", "/events": "?delay=0", "/sleep": "?seconds=0", "/background": "?seconds=0"}

BY_NATURE = {
    ("GET", "/inside"): "what an app is given is what the three differ in",
    ("HEAD", "/inside"): "and so does its length",
    ("POST", "/background"): "each job has a different name",
    ("GET", "/file"): "each app sends its own source",
    ("HEAD", "/file"): "and its length",
    ("GET", "/ws"): "ASGI has WebSockets, and tells the client to ask for one; WSGI and CGI have none",
    ("HEAD", "/ws"): "as GET",
}
"""Accepted differences between the three, with reasons. Everything else is compared."""


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Running]]:
    env = {**os.environ, "TMPDIR": str(tmp_path_factory.mktemp("jobs"))}  # where the CGI app stores its data
    with (
        serve(*SIDES["cgi"], env=env) as cgi,
        serve(*SIDES["wsgi"], env=env) as wsgi,
        serve(*SIDES["asgi"], env=env) as asgi,
    ):
        yield {"cgi": cgi, "wsgi": wsgi, "asgi": asgi}


each_side = pytest.mark.parametrize("side", SIDES)


@pytest.mark.parametrize(("request_", "response"), GOOD + BAD, ids=str)
def test_each_request_has_the_same_response(sides: dict[str, Running], request_: Request, response: Response) -> None:
    assert {name: ask(side, request_) for name, side in sides.items()} == dict.fromkeys(sides, response)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("path", ROUTES)
def test_each_route_and_method_is_the_same_with_documented_exceptions(
    sides: dict[str, Running], path: str, method: str
) -> None:
    request = Request(f"{path}{QUICK.get(path, '')}".encode(), method, b"hello" if method == "POST" else None)
    cgi, wsgi, asgi = (ask(side, request) for side in sides.values())
    if (method, path) not in BY_NATURE:
        assert cgi == wsgi == asgi
    elif path == "/ws":
        assert (cgi.status, wsgi.status, asgi.status) == (501, 501, 426)
    else:
        assert cgi.status == wsgi.status == asgi.status
        assert cgi.headers["content-type"] == wsgi.headers["content-type"] == asgi.headers["content-type"]
        assert not (cgi == wsgi == asgi), "it does not differ: take it out of BY_NATURE"


@pytest.mark.parametrize("path", ROUTES)
def test_a_response_to_head_has_the_headers_of_get_and_no_body(sides: dict[str, Running], path: str) -> None:
    for side in sides.values():
        get, head = (ask(side, Request(f"{path}{QUICK.get(path, '')}".encode(), method)) for method in ("GET", "HEAD"))
        assert head.body == b""
        assert head.status == get.status
        assert head.headers.keys() == get.headers.keys()
        if path != "/inside":  # which contains the method
            assert head.headers == get.headers


@each_side
@pytest.mark.parametrize(
    ("target", "first"),
    [(b"/stream?chunks=2&delay=10", b"chunk 1 of 2\n"), (b"/events?count=2&delay=10", b"data: event 1 of 2\n\n")],
)
def test_the_first_block_is_received_before_the_last_is_produced(
    sides: dict[str, Running], side: str, target: bytes, first: bytes
) -> None:
    with responding(sides[side], Request(target), timeout=9) as response:
        assert response.read1() == first


@each_side
def test_disconnected_clients_leave_no_work_behind(sides: dict[str, Running], side: str) -> None:
    for _ in range(8):  # as many as waitress has threads
        with responding(sides[side], Request(b"/stream?chunks=1000&delay=0.1")) as response:
            assert response.read1()
    assert ask(sides[side], Request(b"/hello")).body == b"Hello, world!\n"
    eventually(lambda: not programs(sides[side]), "no CGI program runs")


def programs(server: Running) -> list[psutil.Process]:
    """Return the running programs of this server."""
    return psutil.Process(server.process.pid).children(recursive=True)


def test_a_silent_program_ends_after_a_disconnect(sides: dict[str, Running]) -> None:
    with responding(sides["cgi"], Request(b"/stream?chunks=2&delay=10")) as response:
        assert response.read1()
        assert len(programs(sides["cgi"])) == 1
    eventually(lambda: not programs(sides["cgi"]), "the program is gone")


@pytest.mark.parametrize("side", ["cgi", "asgi"])  # waitress collects a body before it calls the app
def test_echo_sends_received_data_before_the_rest_arrives(sides: dict[str, Running], side: str) -> None:
    with socket.create_connection((sides[side].host, sides[side].port), timeout=10) as sock:
        sock.sendall(b"POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 6\r\nConnection: close\r\n\r\none")
        received = b""
        while b"one" not in received:
            received += sock.recv(4096)
        sock.sendall(b"two")
        while block := sock.recv(4096):
            received += block
    assert received.startswith(b"HTTP/1.1 200 OK\r\n")
    assert received.endswith(b"\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")


@each_side
def test_a_chunked_body_is_complete(sides: dict[str, Running], side: str) -> None:
    blocks = [bytes([number]) * 10_000 for number in range(30)]
    with connected(sides[side]) as connection:
        connection.request(
            "POST", "/upload", iter(blocks), encode_chunked=True, headers={"Transfer-Encoding": "chunked"}
        )
        report = json.loads(connection.getresponse().read())
    assert report == {"length": 300_000, "sha256": hashlib.sha256(b"".join(blocks)).hexdigest()}


@each_side
def test_a_large_body_is_complete(sides: dict[str, Running], side: str) -> None:
    body = bytes(range(256)) * 20_000
    report = json.loads(ask(sides[side], post(b"/upload", body)).body)
    assert report == {"length": len(body), "sha256": hashlib.sha256(body).hexdigest()}


def test_background_responds_first_and_works_later(sides: dict[str, Running]) -> None:
    def finished(side: Running) -> list[str]:
        jobs: list[str] = json.loads(ask(side, Request(b"/background")).body)["finished"]
        return jobs

    begun = {
        name: json.loads(ask(side, post(b"/background?seconds=3", b"")).body)["job"] for name, side in sides.items()
    }
    for name, job in begun.items():
        assert job not in finished(sides[name]), name
    for name, job in begun.items():
        eventually(lambda: job in finished(sides[name]), f"the job is finished in {name}")  # noqa: B023 - not kept


def test_file_is_the_source_of_the_app(sides: dict[str, Running]) -> None:
    for name, server in sides.items():
        source = Path(ROOT, "gateways", name, "app.py").read_bytes()
        assert ask(server, Request(b"/file")).body == source


def test_inside_uses_the_terms_of_each_interface(sides: dict[str, Running]) -> None:
    given = {name: json.loads(ask(server, Request(b"/inside?a=%C3%A9")).body) for name, server in sides.items()}
    assert given["cgi"]["QUERY_STRING"] == given["wsgi"]["QUERY_STRING"] == "a=%C3%A9"
    assert given["asgi"]["query_string"] == "b'a=%C3%A9'"
    assert given["cgi"]["GATEWAY_INTERFACE"] == "CGI/1.1"
    assert given["wsgi"]["wsgi.version"] == "(1, 0)"
    assert given["asgi"]["asgi"]["version"] == "3.0"
