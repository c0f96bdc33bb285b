"""FastAPI, Starlette, Django, Litestar and Quart behind ASGIToWSGI: common features of sites, on each WSGI server."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import httpx
import pytest

from tests.real.conftest import DOWNLOAD
from tests.real.wsgi_servers import WSGI_SERVERS, Site

FRAMEWORKS = ("fastapi", "starlette", "django", "litestar", "quart")
WITH_LIFESPAN = tuple(name for name in FRAMEWORKS if name != "django")
UNDECODED = {  # servers that do not pass a chunked body to the app; only they can decode it (RFC 9112, 7.1)
    "wsgiref": "does not decode chunks, nor say where a body ends",
}
UNTOLD = {  # servers that end a response of a failing app as if it were complete, even with a native WSGI app
    "wsgiref": "answers in HTTP/1.0, where the end of the connection is the end of the body",
    "uwsgi": "sends no chunks, so that the end of the connection is the end of the body",
    "granian": "sends the last chunk as after any other response",
    "mod_wsgi": "sends the last chunk as after any other response",
}
SOME = bytes(range(256)) * 1200  # 300 KB: several blocks
LARGE = bytes(range(256)) * 4 * 1024 * 20  # 20 MiB

each_framework = pytest.mark.parametrize("framework", FRAMEWORKS)


def told(block: bytes) -> dict[str, object]:
    """Return the apps' digest of `block`."""
    return {"length": len(block), "sha256": hashlib.sha256(block).hexdigest()}


@each_framework
def test_a_page_arrives_with_its_length(wsgi: Site, framework: str) -> None:
    response = wsgi.get(framework, "/hello")
    assert (response.status_code, response.text) == (200, f"hello from {framework}")
    assert response.headers["content-length"] == str(len(response.content))
    assert response.headers["content-type"].startswith("text/plain")


@each_framework
def test_a_response_to_head_has_no_body_and_leaves_the_connection_usable(wsgi: Site, framework: str) -> None:
    response = wsgi.ask(framework, "HEAD", "/hello")
    assert response.status_code in (200, 405)  # FastAPI and Litestar need a route for HEAD
    assert response.content == b""
    assert wsgi.get(framework, "/hello").text == f"hello from {framework}"


@pytest.mark.parametrize("wsgi", [name for name in WSGI_SERVERS if name != "mod_wsgi"], indirect=True)
def test_an_empty_block_sends_the_response_headers(wsgi: Site) -> None:
    """ASGI HTTP, "Response Body": clients (EventSource, fetch()) then know that a stream is open."""
    with wsgi.streaming("asgi", "/opens") as connection, wsgi.permitted():  # streaming() reads the headers
        received = b""
        while b"data: " not in received and (block := connection.recv(1000)):
            received += block
    assert b"data: open" in received


@each_framework
def test_a_missing_path_gets_the_frameworks_own_404(wsgi: Site, framework: str) -> None:
    assert wsgi.get(framework, "/nowhere").status_code == 404


@each_framework
def test_a_form_is_received(wsgi: Site, framework: str) -> None:
    response = wsgi.post(framework, "/form", data={"name": "Käthe €", "tag": ["a", "b"]})
    assert response.json() == {"name": "Käthe €", "tags": ["a", "b"]}


@each_framework
def test_a_file_in_a_form_is_received(wsgi: Site, framework: str) -> None:
    response = wsgi.post(framework, "/files", data={"note": "für dich"}, files={"file": ("some.bin", SOME)})
    assert response.json() == {"note": "für dich", "filename": "some.bin", **told(SOME)}


@each_framework
@pytest.mark.parametrize("body", [b"", b"short", SOME, LARGE], ids=["nothing", "5 B", "300 KB", "20 MiB"])
def test_an_upload_is_received(wsgi: Site, framework: str, body: bytes) -> None:
    if framework == "django" and len(body) > 10**7:
        pytest.skip(
            "Django's ASGI handler spools the body to a file before it calls the view: the sizes below cover it"
        )
    assert wsgi.post(framework, "/upload", content=body).json() == told(body)


@each_framework
def test_a_chunked_upload_is_received(wsgi: Site, framework: str) -> None:
    if wsgi.name in UNDECODED:
        pytest.skip(f"{wsgi.name} {UNDECODED[wsgi.name]}")

    def chunks() -> Iterator[bytes]:
        for start in range(0, len(SOME), 10_000):
            yield SOME[start : start + 10_000]

    assert wsgi.post(framework, "/upload", content=chunks()).json() == told(SOME)


@each_framework
def test_a_stream_is_received(wsgi: Site, framework: str) -> None:
    response = wsgi.get(framework, "/stream?count=20")
    assert response.text == "".join(f"block {number}\n" for number in range(20))
    assert response.headers["content-type"].startswith("text/plain")


@each_framework
def test_events_are_received_while_the_app_produces_more(wsgi: Site, framework: str) -> None:
    with wsgi.streaming(framework, "/events") as connection:
        received = b""  # the first events may have come with the headers
        while received.count(b"data: ") < 3:
            block = connection.recv(1000)
            assert block, received
            received += block
    wsgi.expect(f"{framework} events ended")


@each_framework
def test_a_file_is_downloaded(wsgi: Site, framework: str) -> None:
    response = wsgi.get(framework, "/download", headers={"Accept-Encoding": "identity"})
    assert response.headers["content-length"] == str(len(DOWNLOAD))
    assert response.content == DOWNLOAD


@each_framework
def test_two_cookies_are_two_headers(wsgi: Site, framework: str) -> None:
    cookies = wsgi.get(framework, "/login").headers.get_list("set-cookie")
    assert sorted(cookie.partition(";")[0] for cookie in cookies) == ["name=ann", "theme=dark"]


@pytest.mark.parametrize("framework", WITH_LIFESPAN)
def test_state_of_the_lifespan_is_available_to_requests(wsgi: Site, framework: str) -> None:
    assert wsgi.get(framework, "/state").json() == {"greeting": "from the lifespan"}
    pids = wsgi.processes(f"{framework} startup")
    assert wsgi.noted(f"{framework} startup") == len(pids)


@each_framework
def test_work_after_a_response_delays_no_other_request(wsgi: Site, framework: str) -> None:
    before = wsgi.noted(f"{framework} worked")
    assert wsgi.get(framework, "/background").json() == {"status": "working"}
    assert wsgi.get(framework, "/hello").text == f"hello from {framework}"
    assert wsgi.noted(f"{framework} worked") == before, "the responses came after the work"
    with wsgi.permitted():
        wsgi.expect(f"{framework} worked", before + 1)


@each_framework
def test_an_error_is_a_500_and_the_next_request_is_served(wsgi: Site, framework: str) -> None:
    assert wsgi.get(framework, "/fails").status_code == 500
    assert wsgi.get(framework, "/hello").status_code == 200


# Not Starlette: its BaseHTTPMiddleware ends the body of a failed stream and then raises, on any server.
@pytest.mark.parametrize("framework", [name for name in FRAMEWORKS if name != "starlette"])
def test_a_stream_that_fails_does_not_look_complete(wsgi: Site, framework: str) -> None:
    if wsgi.name in UNTOLD:
        pytest.skip(f"{wsgi.name} {UNTOLD[wsgi.name]}")
    try:
        response = wsgi.get(framework, "/breaks", headers={"Accept-Encoding": "identity"})
    except httpx.TransportError:
        response = None  # cut off, as expected
    assert response is None or response.status_code == 500, response.content
    assert wsgi.get(framework, "/hello").status_code == 200
