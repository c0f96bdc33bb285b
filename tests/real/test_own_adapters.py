"""The commands in a project whose own modules have the names of this project's folders, or of the standard library."""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.real.running import Running

COMMAND = Path(sys.executable).with_name("gateways")
APP = """
import json
import adapters, benchmarks, demos, tests

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps([each.OWNER for each in (adapters, benchmarks, demos, tests)]).encode()]
"""
OWNED = ["the project"] * 4


@pytest.fixture(params=["a package", "a module", "an installed package"])
def project(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Create a folder with shop.py; the modules that it imports are beside it, or installed."""
    folder, library = tmp_path / "project", tmp_path / "library"
    folder.mkdir()
    library.mkdir()
    (folder / "shop.py").write_text(APP)
    place = library if request.param == "an installed package" else folder
    for name in ("adapters", "benchmarks", "demos", "tests"):
        if request.param == "a module":
            (place / f"{name}.py").write_text("OWNER = 'the project'\n")
        else:
            (place / name).mkdir()
            (place / name / "__init__.py").write_text("OWNER = 'the project'\n")
    monkeypatch.setenv("PYTHONPATH", str(library))
    monkeypatch.chdir(folder)
    return folder


def gateways(*arguments: str, limit: float = 55) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, *arguments], capture_output=True, text=True, timeout=limit, check=False, stdin=subprocess.DEVNULL
    )


def fetched(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=20) as response:
        return bytes(response.read())


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("server", ["waitress", "uvicorn", "gunicorn"])
def test_serve_runs_an_app_that_imports_its_own_adapters(server: str) -> None:
    with Running("serve", "shop:app", "--server", server, "--port", "0", stdout=None) as serving:
        serving.wait_for("Press Ctrl-C to stop")
        assert json.loads(fetched(serving.said[0].split()[0])) == OWNED


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("mode", ["wsgi", "asgi", "cgi"])
def test_trace_runs_an_app_that_imports_its_own_adapters(mode: str) -> None:
    done = gateways("trace", "shop:app", "--mode", mode, "--json")
    assert done.returncode == 0, done.stderr + done.stdout
    traced: Any = json.loads(done.stdout)
    assert traced["response"]["status"] == 200
    assert "the project" in done.stdout


@pytest.mark.timeout(120)
@pytest.mark.parametrize("project", ["a package"], indirect=True)  # the other two cases take half a minute each
def test_compare_runs_an_app_that_imports_its_own_adapters(project: Path) -> None:
    out = project / "run.json"
    asked = ("--modes", "wsgi,wsgi-on-asgi", "--servers", "waitress,uvicorn", "--quick", "--force")
    done = gateways("compare", "shop:app", *asked, "--json", os.fspath(out), limit=110)
    if "two runs of the same server differ by more than 100 %" in done.stderr:
        pytest.skip("too busy to judge: the app was served and measured, and the noise was too large")
    assert done.returncode == 0, done.stderr + done.stdout


@pytest.mark.usefixtures("project")
def test_the_demo_runs_in_a_project_with_its_own_adapters() -> None:
    with Running("demo", "--mode", "cgi", "--port", "0", stdout=None) as demo:
        demo.wait_for("Press Ctrl-C to stop")


SHADOWING = (
    "copy",
    "html",
    "logging",
    "queue",
    "random",
    "select",
    "signal",
    "socket",
    "tempfile",
    "types",
    "waitress",
)
"""Modules that this project or a server needs, and that must not come from the user's folder."""
HELLO = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]
"""


@pytest.fixture
def shadowing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Create a folder with shop.py, and with empty modules named like those of the standard library."""
    (tmp_path / "shop.py").write_text(HELLO)
    for name in SHADOWING:
        (tmp_path / f"{name}.py").write_text("")
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("shadowing")
@pytest.mark.parametrize("server", ["waitress", "uvicorn", "gunicorn"])
def test_serve_takes_no_module_of_the_standard_library_from_the_users_folder(server: str) -> None:
    with Running("serve", "shop:app", "--server", server, "--port", "0", stdout=None) as serving:
        serving.wait_for("Press Ctrl-C to stop")
        assert fetched(serving.said[0].split()[0]) == b"hello"


@pytest.mark.usefixtures("shadowing")
@pytest.mark.parametrize("mode", ["wsgi", "asgi", "cgi"])
def test_trace_takes_no_module_of_the_standard_library_from_the_users_folder(mode: str) -> None:
    done = gateways("trace", "shop:app", "--mode", mode, "--json")
    assert done.returncode == 0, done.stderr + done.stdout
    assert json.loads(done.stdout)["response"]["status"] == 200


@pytest.mark.usefixtures("shadowing")
def test_check_takes_no_module_of_the_standard_library_from_the_users_folder() -> None:
    done = gateways("check", "shop:app", "--to", "asgi")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.usefixtures("shadowing")
def test_the_app_gets_its_own_module_instead_of_an_installed_package() -> None:
    Path("waitress.py").write_text("OWNER = 'the project'\n")
    Path("shop.py").write_text("import waitress\n" + HELLO.replace('b"hello"', "waitress.OWNER.encode()"))
    with Running("serve", "shop:app", "--server", "uvicorn", "--port", "0", stdout=None) as serving:
        serving.wait_for("Press Ctrl-C to stop")
        assert fetched(serving.said[0].split()[0]) == b"the project"


@pytest.mark.parametrize("line", ["import gateways.stripe", "from gateways import stripe"])
def test_an_own_package_with_the_name_of_this_project_is_named(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gateways").mkdir()
    (tmp_path / "gateways" / "stripe.py").touch()
    (tmp_path / "shop.py").write_text(f"{line}\n{HELLO}")
    monkeypatch.chdir(tmp_path)
    done = gateways("trace", "shop:app")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith(
        "; rename 'gateways' in this folder: this project's package `gateways` is imported instead\n"
    )
