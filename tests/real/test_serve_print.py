"""`gateways serve --print`: its output, typed into a shell, serves the app with each server."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from gateways.serving.server import Mode, side
from tests.real.running import PATIENCE, run
from tests.real.serving import free_ports

APPS = Path(__file__).parent / "apps"
ROOT = Path(__file__).parents[2]
PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
EACH = [(mode, name) for mode in ("wsgi", "asgi") for name in side(mode).SERVERS]


def printed(*arguments: str) -> str:
    done = run("serve", *arguments, "--print")
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def typed(script: str, folder: Path, port: int) -> Iterator[str]:
    """Run the script; yield its URL once it listens."""
    environment = {**os.environ, "PATH": PATH, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        ["sh"], stdin=subprocess.PIPE, cwd=folder, env=environment, start_new_session=True, stdout=subprocess.DEVNULL
    )
    try:
        assert process.stdin is not None
        process.stdin.write(script.encode())
        process.stdin.close()
        until = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, script
                assert time.monotonic() < until, script
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=PATIENCE)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize("app", ["serve_flask.py", "serve_flask.py:create_app", "serve_fastapi.py"])
@pytest.mark.parametrize(("mode", "server"), EACH)
def test_a_printed_deployment_serves_the_app(app: str, mode: Mode, server: str, tmp_path: Path) -> None:
    if app == "serve_fastapi.py" and server == "daphne":
        app = "serve_odd.py:partial"  # daphne runs no lifespan, which the other app needs
    (port,) = free_ports(1)
    script = printed(str(APPS / app), "--mode", mode, "--server", server, "--port", str(port))
    with typed(script, tmp_path, port) as url, urllib.request.urlopen(f"{url}/inside/word", timeout=PATIENCE) as answer:
        assert json.load(answer)["word"] == "word"


def test_an_app_in_the_current_folder_needs_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    shutil.copyfile(APPS / "serve_flask.py", tmp_path / "shop.py")
    (port,) = free_ports(1)
    script = printed("shop", "--server", "gunicorn", "--port", str(port))
    assert script.count("\n") == 1
    with typed(script, tmp_path, port) as url, urllib.request.urlopen(f"{url}/inside/word", timeout=PATIENCE) as answer:
        assert json.load(answer)["word"] == "word"


def test_a_printed_cgi_program_responds(tmp_path: Path) -> None:
    script = printed(str(APPS / "serve_flask.py"), "--mode", "cgi")
    subprocess.run(["sh"], input=script, text=True, cwd=tmp_path, check=True)
    (program,) = tmp_path.glob("*.cgi")
    request = {"REQUEST_METHOD": "GET", "SCRIPT_NAME": "/x", "PATH_INFO": "/inside/word", "QUERY_STRING": ""}
    server = {"SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1"}
    own = {"GATEWAY_INTERFACE": "CGI/1.1", "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    environment = {**request, **server, **own}
    done = subprocess.run([program], env=environment, cwd="/", capture_output=True, timeout=PATIENCE, check=True)
    head, _, body = done.stdout.replace(b"\r\n", b"\n").partition(b"\n\n")
    assert head.startswith(b"Status: 200")
    assert json.loads(body)["word"] == "word"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--root-path /x", "--print does not support --root-path and --tls"),
        ("--tls --server gunicorn", "--print does not support --root-path and --tls"),
    ],
)
def test_an_option_that_a_deployment_does_not_support_is_refused(options: str, said: str) -> None:
    done = run("serve", str(APPS / "serve_flask.py"), *options.split(), "--print")
    assert done.returncode == 2
    assert said in done.stderr
