"""`gateways diff` between real servers: planted differences are found and named, and no others."""

import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from gateways.diff.ask import ask
from gateways.diff.plan import Plan
from gateways.diff.run import run
from gateways.diff.side import Ports, Stack, running
from gateways.requests.options import traffic
from gateways.serving.certificate import self_signed
from gateways.serving.probe import probe
from tests.real.serving import Running, serve

APPS = Path(__file__).parent / "apps" / "diffed"
ROOT = Path(__file__).parents[2]
ENVIRONMENT = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]}
WHEN = "[10/Oct/2026:13:55:36 +0000]"


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "gateways", "diff", *arguments]


def diff(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), cwd=APPS, env=ENVIRONMENT, capture_output=True, text=True, timeout=390, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


def differences(*arguments: str, status: int = 1) -> dict[str, dict[str, Any]]:
    """Return the counted differences, by facet."""
    done = diff(*arguments, "--json", "-")
    assert done.returncode == status, done.stderr + done.stdout
    found = json.loads(done.stdout)["differences"]
    return {each["facet"]: each for each in found if each["counted"]}


PATHS = ("--path", "/", "--path", "/cart", "--path", "/api", "--path", "/stream")


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    ("planted", "facet", "old", "new"),
    [
        ("lost_header", "header:x-frame-options", "DENY", "(absent)"),
        ("cookie_attribute", "cookie:session;httponly", "set", "(absent)"),
        ("same_token", "cookie:session", "a different value in each response", "the same value in all responses"),
        ("buffered", "stream", " blocks from", "1 block after"),
        ("off_by_one", "body:/text()", "(absent)", "\\n"),
        ("price", "body:/items/0/price", '"1.10"', "1.10"),
        ("cut", "problem", "200 OK", "the connection was closed in the middle of the response"),
    ],
)
def test_only_a_planted_difference_is_reported(planted: str, facet: str, old: str, new: str) -> None:
    found = differences("shop:app@waitress", f"shop:{planted}@uvicorn", *PATHS)
    assert list(found) == [facet]
    assert old in found[facet]["old"]
    assert new in found[facet]["new"]


