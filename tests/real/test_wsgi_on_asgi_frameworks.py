"""Flask, Django, Bottle, Falcon and Pyramid behind WSGIToASGI: common features of sites, on each server."""

import hashlib

import pytest

from tests.real.asgi_servers import DOWNLOAD, FRAMEWORKS, Site
from tests.real.native.wire import Line
from tests.real.serving import eventually

SOME = bytes(range(256)) * 1200  # 300 KB: more than is collected before a thread is taken
EXPECTED = {"length": len(SOME), "sha256": hashlib.sha256(SOME).hexdigest()}

each_framework = pytest.mark.parametrize("framework", FRAMEWORKS)


@each_framework
def test_a_page_arrives_with_its_length(asgi: Site, framework: str) -> None:
    response = asgi.get(framework, "/hello")
    assert (response.status_code, response.text) == (200, f"hello from {framework}")
    assert response.headers["content-length"] == str(len(response.content))


@each_framework
def test_a_response_to_head_has_no_body_and_leaves_the_connection_usable(asgi: Site, framework: str) -> None:
    response = asgi.ask(framework, "HEAD", "/hello")
    assert response.status_code == (405 if framework == "falcon" else 200)  # Falcon needs on_head for HEAD
    assert response.content == b""
    assert asgi.get(framework, "/hello").text == f"hello from {framework}"


def test_a_304_with_a_content_length_leaves_the_connection_usable(asgi: Site) -> None:
    """RFC 9110, 8.6 allows it; uvicorn does not."""
    asks = b"GET /unchanged HTTP/1.1\r\nHost: wsgi.test\r\n\r\n"
    with Line(asgi.server) as line:
        line.send(asks)
        assert [answer.status for answer in line.hear("GET").answers] == [304]
        line.send(asks)
        assert [answer.status for answer in line.hear("GET").answers] == [304]


@each_framework
def test_a_form_is_received(asgi: Site, framework: str) -> None:
    response = asgi.post(framework, "/form", data={"name": "Käthe €", "tag": ["a", "b"]})
    assert response.json() == {"name": "Käthe €", "tags": ["a", "b"]}


@each_framework
def test_a_file_in_a_form_is_received(asgi: Site, framework: str) -> None:
    response = asgi.post(framework, "/files", data={"note": "für dich"}, files={"file": ("some.bin", SOME)})
    assert response.json() == {"note": "für dich", "filename": "some.bin", **EXPECTED}


@each_framework
def test_an_upload_is_received(asgi: Site, framework: str) -> None:
    assert asgi.post(framework, "/upload", content=SOME).json() == EXPECTED


@each_framework
@pytest.mark.parametrize("step", [1000, 100_000])
def test_a_chunked_upload_is_received(asgi: Site, framework: str, step: int) -> None:
    chunks = (SOME[at : at + step] for at in range(0, len(SOME), step))
    assert asgi.post(framework, "/upload", content=chunks).json() == EXPECTED


@each_framework
def test_a_stream_is_received_completely(asgi: Site, framework: str) -> None:
    response = asgi.get(framework, "/stream?blocks=50&size=1000")
    assert response.content == (b"." * 999 + b"\n") * 50
    assert response.headers.get("content-length") in (None, "50000")  # granian adds it if all blocks arrive at once


@each_framework
def test_a_stream_is_received_block_by_block(asgi: Site, framework: str) -> None:
    with asgi.streaming(framework, f"/stream?blocks=2&gate={framework}") as blocks:
        assert next(blocks) == b".........\n"
        asgi.get("wsgi", f"/open?gate={framework}")
        assert b"".join(blocks) == b".........\n"


@each_framework
def test_a_file_is_downloaded(asgi: Site, framework: str) -> None:
    response = asgi.get(framework, "/download")
    assert response.headers["content-length"] == str(len(DOWNLOAD))
    assert response.content == DOWNLOAD


def test_a_file_of_flask_which_sets_a_date_has_one_date(asgi: Site) -> None:
    """Every server: uvicorn and hypercorn add theirs to any response, daphne to none, the others if it is missing."""
    response = asgi.get("flask", "/download")
    assert len(response.headers.get_list("date")) == 1


