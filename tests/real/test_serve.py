"""`gateways serve` in real use: apps on chosen servers, until Ctrl-C."""

import json
import os
import re
import select
import signal
import socket
import ssl
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from gateways.serving.certificate import self_signed
from gateways.serving.server import Mode, side
from tests.pythons import require
from tests.real.running import AT_ONCE, PATIENCE, Running

APPS = Path(__file__).parent / "apps"
ROOT = Path(__file__).parents[2]


class Serving(Running):
    """`gateways serve …`, after it has printed its URL."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        place = () if "--unix" in arguments else ("--port", "0")
        super().__init__("serve", *arguments, *place, stdout=None, **environment)

    @property
    def url(self) -> str:
        self.wait_for("Press Ctrl-C to stop")
        return self.said[0].split()[0]

    def ask(self, path: str, data: bytes | None = None) -> Any:
        with urllib.request.urlopen(self.url + path, data, timeout=PATIENCE) as answer:
            return json.load(answer)

    def ends(self, number: int = signal.SIGINT) -> None:
        """Stop it. All processes must exit immediately, with status 0."""
        status, took = self.end(number)
        assert status == 0
        assert took < AT_ONCE
        assert self.left() == []


@pytest.mark.parametrize(
    ("target", "options", "between"),
    [
        (
            "serve_flask.py",
            "--server uvicorn",
            "; uvicorn speaks ASGI, so it runs gateways.adapters.WSGIToASGI(app)",
        ),
        ("serve_flask.py:create_app()", "--server gunicorn --workers 2 --threads 2", "so no adapter is needed"),
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
            "; waitress speaks WSGI, so it runs gateways.adapters.ASGIToWSGI(app)",
        ),
        ("serve_fastapi.py", "--workers 2", "; uvicorn speaks ASGI too, so no adapter is needed"),
        ("serve_odd.py:partial", "--server daphne", "gateways.adapters.WSGIToASGI(app)"),
        ("serve_odd.py:instance", "", "instance(environ, start_response); waitress speaks WSGI too, so no adapter"),
        ("serve_odd.py:Callable2", "--mode asgi", "Callable2()(environ, start_response); uvicorn speaks ASGI"),
        ("serve_odd.py:Iterated", "", "Iterated(environ, start_response); waitress speaks WSGI too, so no adapter"),
        ("serve_odd.py:Awaited", "", "await Awaited(scope, receive, send); uvicorn speaks ASGI too, so no adapter"),
        ("serve_odd.py:Double", "--server waitress", "await Double(scope)(receive, send); waitress speaks WSGI"),
        (
            "serve_fastapi.py",
            "--mode cgi",
            "each request starts a new process: gateways.adapters.ASGIToCGI(app).run()",
        ),
    ],
)
def test_an_app_is_recognised_and_served(target: str, options: str, between: str) -> None:
    with Serving(str(APPS / target), *options.split()) as serving:
        told = serving.ask("/inside/word", b"a body")
        assert (told["word"], told["body"]) == ("word", "a body")
        assert told.get("root", "") == ""
        assert between in serving.said[1]
        serving.wait_for(r" (CGI |WSGI|ASGI) 200 POST /inside/word  \d+ bytes  ")
        serving.ends()


def test_workers_are_processes_and_all_of_them_exit() -> None:
    with Serving(str(APPS / "serve_flask.py"), "--server", "uvicorn", "--workers", "2", "--quiet") as serving:
        assert re.match(r"http://\S+  uvicorn \S+, 2 workers$", serving.wait_for("uvicorn")[0])
        answering = {serving.ask("/inside/x")["process"]}
        # The parent, its child, uvicorn's two workers, and the processes of multiprocessing.
        assert answering < {each.pid for each in serving.tree(lambda seen: len(seen) >= 4)}
        serving.ends(signal.SIGTERM)
        assert not [line for line in serving.said if "/inside/x" in line]  # --quiet


@pytest.mark.parametrize(
    ("target", "server"),
    [("serve_flask.py", "waitress"), ("serve_flask.py", "uvicorn"), ("serve_fastapi.py", "uvicorn")],
)
def test_an_app_is_served_below_a_root_path(target: str, server: str) -> None:
    with Serving(str(APPS / target), "--server", server, "--root-path", "shop/") as serving:
        assert serving.url.endswith("/shop")
        assert serving.ask("/inside/word")["root"] == "/shop"
        with urllib.request.urlopen(serving.url.removesuffix("/shop") + "/inside/cut", timeout=PATIENCE) as answer:
            assert json.load(answer)["root"] == "/shop"  # as behind a proxy that strips the path


@pytest.mark.parametrize("server", ["uvicorn", "hypercorn", "waitress", "gunicorn", "cheroot"])
def test_an_app_is_served_on_a_unix_socket(server: str, tmp_path: Path) -> None:
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


def test_an_endless_request_does_not_delay_the_exit_and_the_lifespan_is_complete() -> None:
    with Serving(str(APPS / "serve_fastapi.py")) as serving:
        host, port = serving.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=PATIENCE) as client:
            client.sendall(b"GET /never HTTP/1.1\r\nHost: x\r\n\r\nGET ")
            serving.ask("/inside/x")
            serving.ends(signal.SIGHUP)


LIFESPAN = """
import asyncio

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        print("startup of the app")
        await send({"type": "lifespan.startup.complete"})
        await receive()
        print("shutdown of the app")
        await send({"type": "lifespan.shutdown.complete"})
        return
    if scope["path"] == "/never":
        print("waiting", flush=True)
        await asyncio.sleep(3600)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"1"})
