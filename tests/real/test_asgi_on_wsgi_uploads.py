"""Slow uploads: bodies reach the app as they arrive, and its output is sent while a read is pending."""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import sys
import time
from collections.abc import Iterator

import pytest

from tests.real.serving import Running, serve
from tests.real.wsgi_servers import site

APP = "tests.real.apps.asgi_uploads:wsgi"
_RUN = "import sys; host, port = sys.argv[1], int(sys.argv[2]); from tests.real.apps.asgi_uploads import wsgi\n"
SCRIPTS = {
    "werkzeug": _RUN + "from werkzeug.serving import run_simple; run_simple(host, port, wsgi, threaded=True)",
    "gevent": "from gevent import monkey; monkey.patch_all()\n"
    + _RUN
    + "from gevent.pywsgi import WSGIServer; WSGIServer((host, port), wsgi).serve_forever()",
    "eventlet": "import os, warnings; warnings.simplefilter('ignore'); os.environ['EVENTLET_NO_GREENDNS'] = 'yes'\n"
    "import eventlet; eventlet.monkey_patch()\n"
    + _RUN
    + "import eventlet.wsgi; eventlet.wsgi.server(eventlet.listen((host, port)), wsgi)",
}
# waitress, granian and mod_wsgi are missing: waitress calls the app after the whole body has arrived, and the others do
# not expose the connection, so only the request's thread can read from it.
SERVERS = ("gunicorn-sync", "gunicorn-gthread", "gunicorn-gevent", "cheroot", "wsgiref", "uwsgi", *SCRIPTS)
WITH_CHUNKS = [name for name in SERVERS if name != "wsgiref"]


@contextlib.contextmanager
def running(name: str) -> Iterator[Running]:
    """Run one of SERVERS with the app."""
    if name in SCRIPTS:
        pytest.importorskip(name)
        with serve([sys.executable, "-c", SCRIPTS[name], "{host}", "{port}"]) as server:
            yield server
    else:
        with site(name, app=APP) as one:
            yield one.server


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[Running]:
    """A server that some tests share."""
    with running(request.param) as one:
        yield one


def upload(server: Running, path: str, length: int | None, body: bytes) -> socket.socket:
    """Open a connection and send the headers of a POST and the start of its body; chunked without a length."""
    connection = socket.create_connection((server.host, server.port), timeout=30)
    framing = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{framing}\r\nConnection: close\r\n\r\n".encode()
    connection.sendall(head + (chunk(body) if length is None and body else body))
    return connection


def chunk(block: bytes) -> bytes:
    """One chunk of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(block), block)


def until(connection: socket.socket, what: bytes, within: float = 20.0) -> bytes:
    """Read up to and including `what`."""
    connection.settimeout(within)
    received = b""
    while what not in received:
        block = connection.recv(4096)
        assert block, f"the connection ended after {received!r}"
        received += block
    return received


@pytest.mark.parametrize("body", [b"", b"ten octets"], ids=["nothing", "ten octets"])
@pytest.mark.parametrize(("path", "status"), [("/patient", b" 408 "), ("/refuses", b" 401 ")])
def test_a_response_is_sent_while_the_app_waits_for_the_body(
    server: Running, path: str, status: bytes, body: bytes
) -> None:
    with upload(server, path, 1_000_000, body) as connection:
        before = time.monotonic()
        assert status in until(connection, b"\r\n")
        assert time.monotonic() - before < 12  # the body never comes


def test_a_response_is_sent_while_the_app_waits_for_a_chunked_body(
    request: pytest.FixtureRequest, server: Running
) -> None:
    name = request.node.callspec.params["server"]
    if name not in WITH_CHUNKS or name == "uwsgi":  # uWSGI lets only the request's own thread read chunks
        pytest.skip(f"{name} cannot read chunks beside an answer")
    with upload(server, "/patient", None, b"ten octets") as connection:
        assert b" 408 " in until(connection, b"\r\n")


def test_a_body_is_received_in_the_parts_in_which_it_was_sent(request: pytest.FixtureRequest, server: Running) -> None:
    if request.node.callspec.params["server"] == "uwsgi":
        pytest.skip("uWSGI's read(n) waits for n octets")
    with upload(server, "/parts", 30, b"ten octets") as connection:
        until(connection, b"10\n")
        connection.sendall(b"ten more..")
        until(connection, b"10\n")
        connection.sendall(b"the rest..")
        until(connection, b"end\n")


def test_a_chunked_body_is_received_in_the_parts_in_which_it_was_sent(
    request: pytest.FixtureRequest, server: Running
) -> None:
    if request.node.callspec.params["server"] not in WITH_CHUNKS:
        pytest.skip("this server does not decode chunks")
    with upload(server, "/parts", None, b"ten octets") as connection:
        until(connection, b"10\n")
        connection.sendall(chunk(b"ten more.."))
        until(connection, b"10\n")
        connection.sendall(b"0\r\n\r\n")
        until(connection, b"end\n")


def test_the_start_of_a_chunk_is_received_before_its_rest(request: pytest.FixtureRequest, server: Running) -> None:
    name = request.node.callspec.params["server"]
    if name not in WITH_CHUNKS or name in ("cheroot", "uwsgi"):
        pytest.skip("this server reads a whole chunk before it gives any of it, or decodes none")
    with upload(server, "/parts", None, b"") as connection:
        connection.sendall(b"14\r\nten octets")
        until(connection, b"10\n")
        connection.sendall(b"ten more..\r\n0\r\n\r\n")
        until(connection, b"end\n")


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_app_that_reads_learns_that_there_is_no_body(server: Running, method: str) -> None:
    """Some middleware reads the body of each request, even if there is no body. Meanwhile, the client waits for its
    response.
    """
    with socket.create_connection((server.host, server.port), timeout=30) as connection:
        connection.sendall(f"{method} /digest HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert until(connection, f"0 {hashlib.sha256(b'').hexdigest()}".encode())


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_a_client_that_waits_for_100_continue_gets_it(
    request: pytest.FixtureRequest, server: Running, chunked: bool
) -> None:
    """RFC 9110, 10.1.1: some servers send 100 (Continue) at the application's first read."""
    name = request.node.callspec.params["server"]
    if name in ("wsgiref", "uwsgi"):
        pytest.skip(f"{name} does not send 100 Continue")
    with socket.create_connection((server.host, server.port), timeout=30) as connection:
        framing = "Transfer-Encoding: chunked" if chunked else "Content-Length: 10"
        head = f"POST /digest HTTP/1.1\r\nHost: localhost\r\n{framing}\r\nExpect: 100-continue\r\n\r\n"
        connection.sendall(head.encode())
        assert b" 100 " in until(connection, b"\r\n\r\n")
        connection.sendall(chunk(b"ten octets") + b"0\r\n\r\n" if chunked else b"ten octets")
        assert until(connection, hashlib.sha256(b"ten octets").hexdigest().encode())


