"""demos/django_on_uvicorn.py, started with the command in its docstring."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.demos.asking import arrivals, client
from tests.demos.starting import curl, started
from tests.real.serving import Running, eventually

DEMO = "django_on_uvicorn.py"


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with started(DEMO, "uvicorn") as running:
        yield running


def test_async_views_run_on_the_servers_loop_and_others_in_threads(server: Running) -> None:
    assert client.get(f"{server.url}/where/async").json() == {"view": "async", "thread": "MainThread"}
    assert client.get(f"{server.url}/where").json()["thread"].startswith("wsgi-to-asgi-")


def test_async_views_of_many_requests_share_objects_that_belong_to_a_loop(server: Running) -> None:
    with ThreadPoolExecutor(10) as clients:
        waiting = [clients.submit(client.get, f"{server.url}/next") for _ in range(10)]

        def all_told() -> bool:
            client.post(f"{server.url}/tell", content=b"news")
            return all(answer.done() for answer in waiting)

        eventually(all_told, "each request that waits has been told the news", within=20)
        assert [answer.result().text for answer in waiting] == ["news"] * 10


def test_a_stream_of_a_sync_view_is_sent_block_by_block(server: Running) -> None:
    body, lasted = arrivals(f"{server.url}/report")
    assert body == b"row 0\nrow 1\nrow 2\nrow 3\n"
    assert lasted > 0.2


def test_the_commands_of_the_demo_work(server: Running, tmp_path: Path) -> None:
    (where,) = curl(DEMO, server, tmp_path)
    assert '"thread": "MainThread"' in where
