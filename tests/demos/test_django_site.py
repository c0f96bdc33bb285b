"""demos/django_site.py and its migration in docs/migrating.md: record, diff, switch.

tests/docs runs the commands of the page. Here, the same traffic comes from a HAR file, as a browser saves it.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.demos.starting import ENVIRONMENT
from tests.real.client import KEPT
from tests.real.serving import ROOT, serve

pytestmark = pytest.mark.timeout(180)


class Browser:
    """A client that records its requests like the developer tools of a browser (HAR 1.2, with content)."""

    def __init__(self, url: str) -> None:
        self.client = httpx.Client(base_url=url, headers={"User-Agent": "Mozilla/5.0"}, limits=KEPT)
        self._url = url
        self.entries: list[dict[str, Any]] = []

    def __call__(self, method: str, path: str, **more: Any) -> httpx.Response:
        if method == "POST":
            more["headers"] = {"Origin": self._url, "Referer": f"{self._url}{path}"}
        response = self.client.request(method, path, **more)
        request = response.request
        content = request.read()
        recorded: dict[str, Any] = {
            "method": method,
            "url": str(request.url),
            "headers": pairs(request.headers),
            "bodySize": len(content),
        }
        if content:
            kind = request.headers["content-type"]
            recorded["postData"] = {"mimeType": kind, "text": content.decode()}
        answer = {
            "status": response.status_code,
            "headers": pairs(response.headers),
            "content": {"text": response.text},
        }
        self.entries.append({"request": recorded, "response": answer})
        return response

    def save(self, file: Path) -> None:
        file.write_text(json.dumps({"log": {"version": "1.2", "entries": self.entries}}))


def pairs(headers: httpx.Headers) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers.multi_items()]


def token(page: httpx.Response) -> str:
    found = re.search(r'csrfmiddlewaretoken"? value="?(\w+)', page.text)
    assert found, page.text
    return found[1]


def use(site: Browser) -> None:
    """Log in to the admin, create a group, upload a file, view pages."""
    login = {"csrfmiddlewaretoken": token(site("GET", "/admin/login/")), "username": "ada", "password": "engine"}
    assert site("POST", "/admin/login/?next=/admin/", data=login).status_code == 302
    assert site("GET", "/admin/").status_code == 200
    group = {"csrfmiddlewaretoken": token(site("GET", "/admin/auth/group/add/")), "name": "editors", "_save": "Save"}
    assert site("POST", "/admin/auth/group/add/", data=group).status_code == 302
    form = {"csrfmiddlewaretoken": token(site("GET", "/"))}
    assert site("POST", "/", data=form, files={"file": ("notes.txt", b"hello")}).status_code == 302
    assert "notes.txt: 5 bytes" in site("GET", "/").text
    assert site("GET", "/uploads").json() == {"uploads": ["notes.txt"]}
    assert site("GET", "/uploads/notes.txt").content == b"hello"
    assert site("GET", "/uploads/gone.txt").status_code == 404


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the site, its data, and the recording of a visit."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(ROOT / "demos" / "django_site.py", folder)
    subprocess.run([sys.executable, "django_site.py", "reset"], cwd=folder, env=ENVIRONMENT, check=True, timeout=60)
    shutil.copy(folder / "site.sqlite3", folder / "clean.sqlite3")
    config = f"--config={ROOT}/tests/real/gunicorn.conf.py"
    words = ["gunicorn", "--bind={host}:{port}", config, f"--chdir={folder}", "django_site:app"]
    with serve(words, env={**ENVIRONMENT, "PYTHONPATH": str(ROOT)}) as server:
        browser = Browser(f"http://localhost:{server.port}")
        with browser.client:
            use(browser)
        browser.save(folder / "visit.har")
    return folder


def diff(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gateways", "diff", "--requests", "visit.har", *arguments]
    environment = {**ENVIRONMENT, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=150, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


RESET = ("--reset", "cp clean.sqlite3 site.sqlite3")


def test_a_recorded_visit_with_a_login_and_an_upload_is_the_same_on_uvicorn(folder: Path) -> None:
    done = diff(folder, "django_site:app@gunicorn", "@uvicorn", *RESET, "--json", "result.json")
    assert done.returncode == 0, done.stdout
    result = json.loads((folder / "result.json").read_text())
    assert {each["request"]: each["old"][0] for each in result["requests"]} == {
        "GET /admin/login/": 200,
        "POST /admin/login/?next=/admin/": 302,
        "GET /admin/": 200,
        "GET /admin/auth/group/add/": 200,
        "POST /admin/auth/group/add/": 302,
        "GET /": 200,
        "POST /": 302,
        "GET /uploads": 200,
        "GET /uploads/notes.txt": 200,
        "GET /uploads/gone.txt": 404,
    }
    assert all(each["old"] == each["new"] for each in result["requests"])
    assert "is taken from the response to GET /admin/login/" in done.stdout
    assert "a status other than the recorded one" not in done.stdout


def test_without_a_reset_the_changed_data_is_reported_as_a_doubt(folder: Path) -> None:
    done = diff(folder, "django_site:app@waitress", "@waitress")
    assert "restore it with --reset COMMAND" in done.stdout
