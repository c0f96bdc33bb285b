"""A FastAPI app's WebSockets on each WSGI server that exposes its connections, with real clients."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator

import psutil
import pytest

from gateways.adapters.websocket.frames import encode_message
from tests.adapters.websocket.client import MASK
from tests.real.serving import Running, eventually
from tests.real.websocket_checks import CHECKS, asking, connected, get
from tests.real.websocket_servers import CARRYING, MISSING, serving


@pytest.fixture(scope="module", params=CARRYING)
def named(request: pytest.FixtureRequest) -> Iterator[tuple[str, Running]]:
    with serving(request.param) as running:
        yield request.param, running


@pytest.mark.parametrize("check", CHECKS)
def test_each_server_meets_the_guarantees_of_asgi(named: tuple[str, Running], check: str) -> None:
    name, server = named
    if (name, check) not in MISSING:
        CHECKS[check](server)


def test_uwsgi_loses_a_message_that_comes_before_the_101_and_nothing_else() -> None:
    with serving("uWSGI") as server, asking(server, "/echo", early=encode_message("early", MASK)) as client:
        client.accepted()
        client.send("on time")
        assert client.message() == "on time"


def test_a_server_that_exposes_no_connection_responds_with_501_and_names_servers_that_do() -> None:
    with serving("granian") as server, asking(server, "/echo") as client:
        assert client.head()[0].split(" ")[1] == "501"
        assert b"gunicorn" in client.rest or b"gunicorn" in client.sock.recv(1000)


def worker(server: Running) -> psutil.Process:
    """Return gunicorn's only worker."""
    found: list[psutil.Process] = []

    def one() -> bool:
        found[:] = psutil.Process(server.process.pid).children()
        return len(found) == 1

    eventually(one, "one worker runs")
    return found[0]


def test_a_websocket_outlives_gunicorns_timeout() -> None:
    """The worker's own thread keeps notifying its master."""
    with serving("gunicorn sync", "--timeout", "2") as server, connected(server, "/echo") as client:
        before = worker(server).pid
        client.sock.settimeout(5)
        with pytest.raises(TimeoutError):
            client.event()
        client.send("alive")
        assert client.message() == "alive"
        assert worker(server).pid == before


@pytest.mark.parametrize("name", ["gunicorn sync", "gunicorn gthread", "gunicorn gevent"])
def test_sigterm_closes_all_websockets_with_1012_and_the_server_exits(name: str) -> None:
    with serving(name) as server, contextlib.ExitStack() as stack:
        clients = [stack.enter_context(connected(server, "/echo")) for _ in range(10)]
        server.process.terminate()
        for client in clients:
            assert client.closed()[0] == 1012
            client.close(1012)
            assert client.ended()
        server.process.wait(15)


def test_a_reload_closes_the_old_workers_websockets_with_1012_and_serves_new_ones() -> None:
    with serving("gunicorn sync") as server, connected(server, "/echo") as client:
        old = worker(server).pid
        os.kill(server.process.pid, signal.SIGHUP)
        assert client.closed()[0] == 1012
        client.close(1012)
        eventually(lambda: worker(server).pid != old, "the worker is another")
        with connected(server, "/echo") as again:
            again.send("new")
            assert again.message() == "new"


def test_max_requests_closes_a_workers_websockets_with_1012() -> None:
    with serving("gunicorn gthread", "--max-requests", "3") as server, connected(server, "/echo") as client:
        client.send("x")
        assert client.message() == "x"
        for _ in range(5):
            get(server, "/noted")
        assert client.closed()[0] == 1012


def test_an_idle_websocket_holds_no_thread() -> None:
    """A sync worker has one thread for requests, which fifty WebSockets do not hold."""
    with serving("gunicorn sync") as server, contextlib.ExitStack() as stack:
        stack.enter_context(connected(server, "/echo"))
        process = worker(server)
        threads = process.num_threads()
        for _ in range(50):
            stack.enter_context(connected(server, "/echo"))
        assert process.num_threads() == threads
        assert get(server, "/noted") == []
