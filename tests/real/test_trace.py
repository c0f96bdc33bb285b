"""`gateways trace` as people use it: their own apps on real servers, and what can go wrong."""

import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from fcntl import ioctl
from pathlib import Path
from typing import Any

import pytest

from gateways.serving.server import MODES, side

ROOT = Path(__file__).parents[2]
APPS = Path(__file__).parent / "apps" / "traced"
PATIENCE = 50


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(APPS)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gateways", "trace", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE, check=False, stdin=subprocess.DEVNULL
    )


def traced(*arguments: str, status: int = 0) -> Any:
    """Return the JSON of a trace."""
    done = run(*arguments, "--json")
    assert done.returncode == status, done.stderr + done.stdout
    return json.loads(done.stdout)


def whats(trace: Any, interface: str | None = None) -> list[str]:
    """Return the steps of the request in order, without byte counts. Optionally, return only those between two
    lifelines.
    """
    steps = [step for step in trace["steps"] if step["phase"] == "request"]
    return [
        re.sub(r"^[\d,]+ bytes?$", "bytes", step["what"]) for step in steps if interface in (None, step["interface"])
    ]


def sent(trace: Any) -> str:
    """Return all bytes that the server sent, as ISO 8859-1, with their framing."""
    return "".join(
        step["data"]["bytes"]["bytes"] for step in trace["steps"] if step["interface"] == "tcp" and step["from"] == 1
    )


