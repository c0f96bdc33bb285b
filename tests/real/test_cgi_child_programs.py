"""Flask, Starlette and FastAPI programs under this project's CGI hosts, lighttpd, Apache's mod_cgid and mod_cgi."""

import concurrent.futures
import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.real.cgi_servers import OURS, SERVERS, serving, write_program
from tests.real.client import KEPT
from tests.real.serving import Running, eventually

PROGRAMS = {"flask": "WSGIToCGI", "starlette": "ASGIToCGI", "fastapi": "ASGIToCGI"}

# Responses in one block: Flask on each server; the same adapter runs Starlette on one, and FastAPI, whose imports take
# three times as long, on another.
in_one_block = pytest.mark.parametrize(
    ("served", "program"),
    [
        *((server, "flask") for server in SERVERS),
        ("apache-cgid", "starlette"),
        ("waitress", "fastapi"),
    ],
    indirect=True,
)


class Site:
    """A server with the programs, and a client for one of them."""

    def __init__(self, name: str, server: Running, folder: Path, program: str) -> None:
        self.name, self.server, self.folder, self.program = name, server, folder, program
        self.client = httpx.Client(base_url=server.url, timeout=20, limits=KEPT)

    def url(self, path: str) -> str:
        return f"/{self.program}.cgi{path}"

    def recorded(self) -> list[str]:
        record = self.folder / "record"
        return record.read_text().split("\n") if record.exists() else []

    def signal(self) -> None:
        (self.folder / "signal").touch()


@pytest.fixture(scope="module", params=SERVERS)
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator["Served"]:
    folder, scratch = tmp_path_factory.mktemp("htdocs"), tmp_path_factory.mktemp("scratch")
    folder.chmod(0o777)
    for program, adapter in PROGRAMS.items():
        app = f"from tests.real.apps.cgi_child_{program} import app"
        write_program(
            folder / f"{program}.cgi", f"from gateways.adapters import {adapter}", app, f"{adapter}(app).run()"
        )
    with serving(request.param, folder, scratch) as server:
        yield request.param, server, folder


Served = tuple[str, Running, Path]


@contextlib.contextmanager
def asking(served: Served, program: str) -> Iterator[Site]:
    site = Site(*served, program)
    for file in ("record", "signal"):
        (site.folder / file).unlink(missing_ok=True)
    with site.client:
        yield site


