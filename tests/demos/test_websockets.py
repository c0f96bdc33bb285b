"""demos/flask_sock_on_uvicorn.py and demos/fastapi_chat_on_gunicorn.py, started with their own commands."""

from __future__ import annotations

import contextlib

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.demos.asking import client
from tests.demos.starting import started
from tests.real.serving import eventually


def test_a_flask_sock_chat_works_on_uvicorn() -> None:
    with started("flask_sock_on_uvicorn.py", "uvicorn") as server, contextlib.ExitStack() as stack:
        uri = f"ws://{server.host}:{server.port}/chat"
        people = [stack.enter_context(connect(uri)) for _ in range(3)]
        eventually(lambda: client.get(server.url).json()["here"] == 3, "all are in the room")
        people[1].send("hello")
        assert [each.recv(timeout=30) for each in people] == ["hello"] * 3
        people[0].close()
        eventually(lambda: client.get(server.url).json()["here"] == 2, "one has left")


def test_a_fastapi_chat_works_on_gunicorns_sync_worker() -> None:
    with started("fastapi_chat_on_gunicorn.py", "gunicorn") as server, contextlib.ExitStack() as stack:
        uri = f"ws://{server.host}:{server.port}/chat"
        first = stack.enter_context(connect(f"{uri}/mina"))
        threads = client.get(server.url).json()["threads"]
        people = [first, *(stack.enter_context(connect(f"{uri}/guest-{number}")) for number in range(20))]
        eventually(lambda: client.get(server.url).json()["here"] == 21, "all are in the room")
        assert client.get(server.url).json()["threads"] == threads
        first.send("hello")
        assert {each.recv(timeout=30) for each in people} == {"mina: hello"}
        with pytest.raises(InvalidStatus) as refused, connect(f"{uri}/mina"):
            pass
        assert refused.value.response.status_code == 403
