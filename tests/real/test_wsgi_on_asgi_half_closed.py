"""Disconnects after an upload that the app does not read, and clients that have closed only their sending side."""

from __future__ import annotations

import contextlib
import socket
import threading

import httpx
import pytest

from tests.real.asgi_servers import BUFFERING, site
from tests.real.bad_clients import PATIENCE
from tests.real.serving import eventually

APP = "tests.real.apps.wsgi_leaving:app"
MB = 1000 * 1000
SERVERS = ["uvicorn", "uvicorn-h11", "hypercorn", "hypercorn-trio", "granian", "gunicorn"]


def test_the_tested_servers_are_those_that_stream() -> None:
    assert not set(SERVERS) & set(BUFFERING)


@pytest.mark.parametrize("server", SERVERS)
def test_a_disconnect_after_an_unread_upload_is_detected(server: str) -> None:
    """For any size of the upload, a streaming app ends after the disconnect, and its thread is free."""
    with site(server, app=APP) as running:
        for size, length in ((1000, 1000), (2 * MB, 10 * MB), (5 * MB, 5 * MB)):
            with socket.create_connection((running.server.host, running.server.port), timeout=PATIENCE) as client:
                head = f"POST /endless/{size} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode()
                client.sendall(head)
                sending = threading.Thread(target=send, args=(client, size), daemon=True)
                sending.start()
                received = b""
                while b"xxxx" not in received:
                    received += client.recv(65536)
                sending.join(PATIENCE)
            url = f"{running.server.url}/ended"

            def ended(size: int = size, url: str = url) -> bool:
                return str(size) in httpx.get(url, trust_env=False).text.split()

            eventually(ended, f"the stream ends whose client had sent {size} bytes")


def send(client: socket.socket, size: int) -> None:
    """Send a body of that size, or as much of it as the server reads. Do not read the response."""
    with contextlib.suppress(OSError):
        client.sendall(b"x" * size)


@pytest.mark.parametrize("server", ["hypercorn", "hypercorn-trio"])
def test_a_client_that_has_shut_down_its_sending_side_gets_its_response(server: str) -> None:
    """RFC 9112, 9.6; uvicorn and granian close the connection themselves, even with native apps."""
    with (
        site(server, app=APP) as running,
        socket.create_connection((running.server.host, running.server.port), timeout=PATIENCE) as client,
    ):
        client.sendall(b"GET /late HTTP/1.0\r\nHost: x\r\n\r\n")
        client.shutdown(socket.SHUT_WR)
        received = b""
        while block := client.recv(65536):
            received += block
    assert received.startswith(b"HTTP/1.1 200 ")
    assert received.endswith(b"late, and whole")