@pytest.mark.parametrize("size", [0, 1, 5_000, 65_536, 65_537, 3_000_000])
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_all_octets_are_received(request: pytest.FixtureRequest, server: Running, size: int, chunked: bool) -> None:
    if chunked and request.node.callspec.params["server"] not in WITH_CHUNKS:
        pytest.skip("this server does not decode chunks")
    body = os.urandom(size)
    expected = f"{size} {hashlib.sha256(body).hexdigest()}".encode()
    with upload(server, "/digest", None if chunked else size, body[:10] if not chunked or size else b"x") as connection:
        if chunked and not size:
            expected = f"1 {hashlib.sha256(b'x').hexdigest()}".encode()
        for start in range(10, size, 70_000):
            block = body[start : start + 70_000]
            connection.sendall(chunk(block) if chunked else block)
        if chunked:
            connection.sendall(b"0\r\n\r\n")
        assert until(connection, expected)


def test_a_chunked_body_is_refused_if_the_server_does_not_decode_it() -> None:
    with running("wsgiref") as server, upload(server, "/digest", None, b"ten octets") as connection:
        connection.sendall(b"0\r\n\r\n")
        assert b" 411 " in until(connection, b"\r\n")


@pytest.mark.parametrize("name", ["gunicorn-gthread", "gunicorn-gevent", "gevent", "cheroot", "eventlet"])
def test_a_connection_with_an_early_response_carries_no_other_request(name: str) -> None:
    """The next bytes on the connection are the rest of a body, and must never be parsed as a request."""
    with (
        running(name) as server,
        socket.create_connection((server.host, server.port), timeout=30) as connection,
    ):
        connection.sendall(b"POST /patient HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nten octets")
        assert b" 408 " in until(connection, b"too slow")
        with contextlib.suppress(ConnectionError):
            connection.sendall(b"GET /digest HTTP/1.1\r\nHost: localhost\r\n\r\n")
        rest = b""
        with contextlib.suppress(ConnectionError):
            while block := connection.recv(4096):
                rest += block
        assert b"HTTP/1.1 200" not in rest


@pytest.mark.parametrize("name", ["gunicorn-gthread", "gunicorn-gevent", "gevent", "cheroot"])
def test_trailers_are_not_parsed_as_the_next_request(name: str) -> None:
    """RFC 9112, 7.1.2: cheroot leaves trailers unread, and would parse them as the next request."""
    request = b"POST /digest HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    with (
        running(name) as server,
        socket.create_connection((server.host, server.port), timeout=30) as connection,
    ):
        connection.sendall(request + chunk(b"first") + b"0\r\nX-Trailer: value\r\n\r\n")
        until(connection, hashlib.sha256(b"first").hexdigest().encode())
        connection.sendall(request + chunk(b"second") + b"0\r\n\r\n")
        answer = until(connection, hashlib.sha256(b"second").hexdigest().encode())
        assert b" 200 " in answer
        assert b" 400 " not in answer
