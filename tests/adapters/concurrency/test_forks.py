"""Processes that a server forks or starts, and systems without fork (Windows)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.adapters.wsgi_to_asgi.scripts import run_script

ROOT = Path(__file__).parents[3]

AS_ON_WINDOWS = """
import asyncio, os, select, signal, sys
sys.path.insert(0, {root!r})
for name in ("register_at_fork", "fork", "posix_spawn", "waitid", "pidfd_open", "sendfile", "killpg", "eventfd"):
    if hasattr(os, name):
        delattr(os, name)
for module in ("fcntl", "pwd", "grp", "resource", "termios"):
    sys.modules[module] = None
del select.poll, signal.SIGKILL
"""

SERVE = """
from gateways.adapters import ASGIToWSGI, ClientDisconnected, WSGIToASGI, adapt, dropin

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]

def starts(status, headers, exc_info=None):
    print(status)

environ = {"REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": "/", "SERVER_NAME": "x", "SERVER_PORT": "80",
           "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.input": None, "wsgi.url_scheme": "http"}
there_and_back = ASGIToWSGI(WSGIToASGI(app))
print(b"".join(there_and_back(environ, starts)))
there_and_back.close()
"""


def test_the_adapters_between_wsgi_and_asgi_work_without_functions_that_windows_lacks() -> None:
    program = AS_ON_WINDOWS.format(root=str(ROOT)) + SERVE
    done = subprocess.run(
        [sys.executable, "-I", "-W", "error", "-c", program], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.stdout, done.returncode) == ("200 OK\nb'hello'\n", 0), done.stderr


@pytest.mark.parametrize("server", ["", "gunicorn/27.0.1"])
def test_wsgi_multiprocess_is_true_only_in_processes_that_a_server_has_started(server: str) -> None:
    """Debuggers that keep tracebacks in memory, such as pyramid_debugtoolbar, switch themselves off if it is true."""
    result = run_script(
        """
import multiprocessing
if sys.argv[1]:
    os.environ["SERVER_SOFTWARE"] = sys.argv[1]

def app(environ, start_response):
    start_response("200 OK", [])
    return [repr(environ["wsgi.multiprocess"]).encode()]

adapter = adapt(app)
print(get(adapter).decode(), flush=True)
child = os.fork()
if not child:
    print(get(adapter).decode(), flush=True)
    os._exit(0)
os.waitpid(child, 0)
process = multiprocessing.get_context("fork").Process(target=lambda: print(get(adapt(app)).decode(), flush=True))
process.start()
process.join()
""",
        server,
    )
    assert result.stdout.split() == ["True" if server else "False", "True", "True"], result.stderr
