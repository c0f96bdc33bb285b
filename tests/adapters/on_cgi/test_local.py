"""A program started without a server: `python app.cgi …`."""

import http.client
import json
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.adapters.on_cgi.running import SIDES, Result
from tests.real.serving import ROOT


@pytest.fixture(params=SIDES)
def program(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    """The command that a user types to start a program."""
    (tmp_path / "app.cgi").write_text(
        f"import sys; sys.path[:0] = [{str(ROOT)!r}]\n"
        f"from gateways.adapters import {SIDES[request.param]} as ToCGI\n"
        f"from tests.adapters.{request.param}_to_cgi.apps import reports\n"
        "ToCGI(reports).run()\n"
    )
    return [sys.executable, str(tmp_path / "app.cgi")]


def run(program: list[str], *arguments: str) -> Result:
    done = subprocess.run(
        [*program, *arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=15, check=False
    )
    return Result(done.stdout, done.stderr.decode(), done.returncode)


@pytest.mark.parametrize(
    "arguments", [[], ["--help"], ["path"], ["--serve", "http"], ["--serve", "1", "2"], ["/", "/"]]
)
def test_without_a_request_it_prints_its_usage(program: list[str], arguments: list[str]) -> None:
    result = run(program, *arguments)
    assert (result.status, result.output) == (2, b"")
    assert len(result.stderr.splitlines()) == 3
    assert "GATEWAY_INTERFACE" in result.stderr
    assert "--serve" in result.stderr


def test_a_path_makes_one_request_and_prints_the_response(program: list[str]) -> None:
    result = run(program, "/caf%C3%A9?a=%20b")
    assert (result.head.status, result.status) == (200, 0)
    seen = json.loads(result.body)
    assert (seen["root"], seen["path"], seen["query"]) == ("", "/caf\xc3\xa9", "a=%20b")


def test_serve_starts_a_server_on_this_machine(program: list[str]) -> None:
    with subprocess.Popen([*program, "--serve", "0"], stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr is not None
            line = server.stderr.readline()
            match = re.match(r"http://127\.0\.0\.1:(\d+)/", line)
            assert match, line
            connection = http.client.HTTPConnection("127.0.0.1", int(match[1]), timeout=10)
            connection.request("POST", "/x?y", b"body")
            assert b'"body": "body"' in connection.getresponse().read()
            connection.request("POST", "/x", b"", {"Content-Length": "9" * 5000})
            assert connection.getresponse().status == 400
            connection.close()
            server.send_signal(signal.SIGINT)
            assert server.wait(10) == 0
        finally:
            server.kill()


def test_a_port_in_use_is_reported_in_one_line(program: list[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = run(program, "--serve", str(taken.getsockname()[1]))
    assert result.status == 1
    assert "cannot use port" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert run(program, "--serve", "99999").status == 1