"""


def output(serving: Serving) -> str:
    """Return the output of the server and its app, after the exit."""
    assert serving.process.stderr is not None
    return serving.process.stderr.read().decode()


@pytest.mark.parametrize(
    ("mode", "server"),
    [(mode, name) for mode in ("wsgi", "asgi") for name in side(mode).SERVERS if name != "daphne"],  # no lifespan
)
def test_the_output_of_an_apps_shutdown_is_printed_without_messages_of_the_servers(
    mode: str, server: str, tmp_path: Path
) -> None:
    app = tmp_path / "lifespan.py"
    app.write_text(LIFESPAN)
    with Serving(str(app), "--mode", mode, "--server", server) as serving:
        assert serving.ask("/") == 1
        serving.ends()
        assert output(serving) == "startup of the app\nshutdown of the app\n"


@pytest.mark.parametrize("server", ["uvicorn", "hypercorn"])
def test_a_request_aborted_at_shutdown_has_one_line_and_no_traceback(server: str, tmp_path: Path) -> None:
    if server == "hypercorn":
        require("hypercorn's graceful_timeout")
    app = tmp_path / "lifespan.py"
    app.write_text(LIFESPAN)
    with Serving(str(app), "--server", server) as serving:
        host, port = serving.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=PATIENCE) as client:
            client.sendall(b"GET /never HTTP/1.1\r\nHost: x\r\n\r\n")
            assert serving.process.stderr is not None
            assert [serving.process.stderr.readline() for _ in range(2)] == [b"startup of the app\n", b"waiting\n"]
            serving.ends()
            serving.wait_for("GET /never .* cancelled$")
        assert output(serving) == "shutdown of the app\n"


def test_reload_shows_the_output_of_the_old_apps_shutdown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    app = tmp_path / "changing.py"
    app.write_text(LIFESPAN)
    with Serving("changing", "--reload") as serving:
        assert serving.ask("/") == 1
        rewrite(app, LIFESPAN.replace('b"1"', 'b"22"'))
        serving.wait_for(f"^changed: {app}$")
        assert serving.process.stderr is not None
        said = b"".join(serving.process.stderr.readline() for _ in range(3)).decode()
        assert said == "startup of the app\nshutdown of the app\nstartup of the app\n"
        assert serving.ask("/") == 22
        serving.ends()
        assert output(serving) == "shutdown of the app\n"


@pytest.mark.parametrize("options", ["--server waitress", "--server granian", "--mode asgi --workers 2"])
def test_requests_just_before_the_exit_are_printed(options: str) -> None:
    with Serving(str(APPS / "serve_flask.py"), *options.split()) as serving:
        for number in range(3):
            serving.ask(f"/inside/{number}")
        serving.ends()
        serving.wait_for(r" 200 GET /inside/\d  \d+ bytes", count=3)


def rewrite(app: Path, text: str) -> None:
    """Replace a file atomically. Otherwise a busy server could import the file while it is empty."""
    app.with_suffix(".new").write_text(text)
    app.with_suffix(".new").replace(app)


TEXT = (
    "def app(environ, start_response):\n"
    "    start_response('200 OK', [('Content-Type', 'application/json')])\n"
    "    return [b'{number}']\n"
)


@pytest.mark.parametrize("server", ["waitress", "granian"])
def test_reload_shows_an_import_error_until_it_is_fixed(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    app = tmp_path / "changing.py"
    app.write_text(TEXT.format(number=1))
    with Serving("changing", "--reload", "--server", server, PYTHONPATH=str(ROOT)) as serving:
        assert serving.ask("/") == 1
        rewrite(app, "this is no Python")
        serving.wait_for(f"^changed: {app}$")
        serving.wait_for(f"{server} has exited; it will be restarted when a Python file changes")
        status, page = refused(serving.url, Accept="text/html")  # it does not hang
        assert status == 503
        assert '<meta http-equiv="refresh"' in page
        assert "this is no Python" in page
        rewrite(app, TEXT.format(number=22))
        serving.wait_for(f"^changed: {app}$", count=2)
        wait_for_answer(serving, 22)
        serving.ends()


def test_reload_starts_with_an_app_that_cannot_be_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    app = tmp_path / "changing.py"
    app.write_text("import no_such_library")
    with Serving("changing", "--reload", PYTHONPATH=str(ROOT)) as serving:
        url = serving.wait_for("  shows the error$")[-1].split()[0]
        status, page = refused(url)
        assert status == 503
        assert page.startswith("changing is not running\n")
        assert "No module named 'no_such_library'" in page
        rewrite(app, TEXT.format(number=22))
        serving.wait_for("Press Ctrl-C to stop")
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            assert json.load(answer) == 22
        serving.ends()


def refused(url: str, **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(url, headers=headers)
    until = time.monotonic() + PATIENCE
    while True:
        try:
            urllib.request.urlopen(request, timeout=PATIENCE).close()
            raise AssertionError("the request was accepted")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError:  # after the exit of a server that binds its own socket, no process listens for a moment
            assert time.monotonic() < until
            time.sleep(0.05)


def wait_for_answer(serving: Serving, number: int) -> None:
    """A server that binds its own socket refuses connections for a moment while it starts. With other
    servers, clients wait.
    """
    until = time.monotonic() + PATIENCE
    while True:
        try:
            assert serving.ask("/") == number
            return
        except OSError:
            assert time.monotonic() < until
            time.sleep(0.05)


@pytest.mark.parametrize(
    ("mode", "server"),
    [(mode, name) for mode in ("wsgi", "asgi") for name, row in side(mode).SERVERS.items() if "tls" in row.options],
)
def test_every_server_with_tls_serves_https(mode: Mode, server: str) -> None:
    app = APPS / "serve_flask.py"  # daphne runs no lifespan, which the other apps need
    with self_signed("127.0.0.1") as (certfile, keyfile):
        options = ["--mode", mode, "--server", server, "--certfile", certfile, "--keyfile", keyfile]
        with Serving(str(app), *options) as serving:
            assert serving.url.startswith("https://127.0.0.1:")
            context = ssl.create_default_context(cafile=certfile)
            context.set_alpn_protocols(["http/1.1"])
            with urllib.request.urlopen(f"{serving.url}/inside/word", context=context, timeout=PATIENCE) as answer:
                assert json.load(answer)["word"] == "word"
            assert ("HTTP/2" in serving.said[0]) is ("http2" in side(mode).SERVERS[server].options)
            if "http2" in side(mode).SERVERS[server].options:
                assert h2_is_agreed(serving.url, certfile)
            assert serving.end(signal.SIGINT)[0] == 0
            assert serving.left() == []


def h2_is_agreed(url: str, certfile: str) -> bool:
    """Return True if the server chooses HTTP/2 by ALPN (RFC 7301)."""
    context = ssl.create_default_context(cafile=certfile)
    context.set_alpn_protocols(["h2", "http/1.1"])
    host, port = url.removeprefix("https://").split(":")
    with (
        socket.create_connection((host, int(port)), timeout=PATIENCE) as sock,
        context.wrap_socket(sock, server_hostname=host) as secured,
    ):
        return secured.selected_alpn_protocol() == "h2"


def test_a_self_signed_certificate_and_a_json_log_from_a_given_level() -> None:
    options = ["--tls", "--log-format", "json", "--log-level", "warning"]
    with Serving(str(APPS / "serve_flask.py"), "--server", "cheroot", *options) as serving:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        for path in ("/inside/word", "/missing"):
            try:
                urllib.request.urlopen(serving.url + path, context=context, timeout=PATIENCE).close()
            except urllib.error.HTTPError as error:
                error.close()
        serving.wait_for("^{")
        serving.ends()
        (line,) = (json.loads(line) for line in serving.said if line.startswith("{"))
        assert (line["status"], line["level"], line["target"]) == ("404", "WARNING", "/missing")
        assert line["client"].startswith("127.0.0.1:")


def test_an_import_that_hangs_is_reported_with_its_line(tmp_path: Path) -> None:
    app = tmp_path / "slow.py"
    app.write_text("import threading\nthreading.Event().wait(3600)\n")
    with Serving(str(app)) as serving:
        assert serving.process.stderr is not None
        said = b"".join(serving.process.stderr.readline() for _ in range(3)).decode()
        assert f"importing '{app}' is still running after 5 seconds, at:" in said
        assert f'File "{app}", line 2, in <module>' in said
        status, _ = serving.end(signal.SIGINT)
        assert status == 0
        assert serving.left() == []


@pytest.mark.parametrize("options", ["", "--server waitress", "--server gunicorn", "--warm"])
def test_a_folder_is_served_as_by_http_server_with_cgi(options: str, tmp_path: Path) -> None:
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


@pytest.mark.skipif(sys.platform != "linux", reason="warm programs need Linux")
def test_warm_prints_which_programs_run_warm_and_why_others_do_not(tmp_path: Path) -> None:
    folder = tmp_path / "cgi-bin"
    folder.mkdir()
    for name, line in (("warm", f"#!{sys.executable}"), ("cold", f"#!{sys.executable} -v")):
        (folder / name).write_text(f"{line}\nimport colorsys\nprint('Content-Type: application/json\\n\\n1')\n")
        (folder / name).chmod(0o755)
    with Serving(str(folder), "--warm") as serving:
        assert serving.process.stderr is not None
        assert serving.ask("/cold") == 1
        said = ""
        while "warm runs warm\n" not in said:
            assert serving.ask("/warm") == 1
            while select.select([serving.process.stderr], [], [], 0.1)[0]:
                said += os.read(serving.process.stderr.fileno(), 65536).decode()
        why = "its first line has the option '-v', which warm interpreters do not support"
        assert f"gateways.cgi.warm: {folder}/cold runs cold: {why}\n" in said
        serving.ends()


def test_a_cgi_bin_and_an_app_as_a_program_get_their_variables(tmp_path: Path) -> None:
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


@pytest.mark.parametrize("mode", ["wsgi", "cgi"])
def test_an_app_runs_in_the_current_folder_in_every_mode(
    mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "counter.py").write_text(COUNTER)
    monkeypatch.chdir(tmp_path)
    with Serving("counter:app", "--mode", mode) as serving:
        assert [serving.ask("/"), serving.ask("/")] == [1, 2]
    with Serving("counter:app", "--mode", mode) as serving:
        assert serving.ask("/") == 3
    assert (tmp_path / "notes.db").exists()


COUNTER = """
import sqlite3

