"""Build and install: the source distribution, the wheel built from it, and its use."""

import functools
import json
import os
import re
import signal
import subprocess
import sys
import tarfile
import urllib.request
import zipfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.docs.blocks import blocks

# Each test may have to build and install the packages first.
pytestmark = pytest.mark.timeout(600)
ROOT = Path(__file__).parent.parent
USER = Path(__file__).parent / "packaging" / "user.py"
SUPPORTED = [f"3.{minor}" for minor in range(11, 16)]
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]


def run(command: list[object], **options: object) -> str:
    """Return the stdout of a command, which must succeed."""
    done = subprocess.run(
        [str(each) for each in command], capture_output=True, text=True, timeout=300, check=False, **options
    )  # type: ignore[call-overload]
    assert done.returncode == 0, done.stdout + done.stderr
    return str(done.stdout)


@functools.cache
def pythons() -> dict[str, str]:
    """Return each supported Python of this machine."""
    lines = run([ROOT / ".ci/pythons"]).splitlines()
    return {line.split(" ", 1)[0]: line.split(" ", 1)[1] for line in lines}


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sdist")
    run([sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", folder], cwd=ROOT)
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the source distribution, like an installer does."""
    folder = tmp_path_factory.mktemp("wheel")
    run([*PIP, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", folder, sdist])
    (built,) = folder.iterdir()
    return built


def venv(python: str, folder: Path) -> Path:
    """Return the Python of a new virtual environment without pip; the tests' Python installs into it."""
    run([python, "-m", "venv", "--without-pip", folder])
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the Python of a virtual environment with the wheel and the toolkit's dependencies."""
    python = venv(sys.executable, tmp_path_factory.mktemp("full") / "venv")
    done = subprocess.run(
        [*PIP, "--python", python, "install", "--no-compile", f"{wheel}[toolkit]"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if "NewConnectionError" in done.stderr and os.environ.get("CI") != "true":
        pytest.skip("the package registry cannot be reached")
    assert done.returncode == 0, done.stderr
    return python


def test_the_source_distribution_has_the_files_to_build_and_test_and_read(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"README.md", "LICENSE", "pyproject.toml", "Makefile", "mkdocs.yml", "docs/index.md"} <= names
    assert {"tests/test_packaging.py", ".ci/pythons", "adapters/wsgi_to_asgi.py"} <= names
    assert not [name for name in names if re.search(r"(^|/)(\.venv|\.git|__pycache__|site|\.cache)(/|$)", name)]


def test_a_wheel_of_the_clone_equals_that_of_its_source_distribution(wheel: Path, tmp_path: Path) -> None:
    run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path], cwd=ROOT)
    (direct,) = tmp_path.iterdir()
    with zipfile.ZipFile(direct) as one, zipfile.ZipFile(wheel) as other:
        assert sorted(one.namelist()) == sorted(other.namelist())
        assert all(one.read(name) == other.read(name) for name in one.namelist() if ".dist-info/" not in name)


def test_the_wheel_requires_no_dependency_without_an_extra(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [each for each in archive.namelist() if each.endswith(".dist-info/METADATA")]
        lines = archive.read(name).decode().splitlines()
    assert [line for line in lines if line.startswith("Requires-Dist:") and "extra ==" not in line] == []


def test_the_wheel_has_every_file_of_the_packages_and_no_other(wheel: Path) -> None:
    tree = {
        prefix + str(file.relative_to(ROOT))
        for prefix, package in (("gateways/", "adapters"), ("", "gateways"))
        for file in (ROOT / package).rglob("*")
        if file.is_file()
        and not re.search(r"(^|/)(__pycache__|\.\w+_cache|gateways/adapters)/", str(file.relative_to(ROOT)))
    }
    with zipfile.ZipFile(wheel) as archive:
        files = {info.filename: info for info in archive.infolist()}
    assert {name for name in files if ".dist-info/" not in name} == tree
    assert {"gateways/py.typed", "gateways/adapters/py.typed"} <= set(files)
    assert files["gateways/cgi/app.py"].external_attr >> 16 & 0o111, "it is a program"


@pytest.mark.parametrize("name", SUPPORTED)
def test_installed_alone_the_adapters_work_on_every_python(name: str, wheel: Path, tmp_path: Path) -> None:
    if name not in pythons():
        pytest.skip(f"this machine has no Python {name}")
    python = venv(pythons()[name], tmp_path / "venv")
    run([*PIP, "--python", python, "install", "--no-index", "--no-compile", wheel])
    assert run([python, "-I", "-W", "error", "-c", ADAPTED]) == "http.response.start http.response.body\n"
    done = subprocess.run([python.with_name("gateways")], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"gateways: .*'click'.* -m pip install .*gateways\[toolkit\].*\n", done.stderr)


def test_the_adapters_work_beside_another_package_named_adapters(wheel: Path, tmp_path: Path) -> None:
    python = venv(sys.executable, tmp_path / "venv")
    run([*PIP, "--python", python, "install", "--no-index", "--no-compile", wheel])
    (site,) = (tmp_path / "venv").glob("lib/python3*/site-packages")
    assert not (site / "adapters").exists()
    (site / "adapters").mkdir()
    (site / "adapters" / "__init__.py").write_text("WHOSE = 'another project'\n")
    program = "import adapters, gateways.adapters; print(adapters.WHOSE, gateways.adapters.WSGIToASGI.__name__)"
    assert run([python, "-I", "-W", "error", "-c", program]) == "another project WSGIToASGI\n"


def test_the_command_runs_with_the_dependencies_of_the_wheel(installed: Path) -> None:
    command = installed.with_name("gateways")
    assert run([command, "--version"]).startswith(f"gateways {version('gateways')}\n")
    assert "demo" in run([command, "--help"])
    taken = json.loads(run([command, "trace", "--json"], cwd="/"))
    assert taken["response"]["status"] == 200


@pytest.fixture
def demo(installed: Path) -> Iterator[list[str]]:
    """Return the addresses of a demo, the page's first."""
    with subprocess.Popen(
        [installed.with_name("gateways"), "demo", "--port", "0", "--quiet"], stdout=subprocess.PIPE, text=True, cwd="/"
    ) as process:
        assert process.stdout is not None
        said = iter(process.stdout.readline, "Press Ctrl-C to stop.\n")
        yield [url for line in said for url in re.findall(r"^\w+ +(http://\S+)", line)]
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


def test_the_demo_and_its_page_are_in_the_wheel(demo: list[str]) -> None:
    page, *apps = demo
    assert len(apps) == 3
    for app in apps:
        assert fetched(f"{app}/hello?name=you") == "Hello, you!\n"
    scripts = re.findall(r'(?:src|href)="([^":]+\.(?:js|css))"', fetched(page))
    assert scripts
    for script in scripts:
        assert fetched(f"{page}/{script.removeprefix('/')}")


def fetched(url: str) -> str:
    with urllib.request.urlopen(url, timeout=20) as response:
        return str(response.read().decode())


def test_a_users_file_with_all_six_adapters_passes_mypy_strict(installed: Path, tmp_path: Path) -> None:
    mypy = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={tmp_path}"]
    run([*mypy, f"--python-executable={installed}", USER], cwd=tmp_path)
    wrong = tmp_path / "wrong.py"
    wrong.write_text(USER.read_text() + "\nWSGIToASGI(wsgi, threads='many')\n")
    done = subprocess.run(
        [*mypy, f"--python-executable={installed}", wrong], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert '"threads" to "WSGIToASGI" has incompatible type "str"' in done.stdout


ADAPTED = """
import asyncio
from gateways import adapters
assert all(getattr(adapters, name) for name in adapters.__all__)

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["PATH_INFO"].encode()]

async def main():
    sent = []
    async def send(message):
        sent.append(message)
    async def receive():
        return {"type": "http.request"}
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": [], "http_version": "1.1"}
    await adapters.WSGIToASGI(app)(scope, receive, send)
    assert sent[1]["body"] == b"/"
    print(*(message["type"] for message in sent))

asyncio.run(main())
"""

LINES = {block.title: block.text for block in blocks((ROOT / "docs/command-line.md").read_text())}
COMPLETED = """
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_gateways_completion gateways
echo "${COMPREPLY[@]}"
"""


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["gateways", "ser"], "serve"),
        (["gateways", "demo", "--mo"], "--mode"),
        (["gateways", "demo", "--mode", ""], "cgi wsgi asgi"),
        (["gateways", "serve", "--server", "gu"], "gunicorn"),
        (["gateways", "demo", "--mode", "asgi", "--server", ""], "uvicorn hypercorn daphne granian"),
        (["gateways", "compare", "--scenarios", "hello,str"], "hello,stream"),
    ],
)
def test_bash_completion_works(words: list[str], offered: str, tmp_path: Path) -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    script = tmp_path / "completed.sh"
    script.write_text(LINES["completion.bash"] + COMPLETED)
    assert run(["bash", "--norc", script, *words], env={"PATH": path}).split() == offered.split()


@pytest.mark.parametrize(
    ("shell", "defines"), [("zsh", "compdef _gateways_completion gateways"), ("fish", "complete ")]
)
def test_completion_scripts_exist_for_each_shell(shell: str, defines: str) -> None:
    (instruction,) = re.findall(r"_GATEWAYS_COMPLETE=(\w+) gateways", LINES[f"completion.{shell}"])
    command = Path(sys.executable).with_name("gateways")
    assert defines in run([command], env={"_GATEWAYS_COMPLETE": instruction})
