"""demos/fastapi_on_wsgi.py, started with the commands in its docstring: on gunicorn and on waitress."""

import re
from collections.abc import Iterator

import httpx
import pytest
from websockets.sync.client import connect

from tests.demos.asking import arrivals, at_once, client
from tests.demos.starting import started
from tests.real.serving import Running, eventually

DEMO = "fastapi_on_wsgi.py"


@pytest.fixture(scope="module", params=["gunicorn", "waitress-serve"])
def server(request: pytest.FixtureRequest) -> Iterator[Running]:
    with started(DEMO, request.param) as running:
        yield running


def test_the_lifespan_begins_in_the_process_that_serves(server: Running) -> None:
    worker = client.get(f"{server.url}/worker").json()
    assert worker["imported_in"] == server.process.pid
    assert worker["opened_in"] == worker["served_in"]
    if "gunicorn" in str(server.process.args):
        assert worker["served_in"] != server.process.pid  # it was forked after the import


def test_a_stream_is_sent_block_by_block(server: Running) -> None:
    body, lasted = arrivals(f"{server.url}/rows")
    assert body == b"row 0\nrow 1\nrow 2\nrow 3\n"
    assert lasted > 0.2


def test_waiting_requests_run_concurrently(server: Running) -> None:
    answers = at_once(lambda seconds: client.get(f"{server.url}/wait?seconds={seconds}"), [0.1] * 8)
    assert {answer.json() for answer in answers} == {"done"}


def test_a_background_task_delays_no_other_request(server: Running) -> None:
    answer = client.post(f"{server.url}/orders")
    assert (answer.status_code, answer.json()) == (202, "accepted")
    assert "mail sent" not in server.log()
    eventually(lambda: "mail sent" in server.log(), "the mail is sent")


def test_a_websocket_outlives_its_handshake_request(server: Running) -> None:
    with connect(f"ws://{server.host}:{server.port}/ws") as socket:
        assert client.get(f"{server.url}/worker").status_code == 200
        socket.send("hello")
        assert socket.recv(timeout=10) == "hello"


def test_each_lifespan_ends_with_its_process() -> None:
    with started(DEMO, "gunicorn", "--graceful-timeout=10") as server:
        at_once(lambda _: httpx.get(f"{server.url}/worker", trust_env=False, timeout=20), range(8))
        server.process.terminate()
        server.process.wait(20)
        begun, ended = (re.findall(rf"lifespan: {word} in (\d+)", server.log()) for word in ("opened", "closed"))
    assert begun
    assert sorted(begun) == sorted(ended)