@pytest.mark.timeout(400)
def test_one_failure_in_two_hundred_requests_of_an_access_log_is_reported(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text("".join(f'::1 - - {WHEN} "GET /{number} HTTP/1.1" 200 5 "-" "x"\n' for number in range(200)))
    found = differences("shop:app@waitress", "shop:one_failure@gunicorn", "--requests", str(log))
    assert list(found) == ["status"]
    assert found["status"]["new"] == "500 Internal Server Error"
    assert found["status"]["requests"] == [136]


@pytest.mark.timeout(400)
@pytest.mark.parametrize("server", ["waitress", "gunicorn", "cheroot", "uvicorn", "hypercorn", "granian"])
def test_the_same_app_has_no_difference_between_servers(server: str) -> None:
    assert differences("shop:app@waitress", f"@{server}", *PATHS, status=0) == {}


@pytest.mark.timeout(400)
def test_a_server_that_sends_no_date_is_reported() -> None:
    assert list(differences("shop:app@waitress", "@daphne", *PATHS)) == ["header:date"]


@pytest.mark.timeout(60)
def test_a_cgi_program_has_the_string_hashes_of_the_other_stack(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("#!/usr/bin/env python3\nprint('Content-Type: text/plain\\n')\nprint(hash('a'))\n")
    program.chmod(0o755)
    stack = Stack("old", probe(str(program), 60), "asgi", "uvicorn")
    (request,) = traffic(["/"]).requests
    with running(stack, "localhost", Ports()) as started:
        answered = ask(started.address, request, 30)
    known = subprocess.check_output([sys.executable, "-c", "print(hash('a'))"], env={"PYTHONHASHSEED": "0"})
    assert answered.body.octets == known


@pytest.mark.timeout(400)
def test_the_order_of_a_set_of_classes_is_noise_between_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    """On one server, the classes have the same addresses in each process, unless the server varies them."""
    monkeypatch.chdir(APPS)
    known = probe("classes:app", 60)
    old, new = (Stack(server, known, "wsgi", server) for server in ("waitress", "gunicorn"))
    result = run(Plan(old, new, traffic(["/"])))
    assert ([each.found for each in result.counted], result.noise["body"]) == ([], 1)


@pytest.mark.timeout(400)
def test_the_old_stack_has_no_difference_to_itself_in_ten_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(APPS)
    stack = Stack("shop:app@waitress", probe("shop:app", 60), "wsgi", "waitress")
    asked = traffic(["/", "/a", "/b", "/api", "/api?x"] * 10)
    for _ in range(10):
        result = run(Plan(stack, stack, asked, strict=True))
        assert len(result.asked) == 50
        assert [each.found for each in result.counted] == []


@pytest.mark.timeout(400)
def test_a_server_that_exits_is_reported_with_its_last_line() -> None:
    done = diff("shop:app@waitress", "shop:dying@waitress", "--path", "/", "--path", "/die", "--path", "/cart")
    assert done.returncode == 1
    # The listening socket may be closed slightly later than the connection; the next connection is then reset, not
    # refused.
    assert re.search(
        "problem  200 OK → no response: the connection was (refused|reset without a response)", done.stdout
    )
    assert "new: the server exited unexpectedly; its last line of output: planted: dying" in done.stdout


@pytest.mark.timeout(400)
def test_a_lost_cookie_is_one_difference_and_its_value_is_shown_only_with_an_option(tmp_path: Path) -> None:
    sides = ("shop:app@waitress", "shop:lost_cookie@waitress", "--path", "/", "--path", "/cart")
    page = tmp_path / "page.html"
    done = diff(*sides, "--html", str(page))
    assert done.returncode == 1
    assert "1 difference, in 2 of 2 requests" in done.stdout
    assert "cookie:session lost  [redacted] → (absent)" in done.stdout
    assert "[redacted]" in page.read_text()
    (found,) = differences(*sides, "--show-secrets").values()
    assert len(found["old"]) == 22


@pytest.mark.timeout(400)
def test_an_accepted_difference_does_not_count_and_a_new_difference_does(tmp_path: Path) -> None:
    accepted = tmp_path / "accepted.json"
    sides = ("shop:app@waitress", "shop:lost_header@waitress")
    assert diff(*sides, "--path", "/", "--write-accepted", str(accepted)).returncode == 1
    assert diff(*sides, "--path", "/", "--accept", str(accepted)).returncode == 0
    other = diff(sides[0], "shop:cookie_attribute@waitress", "--path", "/", "--accept", str(accepted))
    assert other.returncode == 1
    assert "accepted difference that did not occur: header:x-frame-options" in other.stdout
    ignored = diff(*sides, "--path", "/", "--ignore", "header:X-*", "--ignore", "header:gone")
    assert ignored.returncode == 0
    assert "--ignore header:gone matches no difference\n" in ignored.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["shop:app@wsgiref", "@uvicorn", "--path", "/"], "'wsgiref' is neither a server nor a mode"),
        (["shop@wsgiref", "@uvicorn", "--path", "/"], "'wsgiref' is neither a server nor a mode"),
        (["shop:app", "@uvicorn"], "there are no requests to send"),
        (["shop:app", "@uvicorn", "--path", "/", "--log-format", "common"], "--log-format needs --requests or --login"),
        (["https://localhost:1", "@uvicorn", "--path", "/", "--ca", "no.pem"], "File 'no.pem' does not exist"),
        (["shop:app", "@uvicorn", "--path", "/", "--ignore", "nonsense"], "no facet is named 'nonsense'; choose from"),
        (["shop:app", "http://127.0.0.1:9", "--path", "/", "--method", "POST"], "add --unsafe to send them"),
        (["shop:gone", "@uvicorn", "--path", "/"], "gone"),
        (["http://127.0.0.1:1/path", "shop:app", "--path", "/"], "is not the URL of a server"),
        (["shop:app", "@uvicorn", "--requests", "shop.py"], "is not a line in a known format"),
        (["shop:app", "@uvicorn", "--path", "/", "--reset", "echo broken; false"], "failed with exit status 1: broken"),
        (["@uvicorn", "shop:app", "--path", "/"], "has no TARGET before the @"),
        (
            ["http://127.0.0.1:9", "shop:app", "--path", "/"],
            "no request got a response: the connection was refused",
        ),
        (["shop:app", "shop:dying@gunicorn", "--path", "/"], "no request got a response"),
    ],
)
def test_a_failed_comparison_exits_with_2_and_the_reason(arguments: Sequence[str], said: str) -> None:
    done = diff(*arguments)
    assert done.returncode == 2, done.stdout
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.timeout(400)
def test_a_request_after_which_both_servers_exit_is_not_the_same() -> None:
    done = diff("shop:dying@waitress", "@cheroot", "--path", "/", "--path", "/die")
    assert done.returncode == 2, done.stdout
    assert "not compared: 1 of 2 requests got no response from either stack" in done.stdout


