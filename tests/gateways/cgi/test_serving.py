"""A folder served in a thread, as in a test suite, and as a WSGI application; the environment of its programs."""

import http.client
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateways.cgi.server import environment
from gateways.cgi.serving import cgi_server
from gateways.cgi.site import WSGISite, site
from tests.gateways.cases import Request
from tests.gateways.wsgi.harness import ask

ECHO = f"""#!{sys.executable}
import os, sys
body = sys.stdin.read()
print("Content-Type: text/plain\\n")
print(*map(os.environ.get, ("SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "DOCUMENT_ROOT", "NAMED", "HOME")), body)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "index.html").write_text("hello")
    (tmp_path / "cgi-bin").mkdir()
    program(tmp_path / "cgi-bin" / "echo.py", ECHO)
    return tmp_path


@pytest.fixture
def url(folder: Path) -> Iterator[str]:
    """The fixture from the docstring of gateways.cgi.serving."""
    with cgi_server(folder, env={"NAMED": "by name"}) as url:
        yield url


def program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def get(url: str, data: bytes | None = None) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, data, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_files_and_programs_are_served(url: str, folder: Path) -> None:
    assert get(f"{url}/") == (200, "hello")
    assert get(f"{url}/cgi-bin/echo.py/more?query", b"body") == (
        200,
        f"/cgi-bin/echo.py /more query {folder} by name None body\n",
    )
    assert get(f"{url}/cgi-bin/")[0] == 404
    assert get(f"{url}//cgi-bin/echo.py", b"body")[1].startswith("/cgi-bin/echo.py None ")
    assert get(f"{url}/index.html", b"posted")[0] == 405


def test_a_folder_of_programs_may_be_created_later(url: str, folder: Path) -> None:
    assert get(f"{url}/htbin/late.sh")[0] == 404
    (folder / "htbin").mkdir()
    program(folder / "htbin" / "late.sh", "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nlate'\n")
    assert get(f"{url}/htbin/late.sh") == (200, "late")


def test_leaving_the_block_terminates_running_programs_and_the_thread(folder: Path) -> None:
    program(
        folder / "cgi-bin" / "stays.sh", "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'; echo on; exec sleep 60\n"
    )
    before = set(threading.enumerate())
    with cgi_server(folder) as url:
        client = http.client.HTTPConnection(url.removeprefix("http://"), timeout=20)
        client.request("GET", "/cgi-bin/stays.sh")
        answer = client.getresponse()
        assert answer.readline() == b"on\n"
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        answer.read()
    client.close()
    assert len(set(threading.enumerate()) - before) <= 1  # the reaper stays
    assert "cgi-server" not in [each.name for each in threading.enumerate()]


def test_the_site_also_works_as_a_wsgi_application(folder: Path) -> None:
    app = site(folder, "CGIToWSGI", env={"NAMED": "so"})
    assert isinstance(app, WSGISite)
    assert ask(app, Request(b"/")).body == b"hello"
    answer = ask(app, Request(b"/cgi-bin/echo.py/x?y", "POST", b"body"))
    assert answer.body.decode() == f"/cgi-bin/echo.py /x y {folder} so None body\n"
    app.close()


def test_a_missing_folder_is_reported_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), cgi_server(tmp_path / "nowhere"):
        pass


@pytest.mark.parametrize(("wanted", "expected"), [((), "{own}:/bin"), (("PATH",), "{own}:/bin"), (("PATH=/x",), "/x")])
def test_the_folder_of_this_python_is_first_in_path_unless_path_is_given(
    wanted: tuple[str, ...], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/bin")
    monkeypatch.delenv("ABSENT", raising=False)
    monkeypatch.setenv("PRESENT", "1")
    found = environment((*wanted, "ABSENT", "PRESENT", "GIVEN=a=b"))
    path = expected.format(own=Path(sys.executable).parent)
    assert found == {"PATH": path, "PRESENT": "1", "GIVEN": "a=b"}
