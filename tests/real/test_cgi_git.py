"""git http-backend under the CGI hosts, with the real git client."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.adapters.run_cgi.leftovers import assert_gone, processes
from tests.programs import require_program
from tests.real.serving import Running, eventually, serve

SERVERS = {
    "uvicorn": ("tests.real.apps.cgi_program:asgi", "uvicorn"),
    "hypercorn": ("tests.real.apps.cgi_program:asgi", "hypercorn"),
    "waitress": ("tests.real.apps.cgi_program:wsgi", "waitress"),
    "gunicorn": ("tests.real.apps.cgi_program:wsgi", "gunicorn"),
}
IDENTITY = {
    f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in (("NAME", "a"), ("EMAIL", "a@b"))
}
CLIENT = {"PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0", **IDENTITY}


def git(folder: Path, *arguments: str, **variables: str) -> str:
    """Run git and return its output; AssertionError with the output if it fails."""
    environment = {**CLIENT, "HOME": str(folder), **variables}
    command = ["git", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"{' '.join(arguments)}: {done.stdout}{done.stderr}"
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Create `small.git`; `many.git` with 2000 tags; `large.git` with 30 MB of incompressible data; `closed.git`, which
    refuses access.
    """
    require_program("git")
    folder = tmp_path_factory.mktemp("git")
    for name, size in (("small", 1000), ("many", 1000), ("large", 15_000_000)):
        work = folder / f"{name}-work"
        git(folder, "init", "-q", "-b", "main", str(work))
        for number in (1, 2):
            (work / "data").write_bytes(os.urandom(size))
            git(work, "add", "data")
            git(work, "commit", "-q", "-m", f"commit {number}")
        if name == "many":
            head = git(work, "rev-parse", "HEAD").strip()
            refs = "".join(f"create refs/tags/t{number} {head}\n" for number in range(2000))
            subprocess.run(["git", "update-ref", "--stdin"], cwd=work, input=refs, text=True, check=True)
        git(folder, "clone", "-q", "--bare", str(work), f"projects/{name}.git")
        git(folder / "projects" / f"{name}.git", "config", "http.receivepack", "true")
    shutil.copytree(folder / "projects" / "small.git", folder / "projects" / "closed.git")
    hook = folder / "projects" / "closed.git" / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho not today\nexit 1\n")
    hook.chmod(0o755)
    return folder / "projects"


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest, projects: Path) -> Iterator[Running]:
    backend = Path(git(projects, "--exec-path").strip()) / "git-http-backend"
    variables = {
        "GIT_PROJECT_ROOT": str(projects),
        "GIT_HTTP_EXPORT_ALL": "1",
        "HOME": str(projects),
        "CGI_TEST": str(projects),
    }
    app, name = SERVERS[request.param]
    environment = {**os.environ, "CGI_PROGRAM": str(backend), "CGI_VARIABLES": json.dumps(variables)}
    with serve(app, name, env=environment) as running:
        yield running
        assert_gone(str(projects), running.process.pid, variable="CGI_TEST")


@pytest.mark.parametrize("version", ["0", "2"])
def test_a_repository_is_cloned(server: Running, tmp_path: Path, version: str) -> None:
    git(tmp_path, "-c", f"protocol.version={version}", "clone", f"{server.url}/small.git", "a")
    assert git(tmp_path / "a", "log", "--format=%s").split("\n")[:2] == ["commit 2", "commit 1"]
    git(tmp_path / "a", "fsck", "--strict")


def test_a_shallow_clone_is_deepened(server: Running, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--depth", "1", f"{server.url}/small.git", "a")
    assert git(tmp_path / "a", "rev-list", "--count", "HEAD").strip() == "1"
    git(tmp_path / "a", "fetch", "--unshallow")
    assert git(tmp_path / "a", "rev-list", "--count", "HEAD").strip() == "2"


def test_a_large_clone_is_complete(server: Running, projects: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", f"{server.url}/large.git", "a")
    want = git(projects / "large.git", "rev-parse", "main")
    assert git(tmp_path / "a", "rev-parse", "HEAD") == want
    git(tmp_path / "a", "fsck")


def test_the_dumb_protocol_works(server: Running, projects: Path, tmp_path: Path) -> None:
    git(projects / "small.git", "update-server-info")
    git(tmp_path, "clone", f"{server.url}/small.git", "a", GIT_SMART_HTTP="0")
    assert git(tmp_path / "a", "rev-list", "--count", "HEAD").strip() == "2"


@pytest.mark.parametrize(
    ("size", "buffer"), [(1000, 1 << 20), (3_000_000, 65536), (3_000_000, 1 << 25)], ids=["small", "chunked", "large"]
)
def test_commits_are_pushed(server: Running, projects: Path, tmp_path: Path, size: int, buffer: int) -> None:
    git(tmp_path, "clone", f"{server.url}/small.git", "a")
    branch = f"b{size}-{buffer}"
    (tmp_path / "a" / "new").write_bytes(os.urandom(size))
    git(tmp_path / "a", "add", "new")
    git(tmp_path / "a", "commit", "-m", "pushed")
    trace = git(
        tmp_path / "a", "-c", f"http.postBuffer={buffer}", "push", "origin", f"HEAD:{branch}", GIT_CURL_VERBOSE="1"
    )
    assert ("Send header: Transfer-Encoding: chunked" in trace) == (buffer == 65536)
    assert git(projects / "small.git", "log", "-1", "--format=%s", branch).strip() == "pushed"
    git(projects / "small.git", "fsck")
    git(tmp_path / "a", "push", "origin", f":{branch}")


def test_a_fetch_with_a_gzipped_request_works(server: Running, tmp_path: Path) -> None:
    trace = git(tmp_path, "-c", "protocol.version=0", "clone", f"{server.url}/many.git", "a", GIT_CURL_VERBOSE="1")
    git(tmp_path / "a", "commit", "--allow-empty", "-m", "local")
    for number in range(300):
        git(tmp_path / "a", "update-ref", f"refs/heads/l{number}", "HEAD")
    git(tmp_path / "a", "tag", "-d", *[f"t{number}" for number in range(2000)])
    trace += git(tmp_path / "a", "-c", "protocol.version=0", "fetch", "--tags", GIT_CURL_VERBOSE="1")
    assert "Content-Encoding: gzip" in trace
    assert len(git(tmp_path / "a", "tag").split()) == 2000


def test_a_missing_repository_is_reported(server: Running, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="not found"):
        git(tmp_path, "clone", f"{server.url}/none.git", "a")


def test_a_refused_push_has_its_reason(server: Running, tmp_path: Path) -> None:
    git(tmp_path, "clone", f"{server.url}/closed.git", "a")
    git(tmp_path / "a", "commit", "--allow-empty", "-m", "refused")
    with pytest.raises(AssertionError, match="remote: not today"):
        git(tmp_path / "a", "push", "origin", "HEAD:new")


def test_an_interrupted_clone_leaves_nothing_behind(server: Running, projects: Path, tmp_path: Path) -> None:
    command = ["git", "clone", f"{server.url}/large.git", "a"]
    environment = {**CLIENT, "HOME": str(tmp_path)}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL) as client:
        helpers = psutil.Process(client.pid)
        eventually(lambda: len(processes(str(projects), "CGI_TEST")) >= 2, "git works for the client")
        for process in [*helpers.children(recursive=True), helpers]:
            process.kill()
    assert_gone(str(projects), server.process.pid, variable="CGI_TEST")
