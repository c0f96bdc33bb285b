"""Systems without fork (Windows): the adapters between WSGI and ASGI can be imported, and work."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

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
