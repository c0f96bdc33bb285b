"""RFC 3875, section 6, from the program's side: the response that the server gets, and the exit status."""

import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from tests.adapters.on_cgi.running import Runner


def test_a_response_has_a_status_and_headers_and_a_body(run: Runner) -> None:
    result = run("hello")
    assert (result.head.status, result.head.reason, result.body) == (200, "OK", b"Hello!\n")
    assert result.values(b"content-type") == [b"text/plain"]
    assert result.values(b"content-length") == [b"7"]  # the length is known, so it is sent
    assert (result.status, result.stderr) == (0, "")


def test_repeated_headers_and_their_octets_are_kept(run: Runner) -> None:
    assert run("sets_cookies").values(b"set-cookie") == [b"a=1", b"b=caf\xc3\xa9"]


def test_other_output_to_stdout_goes_to_stderr(run: Runner) -> None:
    result = run("chatters", before="print('printed before the application runs')")
    assert result.output.endswith(b"\r\n\r\nHello!\n")
    assert result.output.startswith(b"Status: 200 OK\r\n")
    assert result.stderr.splitlines() == [
        "printed before the application runs",
        "a stray print",
        "a C library's write",
        "a shell command",
    ]


def test_each_block_is_written_before_the_next_is_produced(run: Runner) -> None:
    with run.start("streams") as program:
        read = program.read_until(b"\r\n\r\nfirst\n")
        run.signal.touch()
        assert program.result(read).body == b"first\nlast\n"


@pytest.mark.parametrize("app", ["hello", "streams", "answers_big", "raises_before_head"])
def test_a_response_to_head_has_no_body(run: Runner, app: str) -> None:
    run.signal.touch()
    get, head = run(app), run(app, REQUEST_METHOD="HEAD")
    assert head.body == b""
    assert head.head.status == get.head.status
    assert set(head.head.headers) == set(get.head.headers)


def test_204_and_304_have_no_body(run: Runner) -> None:
    for app in ("has_no_content", "is_not_modified"):
        result = run(app)
        assert (result.body, result.status) == (b"", 0), result.stderr


def test_an_error_before_the_response_headers_is_a_500_and_a_traceback(run: Runner) -> None:
    result = run("raises_before_head")
    assert (result.head.status, result.body) == (500, b"500 Internal Server Error\n")
    assert "Traceback" in result.stderr
    assert "ZeroDivisionError: of the application" in result.stderr
    assert result.status == 70


def test_an_error_after_the_response_headers_cuts_the_response_off(run: Runner) -> None:
    result = run("raises_after_head")
    assert (result.head.status, result.body) == (200, b"the first block")
    assert "ZeroDivisionError: of the application" in result.stderr
    assert result.status == 70


def test_system_exit_is_an_error_with_any_status(run: Runner) -> None:
    result = run("exits")
    assert (result.head.status, result.status) == (500, 70)
    assert "SystemExit" in result.stderr


def test_a_wrong_content_length_does_not_look_complete(run: Runner) -> None:
    result = run("answers_short")
    assert result.status == 70
    assert "Content-Length" in result.stderr
    if run.side == "wsgi":  # ASGI's last message shows the end in time
        assert (result.values(b"content-length"), result.body) == ([b"10"], b"short")


def test_an_error_after_the_response_does_not_affect_it(run: Runner) -> None:
    result = run("fails_after_its_response")
    assert (result.body, result.status) == (b"Hello!\n", 0)
    assert "ZeroDivisionError: of the application" in result.stderr


BIG = b"".join(bytes([65 + number]) * 100_000 for number in range(50))


def test_a_slow_server_gets_the_complete_response(run: Runner) -> None:
    with run.start("answers_big") as program:
        program.read_until(b"\r\n\r\n")
        assert program.result().output == BIG


def test_stdout_may_be_a_file(run: Runner, tmp_path: Path) -> None:
    with open(tmp_path / "out", "wb") as file:
        assert run("answers_big", streams={"stdout": file}).status == 0
    assert (tmp_path / "out").read_bytes().partition(b"\r\n\r\n")[2] == BIG


def test_stdout_may_be_stderr(run: Runner) -> None:
    result = run("answers_big", streams={"stderr": subprocess.STDOUT})
    assert (result.status, result.body) == (0, BIG)
    result = run("complains", streams={"stderr": subprocess.STDOUT})
    assert (result.status, result.output.count(b"#")) == (0, 1_000_000)
    assert result.output.endswith(b"Hello!\n")


@pytest.mark.parametrize("app", ["hello", "streams", "raises_before_head"])
def test_on_a_shared_socket_the_response_survives_an_unread_body(run: Runner, app: str) -> None:
    """Apache's mod_cgid uses a socket: if it is closed with unread data, written data is lost."""
    body = b"x" * 300_000
    run.signal.touch()
    ours, theirs = socket.socketpair()
    streams = {"stdin": theirs, "stdout": theirs}
    with ours, run.start(app, streams=streams, REQUEST_METHOD="POST", CONTENT_LENGTH=str(len(body))) as program:
        theirs.close()
        ours.sendall(body)  # all of it, before the response is read
        assert program.process.wait(15) == (70 if app == "raises_before_head" else 0)
        received = b"".join(iter(lambda: ours.recv(65536), b""))
    assert received.startswith(b"Status: ")
    assert received.endswith((b"Hello!\n", b"last\n", b"Error\n"))


def test_a_surviving_subprocess_does_not_delay_the_end_of_the_response(run: Runner) -> None:
    with run.start("leaves_a_child") as program:
        assert program.stdout.read().endswith(b"Hello!\n")  # to its end
        os.kill(int(run.recorded()[0]), 0)  # raises ProcessLookupError if it has exited
        os.kill(int(run.recorded()[0]), signal.SIGKILL)
