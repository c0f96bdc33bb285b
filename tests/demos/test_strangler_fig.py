"""demos/strangler_fig, started with the command in its docstring."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import connect

from tests.demos.asking import client
from tests.demos.starting import curl, started
from tests.real.client import KEPT
from tests.real.serving import Running

DEMO = "strangler_fig/app.py"


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with started(DEMO, "uvicorn") as running:
        yield running


@pytest.fixture
def browser(server: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, trust_env=False, follow_redirects=True, limits=KEPT) as session:
        yield session


@pytest.mark.parametrize("mount", ["", "/old"])
def test_links_of_the_old_app_include_its_mount_point(browser: httpx.Client, mount: str) -> None:
    page = browser.get(f"{mount}/").text
    assert f'href="{mount}/items/1"' in page
    assert f'href="{mount}/account"' in page


def test_a_replaced_route_responds_as_the_old_one(browser: httpx.Client) -> None:
    for number, status in ((1, 200), (2, 200), (9, 404)):
        new, old = browser.get(f"/items/{number}"), browser.get(f"/old/items/{number}")
        assert (new.status_code, new.json()) == (old.status_code, old.json()) == (status, old.json())


def test_a_redirect_and_a_session_of_the_old_app_work_in_both_apps(browser: httpx.Client) -> None:
    assert browser.get("/me").status_code == 401
    answer = browser.post("/login", data={"user": "Ada"})
    assert [step.status_code for step in answer.history] == [302]
    assert (answer.url.path, answer.text) == ("/account", "Flask knows Ada\n")
    assert browser.get("/old/account").text == "Flask knows Ada\n"
    assert browser.get("/me").json() == {"user": "Ada"}


def test_a_session_that_the_old_app_has_not_signed_is_ignored(browser: httpx.Client) -> None:
    browser.post("/login", data={"user": "Ada"})
    payload, _, signature = browser.cookies["session"].partition(".")
    browser.cookies.clear()
    assert browser.get("/me", headers={"Cookie": f"session={payload}x.{signature}"}).status_code == 401


@pytest.mark.parametrize("path", ["/nowhere", "/items/x", "/docs"])
def test_unknown_paths_get_the_404_of_the_old_app(browser: httpx.Client, path: str) -> None:
    answer = browser.get(path)
    assert (answer.status_code, answer.text) == (404, f"the old shop has no {path}\n")


def test_other_methods_of_a_replaced_path_are_served_by_the_old_app(browser: httpx.Client) -> None:
    assert browser.head("/items/1").status_code == 200
    answer = browser.delete("/items/1")
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}  # FastAPI would list only GET


def test_a_websocket_runs_beside_the_old_app(server: Running) -> None:
    with connect(f"ws://{server.host}:{server.port}/prices") as websocket:
        assert json.loads(websocket.recv(timeout=30)) == {"1": 250, "2": 990}


def test_the_commands_of_the_demo_work(server: Running, tmp_path: Path) -> None:
    items, login, me = curl(DEMO, server, tmp_path)
    assert items.count('"cents":250') == 2
    assert login == "Flask knows Ada\n"
    assert json.loads(me) == {"user": "Ada"}
    assert client.get(f"{server.url}/new/docs").status_code == 200