def test_a_part_of_a_file_is_downloaded(asgi: Site) -> None:
    response = asgi.get("flask", "/download", headers={"Range": "bytes=16-47"})
    assert (response.status_code, response.content) == (206, DOWNLOAD[16:48])


def test_an_unmodified_file_is_not_downloaded_again(asgi: Site) -> None:
    etag = asgi.get("flask", "/download").headers["etag"]
    response = asgi.get("flask", "/download", headers={"If-None-Match": etag})
    assert (response.status_code, response.content) == (304, b"")
    assert asgi.get("flask", "/hello").status_code == 200


@each_framework
def test_a_session_is_stored_in_cookies(asgi: Site, framework: str) -> None:
    login = asgi.post(framework, "/login", data={"name": "Käthe"})
    assert login.status_code == 204
    cookies = "; ".join(line.partition(";")[0] for line in login.headers.get_list("set-cookie"))
    assert asgi.get(framework, "/whoami", headers={"Cookie": cookies}).json() == {"name": "Käthe", "theme": "dark"}
    assert asgi.get(framework, "/whoami").json() == {"name": None, "theme": None}


@each_framework
def test_a_path_and_a_query_outside_ascii_are_received(asgi: Site, framework: str) -> None:
    response = asgi.get(framework, "/path/gr%C3%BC%C3%9F%20Gott/%E2%82%AC?q=%C3%A4+b%26c")
    assert response.json() == {"path": "grüß Gott/€", "query": "ä b&c"}


@each_framework
def test_an_app_knows_its_own_address(asgi: Site, framework: str) -> None:
    assert asgi.get(framework, "/url").text == f"http://{framework}.test/hello"
    location = asgi.get(framework, "/redirect").headers["location"]
    assert location.removeprefix(f"http://{framework}.test") == "/hello"


@each_framework
def test_an_error_is_a_500_and_leaves_nothing_behind(asgi: Site, framework: str) -> None:
    assert asgi.get(framework, "/error").status_code == 500
    assert asgi.get(framework, "/hello").text == f"hello from {framework}"


@each_framework
def test_hooks_run_once_for_each_request_with_any_result(asgi: Site, framework: str) -> None:
    before = asgi.report()["counts"]
    for path in ("/hello", "/error", "/stream?blocks=2", "/download", "/nowhere"):
        asgi.get(framework, path)
    with asgi.streaming(framework, "/stream?blocks=-1&delay=0.02") as blocks:
        next(blocks)

    def grown(what: str) -> int:
        return asgi.count(what) - int(before.get(what, 0))

    ends = 8 if framework == "flask" else 6  # stream_with_context() makes Flask end the request a second time
    eventually(lambda: grown("requests torn down") >= ends and grown("streams closed") >= 2, "all hooks have run")
    assert grown("requests begun") == 6
    assert grown("requests torn down") == ends
    assert grown("streams begun") == grown("streams closed") == 2
    assert asgi.count("calls on a foreign thread") == 0


def test_the_environ_meets_pep_3333_and_its_validator(asgi: Site) -> None:
    response = asgi.get(
        "wsgi", "/caf%C3%A9%2Fnoir?x=%FF", headers={"X-Real": "1", "X_Real": "2", "Proxy": "http://evil.test"}
    )
    environ = response.json()["environ"]
    assert environ["PATH_INFO"] == "/caf\xc3\xa9/noir"
    assert environ["REQUEST_URI"] == environ["RAW_URI"] == "/caf%C3%A9%2Fnoir?x=%FF"
    assert environ["QUERY_STRING"] == "x=%FF"
    assert environ["SCRIPT_NAME"] == ""
    assert environ["HTTP_X_REAL"] == "1"
    assert "HTTP_PROXY" not in environ
    assert environ["SERVER_PROTOCOL"] == "HTTP/1.1"
    assert environ["SERVER_PORT"].isdigit()
    assert environ["REMOTE_ADDR"] == "127.0.0.1"
    assert environ["wsgi.url_scheme"] == "http"
