"""The reference app in CGI, run like a server."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from tests.gateways.cases import CASES, Request, Response, post
from tests.gateways.cgi.harness import PROGRAM, ask, program, response_of, run

SOURCE = PROGRAM.read_bytes()


def read_until(stream: IO[bytes] | None, end: bytes) -> bytes:
    """Read until the data ends with `end`."""
    assert stream is not None
    received = b""
    while not received.endswith(end):
        block = stream.read(4096)
        assert block, f"the output ended after {received!r}"
        received += block
    return received


@pytest.mark.parametrize(("request_", "response"), CASES, ids=str)
def test_each_request_has_its_response(request_: Request, response: Response) -> None:
    assert ask(request_) == response


def test_the_output_is_exactly_the_response_headers_and_the_body() -> None:
    assert run(Request(b"/hello")) == (
        b"Status: 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 14\r\n\r\nHello, world!\n"
    )


def test_the_app_runs_as_a_program_under_its_own_name_and_from_the_command_line() -> None:
    assert PROGRAM.stat().st_mode & 0o111 == 0o111
    assert SOURCE.startswith(b"#!/usr/bin/env python3\n")
    environment = {"PATH": os.environ["PATH"], "PATH_INFO": "/hello", "QUERY_STRING": "name=Ada"}
    output = subprocess.run(
        [PROGRAM], env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=True
    ).stdout
    assert response_of(output).body == b"Hello, Ada!\n"


def test_a_request_imports_only_the_modules_it_uses() -> None:
    code = f"import runpy, sys; runpy.run_path({str(PROGRAM)!r}, run_name='__main__'); print(*sorted(sys.modules))"
    environment = {"PATH_INFO": "/", "PATH": os.environ["PATH"]}
    output = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True).stdout
    modules = set(output.splitlines()[-1].decode().split())
    assert not {"json", "hashlib", "urllib.parse", "tempfile", "asyncio"} & modules


def test_an_empty_path_is_the_root() -> None:
    assert ask(Request(b"")) == ask(Request(b"/"))


def test_a_block_is_sent_before_the_next_is_produced() -> None:
    with program(Request(b"/stream?chunks=1000&delay=10")) as process:
        assert read_until(process.stdout, b"chunk 1 of 1000\n").count(b"chunk") == 1
        assert process.poll() is None


def test_echo_sends_received_data_before_the_rest_arrives() -> None:
    with program(post(b"/echo", b"onetwo")) as process:
        assert process.stdin is not None
        process.stdin.write(b"one")
        assert read_until(process.stdout, b"one").endswith(b"\r\n\r\none")
        process.stdin.write(b"two, and what is not of this request")
        assert read_until(process.stdout, b"two") == b"two"
        assert process.wait(20) == 0


def test_a_body_without_a_length_is_read_to_its_end_if_the_server_streams_it() -> None:
    with program(Request(b"/upload", "POST"), HTTP_TRANSFER_ENCODING="chunked") as process:
        output, _ = process.communicate(bytes(100_000), timeout=20)
    digest = hashlib.sha256(bytes(100_000)).hexdigest()
    assert json.loads(response_of(output).body) == {"length": 100_000, "sha256": digest}


def test_a_body_without_a_length_is_not_read_otherwise() -> None:
    with program(Request(b"/upload", "POST")) as process:  # stdin stays open, so a read would block forever
        assert process.stdout is not None
        assert b'"length": 0' in process.stdout.read() + process.stdout.read()


def test_a_truncated_upload_is_never_treated_as_complete() -> None:
    response = ask(post(b"/upload", b"hello"), CONTENT_LENGTH="7")
    assert (response.status, response.body) == (400, b"the body ended 2 bytes before its Content-Length\n")


def test_a_truncated_echo_never_looks_complete() -> None:
    with program(post(b"/echo", b"hello"), CONTENT_LENGTH="7") as process:
        _, complaints = process.communicate(b"hello", timeout=20)
    assert process.returncode == 1
    assert complaints == b"the body ended 2 bytes before its Content-Length\n"


def test_an_invalid_content_length_is_a_client_error() -> None:
    response = ask(Request(b"/upload", "POST"), CONTENT_LENGTH="-5")
    assert response.status == 400
    assert response.body.startswith(b"Content-Length: got '-5'; expected one whole number from 0 to")


def test_a_disconnect_ends_the_program_without_a_traceback() -> None:
    with program(Request(b"/stream?chunks=1000&delay=0.01")) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.wait(20) == 1
        assert process.stderr.read() == b""


def test_inside_shows_the_environment() -> None:
    given = json.loads(ask(Request(b"/inside?a=%C3%A9"), HTTP_COOKIE="a=b").body)
    assert given["GATEWAY_INTERFACE"] == "CGI/1.1"
    assert (given["QUERY_STRING"], given["HTTP_COOKIE"]) == ("a=%C3%A9", "a=b")


def test_background_responds_before_its_work_is_finished(tmp_path: Path) -> None:
    def finished() -> list[str]:
        jobs: list[str] = json.loads(ask(Request(b"/background"), TMPDIR=str(tmp_path)).body)["finished"]
        return jobs

    assert finished() == []
    with program(post(b"/background?seconds=2", b""), TMPDIR=str(tmp_path)) as process:
        assert process.stdout is not None
        output = b"".join(iter(lambda: process.stdout.read(4096), b""))  # type: ignore[union-attr]
        assert process.poll() is None, "stdout is closed while the program works"
        assert response_of(output).status == 202
        assert process.wait(20) == 0
    assert finished() == [json.loads(response_of(output).body)["job"]]


def test_background_does_not_use_a_folder_of_another_user(tmp_path: Path) -> None:
    me = os.getuid() + 1
    code = f"import os, runpy; os.getuid = lambda: {me}; runpy.run_path({str(PROGRAM)!r}, run_name='__main__')"
    environment = {"PATH_INFO": "/background", "TMPDIR": str(tmp_path)}
    result = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=False)
    assert (result.returncode, result.stdout) == (1, b"")
    assert b"belongs to another user" in result.stderr


def test_a_file_is_sent_with_its_length() -> None:
    response = ask(Request(b"/file"))
    assert (response.body, response.headers["content-length"]) == (SOURCE, str(len(SOURCE)))


def test_a_websocket_is_refused() -> None:
    response = ask(Request(b"/ws"))
    assert response.status == 501
    assert response.body.count(b".") == 1
