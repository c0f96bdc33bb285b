"""Starlette below BaseHTTPMiddleware, sessions and gzip; Django's sync views and sessions: on each WSGI server."""

from __future__ import annotations

import pytest

from tests.real.wsgi_servers import Site


def test_base_http_middleware_sees_request_and_response(wsgi: Site) -> None:
    response = wsgi.get("starlette", "/hello", headers={"X-Request-ID": "seven"})
    assert (response.headers["x-request-id"], response.text) == ("seven", "hello from starlette")


def test_base_http_middleware_passes_a_stream_on(wsgi: Site) -> None:
    response = wsgi.get("starlette", "/stream?count=5", headers={"X-Request-ID": "seven"})
    assert response.text == "".join(f"block {number}\n" for number in range(5))
    assert response.headers["x-request-id"] == "seven"


def test_context_variables_reach_the_endpoint(wsgi: Site) -> None:
    assert wsgi.get("starlette", "/visits", headers={"X-Request-ID": "eight"}).json()["request_id"] == "eight"


@pytest.mark.parametrize("framework", ["starlette", "django"])
def test_a_session_persists_between_requests(wsgi: Site, framework: str) -> None:
    cookie = ""
    for visits in (1, 2, 3):
        response = wsgi.get(framework, "/visits", headers={"Cookie": cookie})
        assert response.json()["visits"] == visits
        cookie = response.headers["set-cookie"].partition(";")[0]


def test_gzip_middleware_compresses(wsgi: Site) -> None:
    response = wsgi.get("starlette", "/stream?count=100", headers={"Accept-Encoding": "gzip"})
    assert response.headers["content-encoding"] == "gzip"
    assert response.text.endswith("block 99\n")


def test_paths_are_decoded_below_a_mount(wsgi: Site) -> None:
    found = wsgi.get("starlette", "/mounted/where/caf%C3%A9%20%E2%82%AC?q=%20").json()
    assert found["path"] == "/mounted/where/café €"
    assert found["root_path"] == "/mounted"


def test_a_sync_view_of_django_runs_in_a_thread_beside_the_loop(wsgi: Site) -> None:
    assert wsgi.get("django", "/sync").text == "hello from a thread"