@pytest.mark.timeout(400)
def test_ctrl_c_shows_the_results_so_far_and_leaves_no_server(tmp_path: Path) -> None:
    paths = tmp_path / "x.jsonl"
    paths.write_text('{"path": "/"}\n' + '{"path": "/stream"}\n' * 30)
    mark, asked = f"GATEWAYS_TEST_{os.getpid()}", tmp_path / "asked"
    process = subprocess.Popen(
        command("shop:app@waitress", "shop:noting@waitress", "--requests", str(paths)),
        cwd=APPS, env={**ENVIRONMENT, mark: "1", "SHOP_ASKED": str(asked)},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        while not asked.exists():  # some requests into the second round
            assert process.poll() is None
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.1)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 2, said  # not all of the noise is known
    assert "interrupted: " in said
    assert "the report is incomplete" in said
    assert "header:x-frame-options  DENY → (absent)" in said
    assert "noise is unknown" in said
    assert left(mark) == []


STUCK = """
import pathlib
import time

def app(environ, start_response):
    pathlib.Path("asked").touch()
    time.sleep(60)
"""


def left(mark: str) -> list[Path]:
    return [each for each in Path("/proc").glob("[0-9]*/environ") if mark.encode() in _read(each)]


@pytest.mark.timeout(120)
def test_a_second_ctrl_c_does_not_leave_a_server_behind(tmp_path: Path) -> None:
    (tmp_path / "stuck.py").write_text(STUCK)
    mark, accepted = f"GATEWAYS_TEST_TWICE_{os.getpid()}", tmp_path / "accepted.json"
    process = subprocess.Popen(
        command("stuck:app@waitress", "@gunicorn", "--path", "/", "--write-accepted", str(accepted)),
        cwd=tmp_path, env={**ENVIRONMENT, mark: "1"}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        while not (tmp_path / "asked").exists():
            assert process.poll() is None
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.1)
        process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):  # the server does not stop at once, because of the request
            process.wait(0.3)
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        assert left(mark) == []
        assert process.stdout is not None
        said = process.stdout.read()
        assert process.returncode == 2, said
        assert f"not written: {accepted}, because the comparison was interrupted" in said
        assert not accepted.exists()
    finally:
        process.kill()
        process.communicate()


LINES = f'::1 - - {WHEN} "GET / HTTP/1.1" 200 5\n'.encode() * 4000


