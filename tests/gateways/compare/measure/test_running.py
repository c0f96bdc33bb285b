"""Contenders as processes: started, ready, ended with all that they have started; and those that do not start."""

import http.client
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from gateways.compare.measure.running import Running, await_listening, end
from gateways.compare.measure.warden import Warden
from gateways.compare.plan.contender import Contender
from gateways.failure import Failure
from tests.gateways.compare.making import contender

CGI = str(Path("gateways/compare/plan/apps/cgi.py").resolve())


@pytest.fixture
def warden() -> Iterator[Warden]:
    with Warden() as made:
        yield made


def running(made: Contender, app: str) -> Running:
    return Running(made, app, (), plain=True)


def get(server: Running, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("GET", path)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, body


@pytest.mark.parametrize(
    ("name", "app"),
    [
        ("wsgi:waitress", "gateways.compare.plan.apps.wsgi:app"),
        ("asgi:uvicorn", "gateways.compare.plan.apps.asgi:app"),
        ("wsgi-on-asgi:uvicorn:ours", "gateways.compare.plan.apps.wsgi:app"),
        ("wsgi-on-asgi:uvicorn:a2wsgi", "gateways.compare.plan.apps.wsgi:app"),
        ("wsgi-on-asgi:uvicorn:asgiref", "gateways.compare.plan.apps.wsgi:app"),
        ("asgi-on-wsgi:waitress:ours", "gateways.compare.plan.apps.asgi:app"),
        ("asgi-on-wsgi:waitress:a2wsgi", "gateways.compare.plan.apps.asgi:app"),
        ("cgi:uvicorn:cold", CGI),
        ("cgi:waitress:cold", CGI),
    ],
)
def test_a_contender_serves_the_app_with_its_extra_routes(name: str, app: str, warden: Warden) -> None:
    server = running(contender(name), app)
    try:
        assert await_listening([server]) == {}
        assert get(server, "/hello") == (200, b"Hello, world!\n")
        assert get(server, "/block?seconds=0.01") == (200, b"blocked\n")
        status, body = get(server, "/download?bytes=200000")
        assert (status, len(body), body[:20]) == (200, 200_000, b"0123456789abcdef0123")
        left = [psutil.Process(pid) for pid in server.processes]
    finally:
        end([server], warden)
    assert not any(process.is_running() for process in left)


def test_a_server_that_does_not_start_says_why(warden: Warden) -> None:
    servers = [
        running(contender("asgi:uvicorn"), "no_such_module:app"),
        running(contender("wsgi:waitress"), "json:dumps"),
    ]
    try:
        failed = await_listening(servers)
    finally:
        end(servers, warden)
    assert set(failed) == {"asgi:uvicorn"}
    assert failed["asgi:uvicorn"].startswith("asgi uvicorn has ended by itself with status ")
    assert "no_such_module" in failed["asgi:uvicorn"]


def test_a_server_that_ends_is_noticed(warden: Warden) -> None:
    server = running(contender("asgi:uvicorn"), "gateways.asgi.app:app")
    try:
        assert await_listening([server]) == {}
        server.check()
        server.process.kill()
        server.process.wait()
        with pytest.raises(Failure, match="has ended by itself with status -9"):
            server.check()
    finally:
        end([server], warden)


def test_one_that_does_not_heed_sigterm_is_killed(warden: Warden) -> None:
    made = contender("wsgi:waitress")
    deaf = replace(made, server=replace(made.server, arguments=("tests.gateways.compare.deaf", "{port}")))
    server = running(deaf, "")
    try:
        assert await_listening([server]) == {}
        child = psutil.Process(server.process.pid).children()[0]
    finally:
        began = time.monotonic()
        end([server], warden)
    assert time.monotonic() - began < 5
    assert not child.is_running()
