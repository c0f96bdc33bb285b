"""demos/fastapi_below_flask.py, started with the command in its docstring."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.demos.asking import client
from tests.demos.starting import curl, started
from tests.real.serving import Running

DEMO = "fastapi_below_flask.py"


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with started(DEMO, "waitress-serve") as running:
        yield running


def test_each_app_serves_its_own_paths(server: Running) -> None:
    assert client.get(f"{server.url}/hello?name=Ada").text == "hello, Ada\n"
    assert client.get(f"{server.url}/api/wait?seconds=0").json() == "done"
    assert "<title>404 Not Found</title>" in client.get(f"{server.url}/nowhere").text
    assert client.get(f"{server.url}/api/nowhere").json() == {"detail": "Not Found"}


def test_the_new_app_knows_its_mount_point_and_its_lifespan_runs(server: Running) -> None:
    assert "url: '/api/openapi.json'" in client.get(f"{server.url}/api/docs").text
    worker = client.get(f"{server.url}/api/worker").json()
    assert worker["opened_in"] == worker["served_in"]


def test_the_commands_of_the_demo_work(server: Running, tmp_path: Path) -> None:
    hello, new = curl(DEMO, server, tmp_path)
    assert hello == "hello, nobody\n"
    assert '"opened_in"' in new