@pytest.mark.timeout(60)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("terminal", [True, False])
def test_only_a_terminal_shows_the_progress_of_reading_and_an_interrupt_ends_it(
    terminal: bool, number: signal.Signals, tmp_path: Path
) -> None:
    fifo = tmp_path / "access.log"
    os.mkfifo(fifo)
    ours, theirs = pty.openpty() if terminal else os.pipe()
    process = subprocess.Popen(
        command("shop:app", "@uvicorn", "--requests", str(fifo), "--export", "-"), cwd=APPS,
        env={**ENVIRONMENT, "TERM": "xterm"}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    try:
        with fifo.open("wb", buffering=0) as writer:  # waits for the reader
            for start in range(0, len(LINES), 4096):
                writer.write(LINES[start : start + 4096])  # waits until the pipe has space, so the reader reads
            process.send_signal(number)
            assert process.wait(20) == 130
        said = b""
        with contextlib.suppress(OSError):  # the end of a terminal
            while octets := os.read(ours, 65_536):
                said += octets
    finally:
        os.close(ours)
        process.kill()
        process.wait()
    assert (b"reading access.log" in said) == terminal, said
    assert said.decode().replace("\r", "").endswith("gateways: interrupted\n")
    assert terminal or said.strip() == b"gateways: interrupted"


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""


@pytest.mark.timeout(400)
def test_exported_json_lines_contain_the_same_requests(tmp_path: Path) -> None:
    log, lines = tmp_path / "access.log", tmp_path / "x.jsonl"
    log.write_text(f'::1 - - {WHEN} "GET /api HTTP/1.1" 200 5\n::1 - - {WHEN} "POST / HTTP/1.1" 200 5\n')
    exported = diff("shop:app", "@uvicorn", "--requests", str(log), "--export", str(lines))
    assert exported.returncode == 0
    assert exported.stderr.startswith("left out: 1 entry (an access log does not contain the body of a POST)")
    assert '"path": "/api"' in lines.read_text()
    done = diff("shop:app", "@uvicorn", "--requests", str(log))
    assert (
        "left out: 1 entry (an access log does not contain the body of a POST); first access.log, line 2" in done.stdout
    )
    assert diff("shop:app", "@uvicorn", "--requests", str(lines)).returncode == 0


def served(*options: str) -> AbstractContextManager[Running]:
    words = [
        "uvicorn",
        "--interface=wsgi",
        "--host={host}",
        "--port={port}",
        f"--app-dir={APPS}",
        *options,
        "shop:lost_header",
    ]
    return serve(words, env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"})


LOST = ["header:x-frame-options"]


@pytest.mark.timeout(400)
def test_only_safe_requests_are_sent_to_a_url_unless_unsafe_is_given(tmp_path: Path) -> None:
    lines = tmp_path / "x.jsonl"
    lines.write_text('{"path": "/"}\n{"path": "/cart", "body": "item=1"}\n')
    with served() as server:
        done = diff("shop:app@waitress", server.url, "--requests", str(lines))
        assert "in 1 of 1 request" in done.stdout
        why = "POST, PUT, PATCH and DELETE may change data; add --unsafe to send them to a running server"
        assert f"left out: 1 entry ({why})" in done.stdout
        assert (
            "in 2 of 2 requests" in diff("shop:app@waitress", server.url, "--requests", str(lines), "--unsafe").stdout
        )


@pytest.mark.timeout(400)
def test_an_https_url_needs_a_trusted_certificate_or_an_option(tmp_path: Path) -> None:
    with (
        self_signed("127.0.0.1") as (certificate, key),
        served(f"--ssl-certfile={certificate}", f"--ssl-keyfile={key}") as server,
    ):
        url = server.url.replace("http:", "https:")
        assert list(differences("shop:app@waitress", url, "--path", "/", "--insecure")) == LOST
        assert list(differences("shop:app@waitress", url, "--path", "/", "--ca", certificate)) == LOST
        done = diff("shop:app@waitress", url, "--path", "/")
        assert done.returncode == 2
        assert "its certificate is not trusted: self-signed certificate" in done.stderr