@pytest.fixture(scope="module", params=("flask", "starlette"))
def program(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def site(served: Served, program: str) -> Iterator[Site]:
    with asking(served, program) as site:
        yield site


@pytest.fixture
def starlette(served: Served) -> Iterator[Site]:
    with asking(served, "starlette") as site:
        yield site


def digest(octets: bytes) -> str:
    return f"{len(octets)} {hashlib.sha256(octets).hexdigest()}"


@in_one_block
def test_a_path_outside_ascii_and_its_links_work(site: Site) -> None:
    response = site.client.get(site.url("/hello/caf%C3%A9%20%25"))
    assert response.status_code == 200, response.text
    root = f"/{site.program}.cgi"
    assert response.json() == {"name": "café %", "root": root, "url": f"{root}/hello/x?q=y"}
    assert site.client.get(response.json()["url"]).json()["name"] == "x"


@in_one_block
def test_a_response_to_head_has_the_headers_of_get(site: Site) -> None:
    get, head = (site.client.request(method, site.url("/hello/x")) for method in ("GET", "HEAD"))
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == get.headers["content-type"]


@in_one_block
def test_a_204_has_no_content(site: Site) -> None:
    response = site.client.get(site.url("/no-content"))
    assert (response.status_code, response.content) == (204, b"")


@in_one_block
def test_a_form_is_received_by_the_program(site: Site) -> None:
    response = site.client.post(site.url("/form"), data={"a": "ä b", "b": "&="})
    assert response.json() == {"a": "ä b", "b": "&="}


@in_one_block
def test_an_upload_is_received_by_the_program(site: Site) -> None:
    octets = bytes(range(256)) * 4000
    response = site.client.post(site.url("/upload"), data={"note": "n"}, files={"file": ("ü.bin", octets)})
    assert response.json() == {"name": "ü.bin", "digest": digest(octets), "note": "n"}


@in_one_block
@pytest.mark.parametrize("size", [0, 2_000_000], ids=str)
def test_a_body_of_known_length_is_received(site: Site, size: int) -> None:
    octets = b"\0\xff" * (size // 2)
    assert site.client.put(site.url("/raw"), content=octets).text == digest(octets)


def test_a_chunked_body_is_received_by_the_program(site: Site) -> None:
    """Apache passes the body without a length; the others determine the length first."""
    blocks = [bytes([number]) * 50_000 for number in range(30)]
    response = site.client.put(site.url("/raw"), content=iter(blocks))
    assert response.text == digest(b"".join(blocks))


def test_an_unread_body_does_not_lose_the_response(site: Site) -> None:
    response = site.client.put(site.url("/ignored"), content=b"x" * 300_000)
    assert (response.status_code, response.text) == (200, "not read")


def test_the_first_block_is_received_before_the_last_is_produced(site: Site) -> None:
    with site.client.stream("GET", site.url("/stream")) as response:
        blocks = response.iter_raw()
        assert next(blocks) == b"first\n"
        site.signal()
        assert b"".join(blocks) == b"last\n"


def test_a_disconnect_ends_a_stream(site: Site) -> None:
    with site.client.stream("GET", site.url("/ticks")) as response:
        blocks = response.iter_raw()  # which closes the connection when no process keeps it open
        assert next(blocks).startswith(b"tick\n")
        assert "ended" not in site.recorded(), site.server.log()
    eventually(lambda: "ended" in site.recorded(), "the stream has been closed")
    if site.program == "starlette":
        eventually(lambda: "shut down" in site.recorded(), "the lifespan has ended")


@in_one_block
def test_a_redirect_reaches_the_client(site: Site) -> None:
    response = site.client.get(site.url("/redirect"))
    assert response.status_code == 303
    target = httpx.URL(site.server.url).join(response.headers["location"])
    assert target.path == f"/{site.program}.cgi/hello/there"
    assert site.client.get(target).json()["name"] == "there"


@in_one_block
def test_cookies_are_received_and_set(site: Site) -> None:
    response = site.client.get(site.url("/cookies"), headers={"Cookie": "x=1; y=2"})
    assert response.json() == {"x": "1", "y": "2"}
    assert [cookie.partition(";")[0] for cookie in response.headers.get_list("set-cookie")] == ["a=1", "b=2"]


@in_one_block
def test_authorization_reaches_the_program(site: Site) -> None:
    response = site.client.get(site.url("/authorization"), headers={"Authorization": "Bearer x"})
    assert response.text == "Bearer x"


@in_one_block
def test_a_stray_print_goes_to_the_servers_log(site: Site) -> None:
    assert site.client.get(site.url("/prints")).text == "clean"
    eventually(lambda: "a stray print" in site.server.log(), "it is in the log")


@in_one_block
def test_a_crash_is_a_500_and_a_traceback_in_the_log(site: Site) -> None:
    before = site.server.log().count("ZeroDivisionError: of the application")
    assert site.client.get(site.url("/crash")).status_code == 500
    eventually(
        lambda: site.server.log().count("ZeroDivisionError: of the application") > before, "the traceback is in the log"
    )


def test_a_crash_after_the_response_headers_cuts_the_response_off(site: Site) -> None:
    received = b""
    with contextlib.ExitStack() as stack:
        if site.name in OURS:  # the other servers end the response as if it were complete, for any exit status
            stack.enter_context(pytest.raises(httpx.RemoteProtocolError))
        with site.client.stream("GET", site.url("/crash-late")) as response:
            assert response.status_code == 200
            for block in response.iter_raw():
                received += block
    assert received == b"first\n"


@in_one_block
def test_many_concurrent_requests_are_served(site: Site) -> None:
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        names = pool.map(lambda n: site.client.get(site.url(f"/hello/{n}")).json()["name"], range(4))
    assert list(names) == ["0", "1", "2", "3"]


def test_the_lifespan_surrounds_the_request(starlette: Site) -> None:
    assert starlette.client.get(starlette.url("/state")).text == "connected"
    eventually(lambda: "shut down" in starlette.recorded(), "the lifespan has ended")


def test_a_background_task_runs_after_the_response_until_it_is_done(starlette: Site) -> None:
    """Servers that send SIGTERM when the response has ended do not change that."""
    if starlette.name == "apache-cgi":  # this server ends a response only after the program has also closed its stderr
        starlette.signal()
    assert starlette.client.get(starlette.url("/background")).text == "at once"
    if starlette.name != "apache-cgi":
        assert "worked" not in starlette.recorded()
        starlette.signal()
    eventually(lambda: "worked" in starlette.recorded(), "the work is done")
    eventually(lambda: "shut down" in starlette.recorded(), "the lifespan has ended")
