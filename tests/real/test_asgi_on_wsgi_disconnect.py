"""Disconnects from an endless stream: its task ends within two seconds and nothing is left, on each WSGI server."""

from __future__ import annotations

import contextlib
import socket
import struct

import pytest

from tests.real.serving import eventually
from tests.real.wsgi_servers import WSGI_SERVERS, Site

STREAMING = ("asgi", "fastapi", "starlette", "django", "litestar", "quart")
SHOWING = set(WSGI_SERVERS) - {"granian", "uwsgi", "mod_wsgi"}
ENDS_WITHIN = 10.0  # seconds after the disconnect, on a busy machine; without a notification, the app works forever


@pytest.mark.parametrize("framework", STREAMING)
def test_a_stream_ends_after_a_disconnect(wsgi: Site, framework: str) -> None:
    begun, ended = wsgi.noted(f"{framework} events begun"), wsgi.noted(f"{framework} events ended")
    with wsgi.streaming(framework, "/events"):
        wsgi.expect(f"{framework} events begun", begun + 1)
    wsgi.expect(f"{framework} events ended", ended + 1, within=ENDS_WITHIN)


def test_a_disconnect_of_a_client_that_never_reads_ends_the_stream(wsgi: Site) -> None:
    ended = wsgi.noted("asgi flood ended")
    with wsgi.streaming("asgi", "/flood"):
        wsgi.expect("asgi flood begun")
    wsgi.expect("asgi flood ended", ended + 1, within=ENDS_WITHIN)


@pytest.mark.parametrize("wsgi", sorted(SHOWING), indirect=True)
def test_a_silent_app_gets_a_disconnect_if_the_server_exposes_the_connection(wsgi: Site) -> None:
    begun, ended = wsgi.noted("asgi silence begun"), wsgi.noted("asgi silence ended")
    with wsgi.asking("asgi", "/silent") as connection:
        wsgi.expect("asgi silence begun", begun + 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closed with a reset
    wsgi.expect("asgi silence ended", ended + 1, within=ENDS_WITHIN)


def test_a_client_that_has_shut_down_its_sending_side_gets_a_response(wsgi: Site) -> None:
    """RFC 9112, 9.6: the end of file is not a disconnect; with a native WSGI app, the same servers respond."""
    if wsgi.name == "granian":
        pytest.skip("granian itself drops the connection of such a client, as it does with a native WSGI app")
    for framework, path in (("asgi", "/slow"), ("django", "/hello"), ("fastapi", "/hello"), ("starlette", "/hello")):
        with socket.create_connection((wsgi.server.host, wsgi.server.port), timeout=30) as connection:
            connection.sendall(f"GET {path} HTTP/1.0\r\nHost: {framework}.test\r\n\r\n".encode())
            connection.shutdown(socket.SHUT_WR)
            with connection.makefile("rb") as response:
                received = response.read()
        assert received.partition(b" ")[2].startswith(b"200"), received
        assert received.endswith((b"at last", f"hello from {framework}".encode())), received


def test_a_waiting_client_gets_a_response_however_long_the_app_is_silent(wsgi: Site) -> None:
    assert wsgi.get("asgi", "/slow").text == "at last"


def test_head_of_an_endless_stream_holds_no_thread(wsgi: Site) -> None:
    ended = wsgi.noted("asgi events ended")
    for _ in range(20):  # more than each server has threads
        assert wsgi.ask("asgi", "HEAD", "/events").status_code == 200
    wsgi.expect("asgi events ended", ended + 20)


def test_fifty_disconnects_leave_nothing_behind(wsgi: Site) -> None:
    if wsgi.name.startswith("gunicorn-sync"):
        pytest.skip("a sync worker has one client at a time: the tests above are the same")
    before = wsgi.report()
    ended = wsgi.noted("asgi events ended")
    for _ in range(5):
        with contextlib.ExitStack() as clients:
            for _ in range(10):
                clients.enter_context(wsgi.streaming("asgi", "/events"))
    wsgi.expect("asgi events ended", ended + 50)
    eventually(lambda: wsgi.report()["tasks"] <= before["tasks"], "the tasks end")
    assert wsgi.report()["threads"] <= max(before["threads"], 24)  # servers keep up to 16 threads


def test_a_session_that_a_dependency_opened_is_closed(wsgi: Site) -> None:
    with wsgi.streaming("fastapi", "/events"):
        opened = wsgi.noted("fastapi session opened")
    wsgi.expect("fastapi session closed", opened, within=ENDS_WITHIN)
