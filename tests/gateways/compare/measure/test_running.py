"""Contenders as processes: start, readiness, termination with all descendants; and failed starts."""

import http.client
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import psutil
import pytest

from gateways.compare.measure.bench import Bench, Listener, LoadClients
from gateways.compare.measure.folder import Folder
from gateways.compare.measure.resources import tree
from gateways.compare.measure.running import Running, await_listening, end
from gateways.compare.measure.warden import Warden
from gateways.compare.plan.contender import Contender, contenders
from gateways.compare.plan.target import of_user, reference
from gateways.failure import Failure
from tests.gateways.compare.making import contender, record
from tests.gateways.serving.stopping import StoppedError, stopped_at_the_next_process
from tests.real.serving import eventually, runs


@pytest.fixture
def warden() -> Iterator[Warden]:
    with Warden() as made:
        yield made


@pytest.fixture
def place(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def running(made: Contender, app: str, place: Folder, *, plain: bool = True) -> Running:
    launch = made.launch(app, plain=plain)
    return Running(launch, place.put(launch.files), place.logs, ())


def get(server: Running, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request("GET", path)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, body


APPS = {
    "wsgi": "gateways.compare.plan.apps.wsgi:app",
    "asgi": "gateways.compare.plan.apps.asgi:app",
    "cgi": str(Path("gateways/compare/plan/apps/cgi.py").resolve()),
}
EACH_SERVER_AND_MODE = [each.id for each in contenders(None, servers=["all"])]
EACH_ADAPTER = ["wsgi-on-asgi:uvicorn:a2wsgi", "wsgi-on-asgi:uvicorn:asgiref", "asgi-on-wsgi:waitress:a2wsgi"]


@pytest.mark.parametrize("name", [*EACH_SERVER_AND_MODE, *EACH_ADAPTER])
def test_a_contender_serves_the_app_with_its_extra_routes(name: str, warden: Warden, place: Folder) -> None:
    made = contender(name)
    server = running(made, APPS[made.form], place)
    try:
        assert await_listening([server]) == {}
        assert get(server, "/hello") == (200, b"Hello, world!\n")
        assert get(server, "/block?seconds=0.01") == (200, b"blocked\n")
        status, body = get(server, "/download?bytes=200000")
        assert (status, len(body), body[:20]) == (200, 200_000, b"0123456789abcdef0123")
        left = tree(server.process.pid)
    finally:
        end([server], warden)
    eventually(lambda: not any(map(runs, left)), "all have ended")


@pytest.mark.parametrize("name", [each.id for each in contenders(None, ["wsgi", "asgi"], servers=["all"])])
def test_every_server_serves_a_module_without_a_named_app(name: str, warden: Warden, place: Folder) -> None:
    made = contender(name)
    server = running(made, APPS[made.form].removesuffix(":app"), place, plain=False)
    try:
        assert await_listening([server]) == {}
        assert get(server, "/hello") == (200, b"Hello, world!\n")
    finally:
        end([server], warden)


def test_a_users_app_runs_as_a_program_in_the_same_folder_as_the_module(
    warden: Warden, place: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = "def app(environ, start_response):\n    start_response('200 OK', [])\n    return [b'hi']\n"
    (tmp_path / "shop.py").write_text(app)
    monkeypatch.chdir(tmp_path)
    launch = of_user("shop:app").launch(contender("cgi:uvicorn:cold"))
    server = Running(launch, place.put(launch.files), place.logs, ())
    try:
        assert await_listening([server]) == {}
        assert get(server, "/") == (200, b"hi")
    finally:
        end([server], warden)


def test_a_server_that_does_not_start_is_reported_with_its_output(warden: Warden, place: Folder) -> None:
    servers = [
        running(contender("asgi:uvicorn"), "no_such_module:app", place),
        running(contender("wsgi:waitress"), "json:dumps", place),
    ]
    try:
        failed = await_listening(servers)
    finally:
        end(servers, warden)
    assert set(failed) == {"asgi:uvicorn"}
    assert failed["asgi:uvicorn"].startswith("asgi uvicorn has exited with status ")
    assert "no_such_module" in failed["asgi:uvicorn"]
    assert "no_such_module" in servers[0].log.read_text()


def test_a_signal_at_the_start_of_a_server_leaves_no_server(warden: Warden, place: Folder) -> None:
    bench = Bench(cast("LoadClients", None), warden, reference(), record([]), cast("Listener", None), place)
    children = set(psutil.Process().children())
    with stopped_at_the_next_process(), pytest.raises(StoppedError), bench.up([contender("asgi:uvicorn")]):
        pass
    assert set(psutil.Process().children()) == children


def test_a_server_that_exits_is_detected(warden: Warden, place: Folder) -> None:
    server = running(contender("asgi:uvicorn"), "gateways.asgi.app:app", place)
    try:
        assert await_listening([server]) == {}
        server.check()
        server.process.kill()
        server.process.wait()
        with pytest.raises(Failure, match="has exited with status -9"):
            server.check()
    finally:
        end([server], warden)


def test_a_server_that_ignores_sigterm_is_killed(warden: Warden, place: Folder) -> None:
    made = contender("wsgi:waitress")
    deaf = replace(made, server=replace(made.server, arguments=("tests.gateways.compare.deaf", "{port}")))
    server = running(deaf, "", place)
    try:
        assert await_listening([server]) == {}
        child = psutil.Process(server.process.pid).children()[0]
    finally:
        began = time.monotonic()
        end([server], warden)
    assert time.monotonic() - began < 20  # without SIGKILL, it would run for a minute
    eventually(lambda: not runs(child), "its child has ended")


def test_a_process_that_a_server_starts_during_shutdown_is_killed(warden: Warden, place: Folder) -> None:
    made = contender("wsgi:waitress")
    late = replace(made, server=replace(made.server, arguments=("tests.gateways.compare.late", "{port}")))
    server = running(late, "", place)
    try:
        assert await_listening([server]) == {}
    finally:
        end([server], warden)
    child = int(server.log.read_text().split()[-1])
    eventually(lambda: not psutil.pid_exists(child) or not runs(psutil.Process(child)), "its child has ended")
