"""demos/shared_hosting: under Apache, with its .htaccess; under this project's CGI host; and by hand."""

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.demos.asking import client
from tests.demos.starting import ENVIRONMENT, command, run, started
from tests.real.cgi_servers import serving
from tests.real.serving import ROOT, Running, eventually

FOLDER = ROOT / "demos" / "shared_hosting"


@pytest.fixture(scope="module")
def apache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    htdocs, scratch = tmp_path_factory.mktemp("hosting") / "htdocs", tmp_path_factory.mktemp("scratch")
    shutil.copytree(FOLDER, htdocs, ignore=shutil.ignore_patterns("__pycache__"))
    (htdocs / "style.css").write_text("body { color: black }\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", ENVIRONMENT["PATH"])
        with serving("apache-cgid", htdocs, scratch) as server:
            shutil.copy(FOLDER / ".htaccess", htdocs)  # Apache reads it with each request
            yield server


@pytest.fixture(scope="module", params=["apache", "our own host"])
def server(request: pytest.FixtureRequest) -> Iterator[Running]:
    if request.param == "apache":
        yield request.getfixturevalue("apache")
    else:
        with started("shared_hosting/app.cgi", "gateways") as running:
            yield running


def test_the_app_sees_the_same_url_as_the_client(server: Running) -> None:
    urls = client.get(f"{server.url}/items").json()
    assert urls == [f"{server.url}/items/1", f"{server.url}/items/2"]


def test_each_request_has_its_own_process_and_lifespan(server: Running) -> None:
    answers = [client.get(f"{server.url}/items/{number}?q=tea").json() for number in (1, 2)]
    processes = [answer.pop("process") for answer in answers]
    assert answers == [{"number": n, "q": "tea", "url": f"{server.url}/items/{n}?q=tea"} for n in (1, 2)]
    assert processes[0] != processes[1]
    ends = [f"lifespan: closed in {process}" for process in processes]
    eventually(lambda: all(end in server.log() for end in ends), "each lifespan ends")


def test_uploads_and_404_pages_are_served_by_the_app(server: Running) -> None:
    answer = client.post(f"{server.url}/photos", files={"photo": ("cat.jpg", b"\xff" * 300_000)})
    assert (answer.status_code, answer.json()) == (201, {"name": "cat.jpg", "bytes": 300_000})
    assert client.get(f"{server.url}/nowhere").json() == {"detail": "Not Found"}


def test_files_are_served_by_apache_and_sources_are_not_served(apache: Running) -> None:
    assert client.get(f"{apache.url}/style.css").text == "body { color: black }\n"
    for path in ("/api.py", "/.htaccess"):
        answer = client.get(f"{apache.url}{path}")
        assert answer.status_code == 403
        assert "FastAPI" not in answer.text


def test_authorization_reaches_the_app(apache: Running) -> None:
    assert client.get(f"{apache.url}/me").status_code == 401
    assert client.get(f"{apache.url}/me", auth=("Ada", "secret")).json() == {"user": "Ada"}


def test_from_the_command_line_it_prints_one_response() -> None:
    head, _, body = run(shlex.split(command("shared_hosting/app.cgi", "python "))).partition("\n\n")
    assert re.search(r"^Status: 200 OK$", head, re.MULTILINE)
    assert json.loads(body)["q"] == "tea"


def test_the_script_runs_under_a_server() -> None:
    assert Path(FOLDER / "app.cgi").stat().st_mode & 0o777 == 0o755
