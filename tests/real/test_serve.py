"""`gateways serve` as people use it: their apps, on the server they ask for, until Ctrl-C."""

import json
import re
import signal
import socket
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.real.running import PATIENCE, Running

APPS = Path(__file__).parent / "apps"
ROOT = Path(__file__).parents[2]


class Serving(Running):
    """`gateways serve …`, once it has said where."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        place = () if "--unix" in arguments else ("--port", "0")
        super().__init__("serve", *arguments, *place, stdout=None, **environment)

    @property
    def url(self) -> str:
        self.wait_for("Ctrl-C ends it")
        return self.said[0].split()[0]

    def ask(self, path: str, data: bytes | None = None) -> Any:
        with urllib.request.urlopen(self.url + path, data, timeout=PATIENCE) as answer:
            return json.load(answer)

    def ends(self, number: int = signal.SIGINT) -> None:
        """It is told to end: all of it has, within two seconds, and well."""
        status, took = self.end(number)
        assert status == 0
        assert took < 2
        assert self.left() == []


@pytest.mark.parametrize(
    ("target", "options", "between"),
    [
        (
            "serve_flask.py",
            "--server uvicorn",
            "; uvicorn speaks ASGI, so gateways.adapters.WSGIToASGI(app) is in between",
        ),
        ("serve_flask.py:create_app()", "--server gunicorn --workers 2 --threads 2", "so nothing is in between"),
        (
            "serve_flask.py:wrapped",
            "--interface wsgi --mode asgi --server hypercorn",
            "gateways.adapters.WSGIToASGI(app)",
        ),
        ("serve_flask.py:create_app", "--server granian --mode asgi --threads 2", "gateways.adapters.WSGIToASGI(app)"),
        ("serve_django.py:wsgi", "--mode asgi", "gateways.adapters.WSGIToASGI(app)"),
        ("serve_django.py:asgi", "--server cheroot --threads 3", "gateways.adapters.ASGIToWSGI(app)"),
        (
            "serve_fastapi.py",
            "--server waitress",
            "; waitress speaks WSGI, so gateways.adapters.ASGIToWSGI(app) is in between",
        ),
        ("serve_fastapi.py", "--workers 2", "; uvicorn speaks ASGI, so nothing is in between"),
        ("serve_odd.py:partial", "--server daphne", "gateways.adapters.WSGIToASGI(app)"),
        ("serve_odd.py:instance", "", "instance(environ, start_response); waitress speaks WSGI, so nothing"),
        ("serve_odd.py:Callable2", "--mode asgi", "Callable2()(environ, start_response); uvicorn speaks ASGI"),
        ("serve_odd.py:Iterated", "", "Iterated(environ, start_response); waitress speaks WSGI, so nothing"),
        ("serve_odd.py:Awaited", "", "await Awaited(scope, receive, send); uvicorn speaks ASGI, so nothing"),
        ("serve_odd.py:Double", "--server waitress", "await Double(scope)(receive, send); waitress speaks WSGI"),
        (
            "serve_fastapi.py",
            "--mode cgi",
            "a new process answers each request: gateways.adapters.ASGIToCGI(app).run()",
        ),
    ],
)
def test_an_app_is_recognised_and_served(target: str, options: str, between: str) -> None:
    with Serving(str(APPS / target), *options.split()) as serving:
        told = serving.ask("/inside/word", b"a body")
        assert (told["word"], told["body"]) == ("word", "a body")
        assert told.get("root", "") == ""
        assert between in serving.said[1]
        serving.wait_for(r"^(CGI  |WSGI |ASGI ) 200  POST /inside/word  \d+ bytes  ")
        serving.ends()


def test_workers_are_processes_and_all_of_them_end() -> None:
    with Serving(str(APPS / "serve_flask.py"), "--server", "uvicorn", "--workers", "2", "--quiet") as serving:
        assert re.match(r"http://\S+  uvicorn \S+, 2 workers$", serving.wait_for("uvicorn")[0])
        answering = {serving.ask("/inside/x")["process"]}
        # The parent, its child, uvicorn's two workers, and what multiprocessing needs.
        assert answering < {each.pid for each in serving.tree(lambda seen: len(seen) >= 4)}
        serving.ends(signal.SIGTERM)
        assert not [line for line in serving.said if "/inside/x" in line]  # --quiet


@pytest.mark.parametrize(
    ("target", "server"),
    [("serve_flask.py", "waitress"), ("serve_flask.py", "uvicorn"), ("serve_fastapi.py", "uvicorn")],
)
def test_an_app_below_a_root_path(target: str, server: str) -> None:
    with Serving(str(APPS / target), "--server", server, "--root-path", "shop/") as serving:
        assert serving.url.endswith("/shop")
        assert serving.ask("/inside/word")["root"] == "/shop"
        with urllib.request.urlopen(serving.url.removesuffix("/shop") + "/inside/cut", timeout=PATIENCE) as answer:
            assert json.load(answer)["root"] == "/shop"  # as by a proxy that cuts the path


@pytest.mark.parametrize("server", ["uvicorn", "hypercorn", "waitress", "gunicorn", "cheroot"])
def test_a_unix_socket(server: str, tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with Serving(str(APPS / "serve_odd.py:partial"), "--server", server, "--unix", str(path)) as serving:
        assert serving.url == f"unix:{path}"
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(PATIENCE)
            client.connect(str(path))
            client.sendall(b"GET /inside/word HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            answer = b""
            while data := client.recv(65536):
                answer += data
        assert answer.startswith(b"HTTP/1.1 200")
        assert b'"word": "word"' in answer
        serving.ends()
    assert not path.exists()


def test_a_request_that_never_ends_does_not_keep_it_and_the_lifespan_is_over_first() -> None:
    with Serving(str(APPS / "serve_fastapi.py")) as serving:
        host, port = serving.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=PATIENCE) as client:
            client.sendall(b"GET /never HTTP/1.1\r\nHost: x\r\n\r\nGET ")
            serving.ask("/inside/x")
            serving.ends(signal.SIGHUP)


@pytest.mark.parametrize("options", ["--server waitress", "--server granian", "--mode asgi --workers 2"])
def test_what_was_asked_just_before_the_end_is_told(options: str) -> None:
    with Serving(str(APPS / "serve_flask.py"), *options.split()) as serving:
        for number in range(3):
            serving.ask(f"/inside/{number}")
        serving.ends()
        serving.wait_for(r"  GET /inside/\d  \d+ bytes", count=3)


def test_reload_starts_the_app_anew_also_after_it_could_not_be_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    app = tmp_path / "changing.py"
    text = (
        "def app(environ, start_response):\n"
        "    start_response('200 OK', [('Content-Type', 'application/json')])\n"
        "    return [b'{number}']\n"
    )
    app.write_text(text.format(number=1))
    with Serving("changing", "--reload", "--server", "waitress", PYTHONPATH=str(ROOT)) as serving:
        assert serving.ask("/") == 1
        app.write_text("this is no Python")
        serving.wait_for(f"^changed: {app}$")
        serving.wait_for("waitress has ended; it is started again when a Python file changes")
        app.write_text(text.format(number=22))
        serving.wait_for(f"^changed: {app}$", count=2)
        assert serving.ask("/") == 22  # who asks while it is started waits
        serving.ends()


@pytest.mark.parametrize("options", ["", "--server waitress", "--server gunicorn", "--warm"])
def test_a_folder_is_served_as_http_server_did_with_cgi(options: str, tmp_path: Path) -> None:
    (tmp_path / "cgi-bin").mkdir()
    (tmp_path / "data.json").write_text('"of the file"')
    program = tmp_path / "cgi-bin" / "hello.py"
    program.write_text(
        "#!/usr/bin/env python3\nimport json, os, sys\n"
        "print('Content-Type: application/json\\n')\n"
        "names = 'SCRIPT_NAME', 'PATH_INFO', 'QUERY_STRING', 'GIVEN', 'PASSED', 'HIDDEN'\n"
        "print(json.dumps([sys.stdin.read(), sys.executable, *map(os.environ.get, names)]))\n"
    )
    program.chmod(0o755)
    arguments = [*options.split(), "--env", "GIVEN=here", "--env", "PASSED"]
    with Serving(str(tmp_path), "--root-path", "/x", *arguments, PASSED="on", HIDDEN="secret") as serving:
        assert serving.ask("/data.json") == "of the file"
        for _ in range(2):
            body, python, *variables = serving.ask("/cgi-bin/hello.py/more?a=b", b"body")
            assert variables == ["/x/cgi-bin/hello.py", "/more", "a=b", "here", "on", None]
            assert body == "body"
            assert Path(python).parent == Path(sys.executable).parent
        assert "files, and CGI programs below /cgi-bin/ and /htbin/, run by gateways.adapters.CGITo" in serving.said[1]
        serving.ends()


def test_a_cgi_bin_and_an_app_as_a_program_get_what_they_need(tmp_path: Path) -> None:
    folder = tmp_path / "cgi-bin"
    folder.mkdir()
    program = folder / "one"
    program.write_text('#!/bin/sh\nprintf \'Content-Type: text/plain\\n\\n"%s"\' "$SCRIPT_NAME"\n')
    program.chmod(0o755)
    with Serving(str(folder), "--server", "waitress") as serving:
        assert serving.ask("/one") == "/one"
        assert "a folder of CGI programs, run by gateways.adapters.CGIToWSGI" in serving.said[1]
    options = ["--mode", "cgi", "--root-path", "/shop"]
    with Serving(str(APPS / "serve_flask.py"), *options, SERVE_VARIABLE="of the shell") as serving:
        first, second = serving.ask("/inside/word", b"posted"), serving.ask("/inside/word")
        assert (first["root"], first["body"], first["variable"]) == ("/shop", "posted", "of the shell")
        assert first["process"] != second["process"]


def test_it_can_be_ended_while_the_app_is_imported(tmp_path: Path) -> None:
    app = tmp_path / "slow.py"
    app.write_text("import time\ntime.sleep(3600)\n")
    with Running("serve", str(app), "--port", "0") as serving:
        serving.tree(lambda seen: len(seen) >= 1)
        status, took = serving.end(signal.SIGTERM)
        assert status == 0
        assert took < 2
        assert serving.left() == []
