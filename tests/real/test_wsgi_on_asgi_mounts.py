"""WSGI frameworks mounted below a prefix of Starlette and FastAPI apps, alone and behind their middleware."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest

from tests.real.asgi_servers import DOWNLOAD, FRAMEWORKS, Site, site
from tests.real.bad_clients import crowd, get

PREFIX = "/legacy/v1"
MOUNTS = ("starlette", "fastapi")
AROUND = ("tagging", "gzip", "tagging-gzip", "logging")  # middleware
SOME = bytes(range(256)) * 1200
EXPECTED = {"length": len(SOME), "sha256": hashlib.sha256(SOME).hexdigest()}

each_framework = pytest.mark.parametrize("framework", FRAMEWORKS)
each_mount = pytest.mark.parametrize("mount", MOUNTS)
each_way = pytest.mark.parametrize("way", [*MOUNTS, *AROUND])


@pytest.fixture(scope="module")
def mounted() -> Iterator[Site]:
    with site("uvicorn", app="tests.real.apps.wsgi_mounted:app") as running:
        yield running


@pytest.fixture(scope="module")
def proxied() -> Iterator[Site]:
    """As behind a proxy that strips /outer from each path."""
    with site("uvicorn", "--root-path", "/outer", app="tests.real.apps.wsgi_mounted:app") as running:
        yield running


@each_mount
def test_the_prefix_is_the_script_name_and_the_rest_is_the_path(mounted: Site, mount: str) -> None:
    environ = mounted.get(f"wsgi.{mount}", f"{PREFIX}/caf%C3%A9/%2Fnoir?x=1").json()["environ"]
    assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == (PREFIX, "/caf\xc3\xa9//noir")
    assert environ["REQUEST_URI"] == f"{PREFIX}/caf%C3%A9/%2Fnoir?x=1"


@each_mount
def test_nested_prefixes_are_joined(proxied: Site, mount: str) -> None:
    environ = proxied.get(f"wsgi.{mount}", f"{PREFIX}/page").json()["environ"]
    assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == (f"/outer{PREFIX}", "/page")
    host = f"flask.{mount}.test"
    assert proxied.get(f"flask.{mount}", f"{PREFIX}/url").text == f"http://{host}/outer{PREFIX}/hello"


@each_mount
@each_framework
def test_an_app_knows_its_own_address(mounted: Site, mount: str, framework: str) -> None:
    host = f"{framework}.{mount}"
    assert mounted.get(host, f"{PREFIX}/url").text == f"http://{host}.test{PREFIX}/hello"
    location = mounted.get(host, f"{PREFIX}/redirect").headers["location"]
    assert location.removeprefix(f"http://{host}.test") == f"{PREFIX}/hello"


@each_mount
def test_other_routes_beside_the_mount_are_served(mounted: Site, mount: str) -> None:
    assert mounted.get(f"flask.{mount}", "/new").text == "new"
    assert mounted.get(f"flask.{mount}", "/legacy/v10/hello").status_code == 404
    assert mounted.get(f"flask.{mount}", f"{PREFIX}/nowhere").status_code == 404


@each_way
@each_framework
def test_pages_and_forms_and_uploads_and_streams_and_files_are_passed_on(
    mounted: Site, way: str, framework: str
) -> None:
    host = f"{framework}.{way}"
    assert mounted.get(host, f"{PREFIX}/hello").text == f"hello from {framework}"
    form = mounted.post(host, f"{PREFIX}/form", data={"name": "Käthe €", "tag": ["a", "b"]})
    assert form.json() == {"name": "Käthe €", "tags": ["a", "b"]}
    assert mounted.post(host, f"{PREFIX}/upload", content=SOME).json() == EXPECTED
    assert mounted.post(host, f"{PREFIX}/upload", content=iter([SOME[:1000], SOME[1000:]])).json() == EXPECTED
    stream = mounted.get(host, f"{PREFIX}/stream?blocks=50&size=1000")
    assert stream.content == (b"." * 999 + b"\n") * 50
    assert mounted.get(host, f"{PREFIX}/download").content == DOWNLOAD


@pytest.mark.parametrize("way", ["gzip", "tagging-gzip"])
def test_the_middleware_has_its_effect(mounted: Site, way: str) -> None:
    stream = mounted.get(f"flask.{way}", f"{PREFIX}/stream?blocks=50&size=1000")
    assert stream.headers["content-encoding"] == "gzip"
    assert stream.headers.get("x-tag") == (f"{PREFIX}/stream" if "tagging" in way else None)


@each_way
def test_a_stream_is_received_block_by_block(mounted: Site, way: str) -> None:
    with mounted.streaming(f"flask.{way}", f"{PREFIX}/stream?blocks=2&gate={way}") as blocks:
        first = next(blocks)
        mounted.get("wsgi", f"/open?gate={way}")
        rest = b"".join(blocks)
    assert len(first) > 0
    assert len(rest) > 0


@each_way
def test_an_error_is_a_500(mounted: Site, way: str) -> None:
    response = mounted.get(f"falcon.{way}", f"{PREFIX}/error", headers={"Connection": "close"})
    assert response.status_code == 500


# Not behind "logging": it hides the disconnect from the app, and uvicorn still accepts blocks.
@pytest.mark.parametrize("way", [*MOUNTS, "tagging", "gzip", "tagging-gzip"])
def test_disconnects_end_streams(mounted: Site, way: str) -> None:
    streams = [get(f"{framework}.{way}", f"{PREFIX}/stream?blocks=-1&delay=0.02") for framework in FRAMEWORKS]
    with crowd(mounted.server, streams) as clients:
        clients.wait_for_answers(len(streams))
        clients.cut_off()
    mounted.expect_streams_closed()


def test_a_slow_request_behind_middleware_that_repeats_the_body_does_not_block_the_loop(mounted: Site) -> None:
    """Its receive() never waits and never reports a disconnect, so calling it repeatedly would block the loop."""
    with mounted.streaming("flask.logging", f"{PREFIX}/stream?blocks=2&gate=slow") as blocks:
        next(blocks)
        assert mounted.get("flask.logging", f"{PREFIX}/stream?blocks=2&delay=0.3").status_code == 200
        mounted.get("wsgi", "/open?gate=slow")
        assert len(b"".join(blocks)) > 0
    assert mounted.count("bytes logged") > len(SOME)
