"""Large bodies, waiting bodies and HTTP/2 bodies, sent to WSGI frameworks on ASGI servers."""

import hashlib
import random
import socket
from typing import Any

import httpx
import pytest

from tests.real.asgi_servers import FRAMEWORKS, Site, only

LARGE = random.Random(1).randbytes(50 * 1000 * 1000)
EXPECTED: dict[str, Any] = {"length": len(LARGE), "sha256": hashlib.sha256(LARGE).hexdigest()}
BLOCK = 64 * 1024

# Slow cases run on every server with one framework, and with every framework on one server.
LARGE_FOR: dict[str, tuple[str, ...]] = {
    "uvicorn": FRAMEWORKS,
    "uvicorn-h11": ("django",),
    "hypercorn": ("bottle",),
    "hypercorn-trio": ("falcon",),
    "granian": ("pyramid",),
    "daphne": ("flask",),
    "gunicorn": ("django",),
}


def test_an_upload_of_50_mb_is_received(asgi: Site) -> None:
    for framework in LARGE_FOR[asgi.name]:
        assert asgi.post(framework, "/upload", content=LARGE).json() == EXPECTED, framework


def test_a_chunked_upload_of_50_mb_is_received(asgi: Site) -> None:
    for framework in LARGE_FOR[asgi.name]:
        chunks = (LARGE[at : at + BLOCK] for at in range(0, len(LARGE), BLOCK))
        assert asgi.post(framework, "/upload", content=chunks).json() == EXPECTED, framework


def test_a_file_of_50_mb_in_a_form_is_received(asgi: Site) -> None:
    for framework in LARGE_FOR[asgi.name]:
        response = asgi.post(framework, "/files", data={"note": "large"}, files={"file": ("large.bin", LARGE)})
        assert response.json() == {"note": "large", "filename": "large.bin", **EXPECTED}, framework


def test_a_response_to_an_upload_that_the_app_does_not_read_is_not_lost(asgi: Site) -> None:
    """As on gunicorn, for less than a megabyte. uvicorn resets a connection that it closes with unread data."""
    body = LARGE[:800_000]
    for _ in range(3):
        with socket.create_connection((asgi.server.host, asgi.server.port), timeout=30) as sock:
            head = f"Host: flask.test\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
            sock.sendall(f"POST /no/such/page HTTP/1.1\r\n{head}\r\n".encode() + body)
            received = b"".join(iter(lambda: sock.recv(65536), b""))
        assert received.startswith(b"HTTP/1.1 404 ")


def test_a_client_that_expects_100_continue_gets_it_once_the_app_reads(asgi: Site) -> None:
    with socket.create_connection((asgi.server.host, asgi.server.port), timeout=30) as sock:
        head = f"Host: flask.test\r\nContent-Length: {len(LARGE)}\r\nExpect: 100-continue\r\nConnection: close\r\n"
        sock.sendall(f"POST /upload HTTP/1.1\r\n{head}\r\n".encode())
        assert sock.recv(4096).startswith(b"HTTP/1.1 100 ")
        sock.sendall(LARGE)
        response = b"".join(iter(lambda: sock.recv(BLOCK), b""))
    assert response.startswith(b"HTTP/1.1 200 ")
    assert EXPECTED["sha256"] in response.decode()


@only("uvicorn", "uvicorn-h11", "granian", "gunicorn")  # the others send the 100 whether or not the app reads
def test_a_client_that_expects_100_continue_is_refused_without_sending(asgi: Site) -> None:
    with socket.create_connection((asgi.server.host, asgi.server.port), timeout=30) as sock:
        head = "Host: flask.test\r\nContent-Length: 1000\r\nExpect: 100-continue\r\nConnection: close\r\n"
        sock.sendall(f"POST /nowhere HTTP/1.1\r\n{head}\r\n".encode())
        assert sock.recv(4096).startswith(b"HTTP/1.1 404 ")


@only("hypercorn", "hypercorn-trio", "granian")  # these have HTTP/2 without TLS
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_body_over_http_2_needs_no_length(asgi: Site, framework: str) -> None:
    body, host = LARGE[:300_000], ("Host", f"{framework}.test")
    with httpx.Client(http1=False, http2=True, timeout=20, trust_env=False) as client:
        chunks = (body[at : at + BLOCK] for at in range(0, len(body), BLOCK))
        uploaded = client.post(f"{asgi.server.url}/upload", content=chunks, headers=[host])
        assert uploaded.http_version == "HTTP/2"
        assert uploaded.json() == {"length": len(body), "sha256": hashlib.sha256(body).hexdigest()}
        cookies = [("Cookie", "other=1"), ("Cookie", "theme=dark")]  # RFC 9113, 8.2.3: each cookie is a separate field
        assert client.get(f"{asgi.server.url}/whoami", headers=[host, *cookies]).json()["theme"] == "dark"