def app(environ, start_response):
    with sqlite3.connect("notes.db") as database:
        database.execute("CREATE TABLE IF NOT EXISTS notes (text)")
        database.execute("INSERT INTO notes VALUES ('')")
        count = database.execute("SELECT COUNT(*) FROM notes").fetchone()[0]
    database.close()
    start_response("200 OK", [("Content-Type", "application/json")])
    return [str(count).encode()]
"""


def test_a_site_uses_the_given_folders_of_programs_and_working_folder(tmp_path: Path) -> None:
    folder = tmp_path / "www"
    (folder / "shop" / "scripts").mkdir(parents=True)
    (folder / "page.json").write_text('"a page"')
    for name in (folder / "shop" / "scripts" / "where", tmp_path / "outside"):
        name.write_text('#!/bin/sh\nprintf \'Content-Type: text/plain\\n\\n"%s"\' "$(pwd)"\n')
        name.chmod(0o755)
    redirects = folder / "shop" / "scripts" / "redirects"
    redirects.write_text("#!/bin/sh\nprintf 'Location: /page.json\\n\\n'\n")
    redirects.chmod(0o755)
    (folder / "shop" / "scripts" / "link").symlink_to(tmp_path / "outside")
    options = [
        "--cgi-dir",
        "/shop/scripts",
        "--chdir",
        str(tmp_path),
        "--follow-symlinks",
        "--limit",
        "4",
        "--timeout",
        "0",
    ]
    for server in ("uvicorn", "waitress"):
        with Serving(str(folder), *options, "--server", server) as serving:
            for each in ("where", "link"):
                assert serving.ask(f"/shop/scripts/{each}") == str(tmp_path)
            assert serving.ask("/shop/scripts/redirects") == "a page"
            assert serving.ask("/page.json") == "a page"


def test_it_can_be_stopped_during_the_import_of_the_app(tmp_path: Path) -> None:
    app = tmp_path / "slow.py"
    app.write_text("import time\ntime.sleep(3600)\n")
    with Running("serve", str(app), "--port", "0") as serving:
        serving.tree(lambda seen: len(seen) >= 1)
        status, took = serving.end(signal.SIGTERM)
        assert status == 0
        assert took < AT_ONCE
        assert serving.left() == []
