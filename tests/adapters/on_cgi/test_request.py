"""RFC 3875, section 4, from the program's side: the request that an application gets."""

import json
import os
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.on_cgi.running import Result, Runner
from tests.real.serving import eventually

BODY = b"0123456789"


def report(result: Result) -> Any:
    assert result.status == 0, result.stderr
    return json.loads(result.body)


def test_the_meta_variables_describe_the_request(run: Runner) -> None:
    seen = report(run("reports", REQUEST_METHOD="PUT", QUERY_STRING="a=%20b&c", HTTP_X_Y="z", HTTP_ACCEPT="*/*"))
    assert (seen["method"], seen["root"], seen["path"], seen["query"]) == ("PUT", "/app.cgi", "/x", "a=%20b&c")
    assert (seen["headers"]["x_y"], seen["headers"]["accept"]) == ("z", "*/*")


@pytest.mark.parametrize("octets", [b"caf\xc3\xa9", b"\xff\xfe"], ids=["utf-8", "not-utf-8"])
def test_values_keep_their_octets(run: Runner, octets: bytes) -> None:
    text = octets.decode("utf-8", "surrogateescape")
    seen = report(run("reports", PATH_INFO="/" + text, HTTP_X_Y=text))
    assert seen["headers"]["x_y"] == octets.decode("latin-1")
    if run.side == "wsgi" or octets != b"\xff\xfe":  # ASGI's path is text; other bytes are in raw_path only
        assert seen["path"] == "/" + octets.decode("latin-1")


@pytest.mark.parametrize(
    ("variables", "scheme"),
    [
        ({}, "http"),
        ({"HTTPS": "on"}, "https"),
        ({"HTTPS": "1"}, "https"),
        ({"HTTPS": "off"}, "http"),
        ({"HTTPS": ""}, "http"),
        ({"REQUEST_SCHEME": "https"}, "https"),
        ({"REQUEST_SCHEME": "http"}, "http"),
        ({"REQUEST_SCHEME": "http", "HTTPS": "on"}, "https"),  # set by a proxy, with Apache's SetEnvIf
        ({"HTTP_X_FORWARDED_PROTO": "https"}, "http"),  # set by any client
    ],
)
def test_the_scheme_is_that_of_the_server(run: Runner, variables: dict[str, Any], scheme: str) -> None:
    assert report(run("reports", **variables))["scheme"] == scheme


@pytest.mark.parametrize(
    ("variables", "seen"),
    [
        ({"HTTP_AUTHORIZATION": "Basic a"}, "Basic a"),
        ({"REDIRECT_HTTP_AUTHORIZATION": "Basic b"}, "Basic b"),
        ({"REDIRECT_REDIRECT_HTTP_AUTHORIZATION": "Basic c"}, "Basic c"),
        ({"HTTP_AUTHORIZATION": "", "REDIRECT_HTTP_AUTHORIZATION": "Basic d"}, "Basic d"),
        ({"HTTP_AUTHORIZATION": "Basic e", "REDIRECT_HTTP_AUTHORIZATION": "Basic f"}, "Basic e"),
        ({}, None),
    ],
)
def test_authorization_survives_a_rewriting(run: Runner, variables: dict[str, Any], seen: str | None) -> None:
    assert report(run("reports", **variables))["headers"].get("authorization") == seen


def test_proxy_becomes_neither_a_header_nor_a_proxy_setting(run: Runner) -> None:
    seen = report(run("reports", HTTP_PROXY="http://evil.example"))
    assert "proxy" not in seen["headers"]
    assert seen["proxy"] is None


def test_content_headers_have_their_own_variable_names(run: Runner) -> None:
    headers = report(run("reports", HTTP_CONTENT_TYPE="text/evil", HTTP_CONTENT_LENGTH="99"))["headers"]
    assert headers.keys().isdisjoint({"content_type", "content_length"})


def test_a_rewritten_path_becomes_the_path_that_the_client_requested(run: Runner) -> None:
    seen = report(run("reports", PATH_INFO="/a b", REQUEST_URI="/shop/a%20b?q", SCRIPT_NAME="/shop/app.cgi"))
    assert (seen["root"], seen["path"]) == ("/shop", "/a b")


def test_script_name_hides_the_program(run: Runner) -> None:
    seen = report(run("reports", options=", script_name=''", PATH_INFO="/x"))
    assert (seen["root"], seen["path"]) == ("", "/x")


def test_an_empty_path_is_the_root(run: Runner) -> None:
    seen = report(run("reports", SCRIPT_NAME="", PATH_INFO=""))
    assert (seen["root"], seen["path"]) == ("", "/")


# 4.2: the body.


