"""ASGIToCGI conforms to ASGI HTTP 2.5 and the lifespan protocol, on one loop and without a thread."""

import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from gateways.adapters import ASGIToCGI
from tests.adapters.asgi_to_cgi import apps
from tests.adapters.on_cgi.running import Runner, respond
from tests.real.serving import eventually


def test_the_lifespan_surrounds_the_request_and_the_scope_has_its_state(run: Runner) -> None:
    result = run("has_a_lifespan")
    assert json.loads(result.body) == {"startup": "seen"}
    assert (run.recorded(), result.status) == (["startup", "request", "shutdown"], 0)


def test_an_application_that_cannot_start_responds_with_500(run: Runner) -> None:
    result = run("fails_to_start")
    assert (result.head.status, result.status) == (500, 70)
    assert "no database" in result.stderr


@pytest.mark.parametrize("how", ["SIGTERM", "close"])
def test_a_disconnect_during_startup_ends_it(run: Runner, how: str) -> None:
    with run.start("starts_for_ever") as program:
        eventually(lambda: run.recorded() == ["starting"], "the application starts")
        if how == "SIGTERM":
            program.process.send_signal(signal.SIGTERM)
        else:
            program.stdout.close()
        assert program.result().status == (128 + signal.SIGTERM if how == "SIGTERM" else 70)
    assert run.recorded() == ["starting", "ended"]


def test_the_server_may_report_a_disconnect_by_closing_stdout(run: Runner) -> None:
    with run.start("waits") as program:
        program.read_until(b"first\n")
        program.stdout.close()
        result = program.result()
    assert (result.status, result.stderr) == (70, "")
    assert run.recorded() == ["startup", "ClientDisconnected", "ended", "shutdown"]


def test_an_application_that_does_not_receive_the_disconnect_is_cancelled(run: Runner) -> None:
    with run.start("is_deaf") as program:
        program.read_until(b"first\n")
        told = time.time()
        program.process.send_signal(signal.SIGTERM)
        result = program.result()
    (cancelled,) = run.recorded()
    assert float(cancelled) - told < 0.8  # a server may send SIGKILL soon after SIGTERM
    assert (result.status, result.stderr) == (128 + signal.SIGTERM, "")


@pytest.mark.parametrize("kind", ["pipe", "file", "none"])
def test_no_thread_is_started(run: Runner, kind: str, tmp_path: Path) -> None:
    (tmp_path / "body").write_bytes(b"x" * 100_000)
    if kind == "file":
        with open(tmp_path / "body", "rb") as file:
            length: dict[str, Any] = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": "100000"}
            found = json.loads(run("tells_threads", streams={"stdin": file}, **length).body)
    else:
        found = json.loads(run("tells_threads", b"x" * 100_000 if kind == "pipe" else b"").body)
    assert found == {"threads": 1, "read": 0 if kind == "none" else 100_000}


TELLS_MODULES = """
import asyncio, sys
asyncio.run(asyncio.sleep(0))
before = set(sys.modules)
from gateways.adapters import ASGIToCGI

async def app(scope, receive, send):
    assert scope["type"] == "http"
    await receive()
    more = "\\n".join(sorted(set(sys.modules) - before))
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": more.encode()})

ASGIToCGI(app).run()
"""


def test_little_besides_asyncio_is_imported() -> None:
    more = set(respond(TELLS_MODULES, b"xy", CONTENT_LENGTH="2").body.decode().split())
    assert "gateways.adapters.asgi_to_cgi" in more
    of_python = {name for name in more if name.partition(".")[0] != "gateways"}
    of_python -= {"typing", "_typing"}  # before 3.14 asyncio imports it, too
    assert of_python <= {"__future__", "fcntl", "gc", "http", "importlib.util", "ipaddress", "urllib", "urllib.parse"}


def test_a_server_that_does_not_read_blocks_the_application_and_not_its_loop(run: Runner) -> None:
    with run.start("ticks_while_it_sends") as program:
        program.read_until(b"\r\n\r\n")
        before = len(run.recorded())
        eventually(lambda: len(run.recorded()) > before + 5, "the loop goes round while the pipe is full")
        run.signal.touch()
        assert program.result().output == b"x" * 3_000_000


def test_a_missing_body_blocks_receive_and_not_the_loop(run: Runner) -> None:
    with run.start("ticks_while_it_receives", REQUEST_METHOD="POST", CONTENT_LENGTH="4") as program:
        eventually(lambda: len(run.recorded()) > 5, "the loop goes round while the pipe is empty")
        program.stdin.write(b"body")
        assert program.result().body == b"body"


def test_receive_returns_a_disconnect_after_the_response(run: Runner) -> None:
    assert run("receives_afterwards").status == 0
    assert run.recorded() == ["http.disconnect", "http.disconnect"]


def test_messages_after_the_response_are_ignored(run: Runner) -> None:
    result = run("sends_afterwards")
    assert (result.body, result.status) == (b"Hello!\n", 0)
    assert "after its response was complete" in result.stderr


@pytest.mark.parametrize(
    ("app", "status", "complaint"),
    [
        ("sends_body_first", 500, "before 'http.response.start'"),
        ("returns_at_once", 500, "returned before its response was complete"),
        ("returns_early", 200, "returned before its response was complete"),
        ("answers_too_much", 200, "more than its Content-Length"),
    ],
)
def test_a_response_that_violates_asgi_does_not_look_complete(
    run: Runner, app: str, status: int, complaint: str
) -> None:
    result = run(app)
    assert (result.head.status, result.status) == (status, 70)
    assert complaint in result.stderr


def test_an_empty_first_block_sends_the_response_headers(run: Runner) -> None:
    with run.start("flushes_its_head") as program:
        read = program.read_until(b"\r\n\r\n")
        run.signal.touch()
        assert program.result(read).body == b"done"


def test_an_asgi_2_application_works(run: Runner) -> None:
    assert run("Generation2").body == b"ASGI 2\n"


def test_an_invalid_application_is_refused_by_the_constructor() -> None:
    with pytest.raises(TypeError, match="is not callable"):
        ASGIToCGI("app")
    with pytest.raises(ValueError, match="script_name="):
        ASGIToCGI(apps.hello, script_name="shop")
