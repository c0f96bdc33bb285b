"""The CGI hosts on real servers: every clause again, over sockets."""

import os
import socket
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.adapters.run_cgi import clauses_of_endings, clauses_of_requests, clauses_of_responses
from tests.adapters.run_cgi.asking import Asker, OnServer
from tests.adapters.run_cgi.folder import copy_programs
from tests.adapters.run_cgi.leftovers import assert_gone, processes
from tests.real.serving import Running, eventually, serve

SERVERS = {
    "uvicorn": ("tests.real.apps.cgi_host:asgi", "uvicorn", "--loop", "asyncio", "--http", "h11"),
    "uvicorn-uvloop": ("tests.real.apps.cgi_host:asgi", "uvicorn", "--loop", "uvloop", "--http", "httptools"),
    "hypercorn": ("tests.real.apps.cgi_host:asgi", "hypercorn"),
    "hypercorn-trio": ("tests.real.apps.cgi_host:asgi", "hypercorn", "--worker-class", "trio"),
    "waitress": ("tests.real.apps.cgi_host:wsgi", "waitress"),
    "gunicorn": ("tests.real.apps.cgi_host:wsgi", "gunicorn"),
    "cheroot": ("tests.real.apps.cgi_host:wsgi", "cheroot"),
}


LIMITS = {
    ("cheroot", "test_a_header_name_with_an_underscore_cannot_spoof_one_with_a_hyphen"): "cheroot joins the two",
    ("cheroot", "test_4_1_18_repeated_cookies_are_joined_by_semicolons"): "cheroot keeps the last one",
    ("cheroot", "test_an_encoded_slash_is_a_slash"): "cheroot leaves it encoded",
    ("cheroot", "test_dots_before_an_encoded_slash_are_resolved"): "cheroot leaves it encoded",
}
"""Changes by a server that an application cannot undo."""


@pytest.fixture(autouse=True)
def _limits_of_servers(request: pytest.FixtureRequest) -> None:
    reason = LIMITS.get((request.node.callspec.params["server"], request.node.originalname))
    if reason:
        request.node.add_marker(pytest.mark.xfail(reason=reason, strict=True))


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = copy_programs(tmp_path_factory.mktemp("cgi") / "cgi-bin")
    app, name, *options = SERVERS[request.param]
    with serve(
        app, name, *options, env={**os.environ, "CGI_PROGRAMS": str(folder), "SECRET": "of the host"}
    ) as running:
        yield running


@pytest.fixture
def ask(server: Running) -> Asker:
    return OnServer(server.host, server.port)


# Rules that only depend on the host: one asynchronous and one synchronous server suffice.
two_servers = pytest.mark.parametrize("server", ["uvicorn", "waitress"], indirect=True)


class TestMetaVariables(clauses_of_requests.MetaVariables):
    pass


class TestFindingTheProgram(clauses_of_requests.FindingTheProgram):
    pass


class TestRequestBodies(clauses_of_requests.RequestBodies):
    pass


class TestRunningTheProgram(clauses_of_requests.RunningTheProgram):
    pass


@two_servers
class TestHeads(clauses_of_responses.Heads):
    pass


class TestBodies(clauses_of_responses.Bodies):
    pass


@two_servers
class TestLocalRedirects(clauses_of_responses.LocalRedirects):
    pass


class _Host:
    @pytest.fixture(autouse=True)
    def _serving(self, server: Running) -> None:
        self._server = server

    def pid(self) -> int:
        return self._server.process.pid


class TestTheClientLeaves(_Host, clauses_of_endings.TheClientLeaves):
    pass


class TestEndings(_Host, clauses_of_endings.Endings):
    pass


@two_servers
class TestEndlessBodies(_Host, clauses_of_endings.EndlessBodies):
    pass


def test_a_client_that_does_not_read_stops_the_program_and_uses_no_memory(server: Running, ask: Asker) -> None:
    assert ask("/hello.sh").status == 200  # one-time loading is done
    mark = uuid.uuid4().hex
    before = _memory(server)
    with socket.create_connection((server.host, server.port)) as client:
        client.sendall(f"GET /writes_100mb.py?{mark} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        eventually(lambda: processes(mark), "the program runs")
        written = -1
        while (now := processes(mark)[0].io_counters().write_chars) != written:
            written = now
            time.sleep(0.5)  # a program without output for this time has stopped
        assert written < 40_000_000
        assert _memory(server) - before < 16_000_000
    assert_gone(mark, server.process.pid)


def _memory(server: Running) -> int:
    """Return the memory of the server's processes in bytes, without programs."""
    parent = psutil.Process(server.process.pid)
    own = [process for process in parent.children(recursive=True) if process.name().startswith(("python", "gunicorn"))]
    return sum(process.memory_info().rss for process in [parent, *own])


def test_headers_that_a_program_flushes_arrive_before_its_body(server: Running, tmp_path: Path) -> None:
    """As on Apache: clients (EventSource, fetch()) then know that a stream is open."""
    seen = tmp_path / "seen"
    with socket.create_connection((server.host, server.port), timeout=30) as client:
        client.sendall(f"GET /opens.sh?{seen} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        received = b""
        while b"\r\n\r\n" not in received and (block := client.recv(1000)):
            received += block
        seen.touch()
        while block := client.recv(1000):
            received += block
    assert b"data: open" in received