SHOP = """
import os
starts = 0
def app(environ, start_response):
    global starts
    starts += 1
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    cookie = environ.get("HTTP_COOKIE", "")
    headers = [("Set-Cookie", "session=s3cr3t-of-ann")] if environ["PATH_INFO"] == "/login" else []
    known = "known" if "s3cr3t-of-ann" in cookie else "unknown"
    said = f"{starts} {environ['REQUEST_METHOD']} {known} ".encode() + body
    start_response("200 OK", [*headers, ("Content-Length", str(len(said)))])
    return [said]
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "traced_shop.py").write_text(SHOP)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("shop")
def test_the_app_has_started_before_the_traced_request_unless_cold_is_given() -> None:
    assert sent(traced("traced_shop:app")).endswith("2 GET unknown ")
    assert sent(traced("traced_shop:app", "--cold")).endswith("1 GET unknown ")
    assert len(whats(traced("traced_shop:app"), "wsgi")) == len(whats(traced("traced_shop:app", "--cold"), "wsgi"))
    # An unsafe request is sent only once; HEAD makes the app start.
    assert sent(traced("traced_shop:app", "--data", "x")).endswith("2 POST unknown x")


def test_the_body_of_a_request_may_come_from_a_file_or_stdin(shop: Path) -> None:
    (shop / "body").write_bytes(b"from a file")
    assert sent(traced("traced_shop:app", "--data", "@body")).endswith("from a file")
    command = [sys.executable, "-m", "gateways", "trace", "traced_shop:app", "--data", "@-", "--json"]
    done = subprocess.run(command, input=b"from stdin", capture_output=True, timeout=PATIENCE, check=True)
    assert sent(json.loads(done.stdout)).endswith("from stdin")


def test_earlier_requests_are_a_login_whose_cookies_are_used_and_not_shown(shop: Path) -> None:
    (shop / "requests.jsonl").write_text(
        '{"gateways-requests": 1}\n{"method": "POST", "path": "/login", "body": "x"}\n{"path": "/me"}\n'
    )
    trace = traced("traced_shop:app", "--requests", "requests.jsonl")
    assert trace["asked"] == "GET /me HTTP/1.1"
    assert sent(trace).endswith("2 GET known ")
    assert "s3cr3t-of-ann" not in json.dumps(trace)
    assert "s3cr3t-of-ann" in json.dumps(traced("traced_shop:app", "--requests", "requests.jsonl", "--show-secrets"))


@pytest.mark.parametrize(("mode", "server"), [(mode, name) for mode in MODES for name in side(mode).SERVERS])
def test_the_reference_app_is_traced_on_each_server(mode: str, server: str) -> None:
    trace = traced("--mode", mode, "--server", server, "--path", "/hello?name=kfir")
    assert trace["problem"] is None
    assert (trace["response"]["status"], trace["response"]["complete"]) == (200, True)
    assert sent(trace).endswith("Hello, kfir!\n")
    assert (trace["server"]["name"], trace["target"]["interface"]) == (server, mode)
    assert trace["request"]["start_line"] == "GET /hello?name=kfir HTTP/1.1"
    first = {"cgi": "environment", "wsgi": "environ", "asgi": "scope"}[mode]
    (called,) = (step for step in trace["steps"] if step["what"] == first and step["phase"] == "request")
    assert called["process"]
    assert called["thread"]
    assert 0 < called["at_ms"] < trace["response"]["first_byte_ms"] <= trace["response"]["total_ms"]


def test_a_fastapi_app_with_a_dependency_and_a_stream_is_traced() -> None:
    trace = traced("fastapi_app:app", "--path", "/stream?name=kfir")
    assert whats(trace, "asgi")[:3] == ["scope", "receive http.request", "send http.response.start"]
    assert [step["data"]["body"]["bytes"] for step in trace["steps"] if step["what"] == "send http.response.body"] == [
        "KFIR 0\n",
        "KFIR 1\n",
        "KFIR 2\n",
        "",
    ]
    assert trace["response"]["framing"] == "chunked"
    # Two pauses of 50 ms. On a busy machine, the first byte may be recorded late.
    assert trace["response"]["total_ms"] - trace["response"]["first_byte_ms"] > 20
    phases = [step["phase"] for step in trace["steps"] if "lifespan." in step["what"]]
    assert phases == ["before", "before", "after", "after"]


def test_flask_under_uvicorn_shows_both_sides_of_the_adapter_and_the_time_of_the_hop() -> None:
    trace = traced("flask_app.py", "--server", "uvicorn", "--path", "/echo", "--data", "hello", "--header", "X-A: b")
    assert trace["adapter"]["name"] == "WSGIToASGI"
    assert 0 < trace["adapter"]["hop_ms"] < trace["response"]["first_byte_ms"]
    assert whats(trace, "asgi")[:2] == ["scope", "receive http.request"]
    assert {"environ", "wsgi.input", "start_response", "block", "close"} <= set(whats(trace, "wsgi"))
    assert sent(trace).endswith("olleh")
    threads = {step["interface"]: step["thread"] for step in trace["steps"] if step["what"] in ("scope", "environ")}
    assert threads["asgi"] != threads["wsgi"]
    assert ["x-a", "b"] in [[name.lower(), value] for name, value in trace["request"]["headers"]]


def test_fastapi_under_waitress_is_traced() -> None:
    trace = traced("fastapi_app:app", "--mode", "wsgi", "--path", "/hello?name=kfir")
    assert trace["adapter"]["name"] == "ASGIToWSGI"
    assert whats(trace, "wsgi")[0] == "environ"
    assert whats(trace, "asgi")[-1] == "returned"
    assert sent(trace).endswith('{"hello":"KFIR"}')


def test_flask_as_a_cgi_program_runs_in_its_own_process_and_leaves_no_file_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    trace = traced("flask_app:app", "--mode", "cgi", "--path", "/hello")
    assert trace["adapter"]["name"] == "WSGIToCGI"
    assert trace["response"]["status"] == 200
    processes = {
        step["interface"]: step["process"] for step in trace["steps"] if step["what"] in ("environ", "environment")
    }
    assert processes["cgi"] != processes["wsgi"]
    assert whats(trace, "cgi")[-1] == "exit"
    assert list(tmp_path.iterdir()) == []


def test_a_django_app_is_traced() -> None:
    trace = traced("django_app", "--path", "/page")
    assert (trace["target"]["interface"], trace["response"]["status"]) == ("wsgi", 200)
    assert "a page by Django" in sent(trace)


@pytest.mark.parametrize(("mode", "adapter"), [("cgi", None), ("asgi", "CGIToASGI"), ("wsgi", "CGIToWSGI")])
def test_a_shell_script_is_traced_as_a_cgi_program(mode: str, adapter: str | None) -> None:
    trace = traced("hello.sh", "--mode", mode, "--data", "some words")
    assert (trace["adapter"] or {}).get("name") == adapter
    steps = whats(trace, "cgi")
    assert {"environment", "process", "stdin", "stdout", "stderr", "exit"} <= set(steps)
    (complaint,) = (step for step in trace["steps"] if step["what"] == "stderr")
    assert complaint["text"] == "a complaint"
    (started,) = (step for step in trace["steps"] if step["what"] == "process")
    assert complaint["process"] == started["data"][0]
    assert "POST /: " in sent(trace)
    assert "some words" in sent(trace)


def test_a_websocket_chat_is_traced() -> None:
    trace = traced("asgi_app", "--path", "/chat", "--ws", "hello", "--ws", "goodbye")
    assert (trace["asked"], trace["response"]["status"]) == ("WebSocket /chat", 101)
    assert whats(trace, "asgi") == [
        "scope",
        "receive websocket.connect",
        "send websocket.accept",
        *["receive websocket.receive", "send websocket.send"] * 2,
        "receive websocket.disconnect",
        "returned",
    ]
    said = [step["text"] for step in trace["steps"] if step["interface"] == "tcp"]
    assert "text frame, masked: 7 bytes  b'goodbye'" in said
    assert "text frame: 16 bytes  b'you said goodbye'" in said


@pytest.mark.parametrize("server", ["waitress", "gunicorn"])
def test_a_websocket_of_an_asgi_app_on_a_wsgi_server_is_traced(server: str) -> None:
    trace = traced("asgi_app", "--mode", "wsgi", "--server", server, "--path", "/chat", "--ws", "hello")
    assert trace["response"]["status"] == 101
    assert whats(trace, "asgi")[-6:] == [
        "receive websocket.connect",
        "send websocket.accept",
        "receive websocket.receive",
        "send websocket.send",
        "receive websocket.disconnect",
        "returned",
    ]
    lifespan = [(step["phase"], step["what"]) for step in trace["steps"] if "lifespan." in step["what"]]
    assert lifespan == [
        *[("before", "receive lifespan.startup"), ("before", "send lifespan.startup.complete")],
        *[("after", "receive lifespan.shutdown"), ("after", "send lifespan.shutdown.complete")],
    ]
    assert "start_response" in whats(trace, "wsgi")
    assert "text frame: 14 bytes  b'you said hello'" in [step["text"] for step in trace["steps"]]
    assert trace["note"].startswith(f"ASGIToWSGI took the connection over from {server} when the app accepted")


@pytest.mark.parametrize("mode", ["asgi", "wsgi"])
def test_a_websocket_of_a_wsgi_app_is_traced(mode: str) -> None:
    server = {"asgi": "uvicorn", "wsgi": "gunicorn"}[mode]
    trace = traced("flask_app", "--mode", mode, "--server", server, "--path", "/chat", "--ws", "hello")
    assert trace["response"]["status"] == 101
    assert whats(trace, "wsgi")[0] == "environ"
    messages = {"receive websocket.receive", "send websocket.send"} & set(whats(trace, "asgi"))
    assert len(messages) == (2 if mode == "asgi" else 0)
    assert "text frame: 14 bytes  b'you said hello'" in [step["text"] for step in trace["steps"]]
    assert "through the socket in its environ, which a trace does not observe" in trace["note"]
    assert ("ASGI messages of WSGIToASGI" in trace["note"]) == (mode == "asgi")


def test_an_app_that_raises_in_a_stream_shows_the_place() -> None:
    trace = traced("asgi_app:app", "--path", "/breaks", status=1)
    assert trace["problem"] == "the connection ended in the middle of the response"
    (raised,) = (step for step in trace["steps"] if step["wrong"])
    assert re.fullmatch(r"RuntimeError\('in mid-stream'\) at .*asgi_app\.py:\d+", raised["text"])
    assert trace["response"]["complete"] is False
    assert any(line["text"] == "RuntimeError: in mid-stream" for line in trace["log"])


def test_an_app_that_hangs_is_reported_with_the_trace_so_far() -> None:
    trace = traced("asgi_app:app", "--path", "/hangs", "--timeout", "1", status=1)
    assert trace["problem"] == "no complete response within 1 seconds"
    assert whats(trace, "asgi")[:1] == ["scope"]
    assert trace["response"] is None


def test_an_app_that_exits_is_reported_with_the_trace_so_far() -> None:
    trace = traced("asgi_app:app", "--path", "/dies", status=1)
    assert trace["problem"] == "the server process exited; events of its last 20 ms may be missing"
    assert [step["phase"] for step in trace["steps"][:3]] == ["before"] * 3
    assert whats(trace, "tcp")[0] == "bytes"


def test_a_lifespan_that_fails_is_shown() -> None:
    trace = traced("asgi_app:unstartable", status=1)
    assert trace["problem"].startswith("the server uvicorn did not start: ")
    assert trace["request"] is None


def test_without_a_terminal_the_diagram_is_plain_and_fits_100_columns() -> None:
    done = run("flask_app:app", "--server", "uvicorn", "--path", "/hello?name=" + "x" * 300)
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 100
    assert "TRANSPORT PROTOCOL   ADAPTER APPLICATION" in done.stdout


def test_on_a_terminal_the_output_is_coloured() -> None:
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 120, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "gateways", "trace"],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        env={**os.environ, "TERM": "xterm-256color"},
    )
    os.close(theirs)
    shown = b""
    try:
        while data := os.read(ours, 65536):
            shown += data
    except OSError:  # EIO: the other end is closed
        assert process.wait(timeout=PATIENCE) == 0
    os.close(ours)
    assert b"\x1b[" in shown
    lines = re.sub(r"\x1b\[[0-9;]*m", "", shown.decode()).splitlines()
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["nothing_here"], 1, "gateways trace: no module 'nothing_here' in this folder; it has "),
        (["asgi_app:ap"], 1, "gateways trace: module asgi_app has no attribute 'ap'; did you mean 'app'?"),
        (
            ["asgi_app:__doc__"],
            1,
            "gateways trace: asgi_app:__doc__ is a str, which is not callable; expected a WSGI or ASGI app",
        ),
        (["none.py"], 1, "gateways trace: no file 'none.py' in this folder"),
        (
            ["--server", "apache"],
            2,
            "gateways trace: Invalid value for '--server': unknown server 'apache'; choose one of ",
        ),
        (
            ["--server", "waitress", "--mode", "asgi"],
            2,
            "gateways trace: Invalid value for '--server': 'waitress' is not an ASGI server; ",
        ),
        (["--path", "hello"], 2, "gateways trace: the path 'hello' does not begin with a slash"),
        (["--method", "G T"], 2, "gateways trace: 'G T' is not a method; write for example GET."),
        (["--header", "none"], 2, "gateways trace: 'none' is not a header; "),
        (["--ws", "a", "--data", "b"], 2, "gateways trace: --ws cannot be used with --method and --data"),
        (["--html", "/no/such/folder/page.html"], 1, "gateways trace: cannot write /no/such/folder/page.html: "),
    ],
)
def test_invalid_input_is_reported_in_one_clear_line(arguments: list[str], status: int, said: str) -> None:
    done = run(*arguments)
    assert done.stderr.startswith(said)
    assert (done.returncode, done.stderr.count("\n")) == (status, 1)
