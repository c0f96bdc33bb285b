"""Features of packages that do not work on some Pythons. Only this table skips tests by Python.

Knows packages and versions. tests/test_pythons.py runs each row's program on the current Python. A test fails if a row
is wrong or outdated.
"""

from __future__ import annotations

import platform
from typing import NamedTuple

import pytest
from packaging.specifiers import SpecifierSet


class Limit(NamedTuple):
    """A row: one feature of a package that does not work."""

    package: str  # with the version that was tried, unless it is of the standard library
    pythons: str  # versions of Python, as PEP 440 writes them
    cannot: str
    evidence: str  # the observed error, or where it is reported
    program: str | None  # a program that exits with 0 if the feature works; None: pyproject.toml leaves the package out

    def applies(self, python: str) -> bool:
        """Return True if the feature does not work on this version of Python, for example '3.15.2'."""
        return SpecifierSet(self.pythons).contains(python, prereleases=True)


LIMITS = {
    "threads at exit": Limit(
        "threading",
        ">=3.12,<3.12.3",
        "start a thread or a process while the interpreter exits",
        "RuntimeError: can't create new thread at interpreter shutdown (CPython issue 113964)",
        """import atexit, os, threading
def last():
    try:
        threading.Thread(target=int).start()
    except RuntimeError:
        os._exit(1)
atexit.register(last)""",
    ),
    "http.server --cgi": Limit(
        "http.server",
        ">=3.15",
        "run CGI programs: `--cgi` was removed",
        "error: unrecognized arguments: --cgi (What's New in Python 3.15, http.server)",
        """import subprocess, sys
command = [sys.executable, "-m", "http.server", "--cgi", "--help"]
sys.exit(b"--cgi" not in subprocess.run(command, capture_output=True).stdout)""",
    ),
    "hypercorn's graceful_timeout": Limit(
        "hypercorn 0.18.0",
        ">=3.12.1",
        "apply its `graceful_timeout` to a running request at shutdown",
        "it awaits Server.wait_closed() before, which waits for all connections (CPython issue 79033)",
        """import asyncio, os, socket
from hypercorn.asyncio import serve
from hypercorn.config import Config
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        for _ in range(2):
            await send({"type": (await receive())["type"] + ".complete"})
    else:
        asked.set()
        await asyncio.sleep(60)
async def main():
    global asked
    asked = asyncio.Event()
    listening = socket.create_server(("127.0.0.1", 0))
    config = Config.from_mapping(bind=[f"fd://{listening.fileno()}"], graceful_timeout=0.1)
    serving = asyncio.create_task(serve(app, config, shutdown_trigger=asked.wait))
    _, writer = await asyncio.open_connection(*listening.getsockname())
    writer.write(b"GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
    await asyncio.wait_for(asked.wait(), 30)
    done, _ = await asyncio.wait([serving], timeout=5)
    os._exit(not done)
asyncio.run(main())""",
    ),
    "gunicorn's error pages": Limit(
        "gunicorn 27.0.1",
        ">=3.14",
        "end the headers of its error pages with CRLF: the empty line ends with a bare LF, which clients may accept",
        "textwrap.dedent() removes the CR of a line that has nothing else (CPython issue 130167)",
        """import socket, sys
from gunicorn.util import write_error
ours, theirs = socket.socketpair()
write_error(ours, 500, "Internal Server Error", "")
sys.exit(b"\\r\\n\\r\\n" not in theirs.recv(65536))""",
    ),
    "pyuwsgi": Limit(
        "pyuwsgi 2.0.30.post1",
        ">=3.15",
        "be installed",
        "there is no wheel for CPython 3.15, and its source does not compile there",
        None,
    ),
}


def limited(name: str) -> bool:
    """Return True if the row applies to this Python."""
    return LIMITS[name].applies(platform.python_version())


def needs(name: str) -> pytest.MarkDecorator:
    """Return the mark that skips a test on the row's Pythons."""
    return pytest.mark.skipif(limited(name), reason=_reason(name))


def require(name: str) -> None:
    """Skip the running test on the row's Pythons."""
    if limited(name):
        pytest.skip(_reason(name))


def _reason(name: str) -> str:
    limit = LIMITS[name]
    return f"on Python {limit.pythons}, {limit.package} cannot {limit.cannot}: {limit.evidence}"