@pytest.mark.parametrize("app", ["reports", "echoes_as_it_reads"])
def test_the_body_ends_at_its_length_even_if_stdin_stays_open(run: Runner, app: str) -> None:
    with run.start(app, REQUEST_METHOD="POST", CONTENT_LENGTH="5") as program:
        program.stdin.write(BODY)
        program.stdin.flush()
        output = program.stdout.read()  # while stdin is open
    assert b"01234" in output
    assert b"56789" not in output


@pytest.mark.parametrize("length", [{}, {"CONTENT_LENGTH": ""}, {"CONTENT_LENGTH": "0"}])
def test_without_a_length_stdin_is_not_read(run: Runner, length: dict[str, Any]) -> None:
    with run.start("reports", **length) as program:
        output = program.stdout.read()  # while stdin is open
    assert json.loads(output.partition(b"\r\n\r\n")[2])["body"] == ""


def test_a_chunked_body_ends_at_the_end_of_stdin(run: Runner) -> None:
    with run.start("reports", REQUEST_METHOD="POST", HTTP_TRANSFER_ENCODING="chunked") as program:
        seen = report(Result(*program.process.communicate(BODY)[:1], "", program.process.wait()))  # and closes stdin
    assert seen["body"] == BODY.decode()


@pytest.mark.parametrize("kind", ["file", "socket", "pipe"])
def test_stdin_may_be_a_file_or_a_socket_or_a_pipe(run: Runner, kind: str, tmp_path: Path) -> None:
    body = b"ab" * 100_000
    length: dict[str, Any] = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(len(body))}
    if kind == "pipe":
        return _assert_echoed(run("reports", body), body)
    if kind == "file":
        (tmp_path / "body").write_bytes(body + b"beyond")
        with open(tmp_path / "body", "rb") as file:
            return _assert_echoed(run("reports", streams={"stdin": file}, **length), body)
    ours, theirs = socket.socketpair()
    with ours, theirs, run.start("reports", streams={"stdin": theirs}, **length) as program:
        ours.sendall(body)
        _assert_echoed(program.result(), body)


def _assert_echoed(result: Result, body: bytes) -> None:
    assert report(result)["body"] == body.decode()


def test_the_body_is_read_as_it_arrives(run: Runner) -> None:
    with run.start("echoes_as_it_reads", REQUEST_METHOD="POST", CONTENT_LENGTH="6") as program:
        for part in (b"one", b"two"):
            program.stdin.write(part)
            program.stdin.flush()
            program.read_until(part)
        assert program.result().status == 0


def test_a_truncated_body_is_an_error(run: Runner) -> None:
    with run.start("reports", REQUEST_METHOD="POST", CONTENT_LENGTH="10") as program:
        program.stdin.write(b"01234")
        result = program.result()  # which closes stdin
    assert result.status == 70
    assert b"01234" not in result.output
    assert result.stderr.startswith("the body ended 5 bytes before its Content-Length\n")


@pytest.mark.parametrize("length", ["-1", "5 6", "0x5", "five", "\N{SUPERSCRIPT TWO}", "9" * 5000])
def test_an_invalid_length_is_refused(run: Runner, length: str) -> None:
    result = run("hello", CONTENT_LENGTH=length)
    assert result.head.status == 400
    assert "Content-Length is" in result.stderr


def test_stdin_is_reserved_for_the_body(run: Runner) -> None:
    assert run("reads_stdin", BODY).body == b"'' b''"


@pytest.mark.parametrize("closed", ["0<&-", "2>&-", "0<&- 2>&-"])
def test_a_server_may_leave_descriptors_closed(run: Runner, closed: str, tmp_path: Path) -> None:
    command = f"exec '{(tmp_path / 'program').as_posix()}' {closed}"
    with run.start("hello") as program:
        arguments = [str(argument) for argument in program.process.args]  # type: ignore[union-attr]
    (tmp_path / "program").write_text(f"#!{arguments[0]}\nimport sys; sys.path[:0] = ['.']\n{arguments[2]}\n")
    (tmp_path / "program").chmod(0o755)
    done = subprocess.run(
        ["sh", "-c", command],
        env={"GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "GET"},
        stdout=subprocess.PIPE,
        timeout=15,
        check=False,
    )
    assert (done.returncode, done.stdout.partition(b"\r\n\r\n")[2]) == (0, b"Hello!\n")


def test_a_slow_reader_does_not_accumulate_data_in_memory(run: Runner) -> None:
    """Backpressure: data that the application has not read stays in the pipe."""
    with run.start("waits", REQUEST_METHOD="POST", CONTENT_LENGTH="10000000") as program:
        program.read_until(b"first\n")
        eventually(lambda: _fill(program.stdin.fileno()), "the pipe is full")


def _fill(fd: int) -> bool:
    os.set_blocking(fd, False)
    try:
        written = sum(os.write(fd, b"x" * 65536) for _ in range(100))
    except BlockingIOError:
        return True
    pytest.fail(f"{written} bytes were read without a request for them")
