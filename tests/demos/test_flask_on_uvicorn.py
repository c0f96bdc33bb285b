"""demos/flask_on_uvicorn.py, started with the command in its docstring."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.demos.asking import arrivals, at_once, client
from tests.demos.starting import curl, started
from tests.real.serving import Running

DEMO = "flask_on_uvicorn.py"


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with started(DEMO, "uvicorn") as running:
        yield running


def test_concurrent_requests_do_not_share_flask_g(server: Running) -> None:
    names = [str(number) for number in range(16)]
    answers = at_once(lambda name: client.get(f"{server.url}/hello", params={"name": name}).text, names)
    assert answers == [f"hello, {name}\n" for name in names]


def test_a_stream_is_sent_block_by_block(server: Running) -> None:
    body, lasted = arrivals(f"{server.url}/report")
    assert body == b"row 0\nrow 1\nrow 2\nrow 3\n"
    assert lasted > 0.2


def test_an_upload_without_a_length_is_complete(server: Running) -> None:
    answer = client.post(f"{server.url}/upload", content=iter([b"x" * 100_000] * 5))
    assert answer.json() == {"bytes": 500_000}


def test_async_views_run_on_the_servers_loop_and_others_in_threads(server: Running) -> None:
    assert client.get(f"{server.url}/threads/async").json() == {"async_view": "MainThread"}
    assert client.get(f"{server.url}/threads").json()["view"].startswith("wsgi-to-asgi-")


def test_the_commands_of_the_demo_work(server: Running, tmp_path: Path) -> None:
    report, threads = curl(DEMO, server, tmp_path)
    assert report.endswith("row 3\n")
    assert "wsgi-to-asgi-" in threads
