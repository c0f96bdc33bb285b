"""Adapters on real servers: measure requests per second with wrk, and the seconds for 100 MB with curl.

Each server is one process on one core. The client runs on another core. All servers of a table run at the same time,
and are measured in turns.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .rounds import rounds, table

CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
SERVER_CORE, CLIENT_CORE = str(CORES[0]), str(CORES[-1])
SECONDS = 1

UVICORN = "uvicorn --no-access-log --log-level error --port {port} --loop uvloop --http httptools benchmarks.apps:"
GRANIAN = "granian --no-ws --log-level error --port {port} --workers 1 --interface "
WAITRESS = "waitress --listen=127.0.0.1:{port} benchmarks.apps:"
GTHREAD = (
    "gunicorn --no-control-socket --log-level error -w 1 -k gthread --threads 32 --keep-alive 75 -b 127.0.0.1:{port}"
    " benchmarks.apps:"
)


@contextmanager
def served(command: str) -> Iterator[str]:
    """Run `python -m command` on the server's core. Yield its base URL when it listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["taskset", "-c", SERVER_CORE, sys.executable, "-W", "ignore", "-m", *command.format(port=port).split()]
    server = subprocess.Popen(words, start_new_session=True)
    try:
        _wait(port, server)
        yield f"http://127.0.0.1:{port}"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and server.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"the server did not start: {server.args!r}")


def wrk(url: str) -> Callable[[], float]:
    """Return a function that measures requests per second over 32 connections.

    It raises RuntimeError if a response is not 2xx.
    """

    def measure() -> float:
        printed = wrk_report(url, 32)
        found = re.search(r"Requests/sec:\s+([0-9.]+)", printed)
        assert found is not None, printed
        return float(found[1])

    return measure


def wrk_report(url: str, connections: int) -> str:
    """Send requests for SECONDS. Return the report of wrk. Raises RuntimeError if a response is not 2xx."""
    command = ["taskset", "-c", CLIENT_CORE, "wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", url]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    if "Non-2xx" in printed or "Socket errors" in printed:
        raise RuntimeError(f"{url} returned errors:\n{printed}")
    return printed


def curl(*words: str) -> Callable[[], float]:
    """Return a function that measures the seconds of one transfer."""
    command = ["taskset", "-c", CLIENT_CORE, "curl", "-sS", "-o", os.devnull, "-w", "%{time_total}", "-f", *words]

    def measure() -> float:
        return float(subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout)

    return measure


def _hello(title: str, commands: dict[str, str], count: int) -> str:
    with _all(commands) as urls:
        figures = rounds({name: wrk(url + "/") for name, url in urls.items()}, count)
    return table(title, "requests/s", figures, "ours", more_is_better=True)


@contextmanager
def _all(commands: dict[str, str]) -> Iterator[dict[str, str]]:
    urls: dict[str, str] = {}
    contexts = []
    try:
        for name, command in commands.items():
            context = served(command)
            urls[name] = context.__enter__()
            contexts.append(context)
        yield urls
    finally:
        for context in reversed(contexts):
            context.__exit__(None, None, None)


def report(count: int = 7) -> str:
    """Return all tables."""
    parts = [
        _hello(
            "WSGI on ASGI: hello over a socket, uvicorn (uvloop, httptools), 32 connections",
            {
                "ours": UVICORN + "ours_on_asgi",
                "a2wsgi": UVICORN + "a2wsgi_on_asgi",
                "native ASGI on uvicorn": UVICORN + "asgi",
                "the same WSGI app on waitress": WAITRESS + "wsgi",
                "the same WSGI app on gunicorn gthread": GTHREAD + "wsgi",
            },
            count,
        ),
        _hello(
            "WSGI on ASGI: hello over a socket, granian, 32 connections",
            {
                "ours": GRANIAN + "asgi benchmarks.apps:ours_on_asgi",
                "native ASGI on granian": GRANIAN + "asgi benchmarks.apps:asgi",
                "the same WSGI app on granian's WSGI": GRANIAN + "wsgi benchmarks.apps:wsgi",
            },
            count,
        ),
        _hello(
            "ASGI on WSGI: hello over a socket, waitress, 32 connections",
            {
                "ours": WAITRESS + "ours_on_wsgi",
                "a2wsgi": WAITRESS + "a2wsgi_on_wsgi",
                "the same bytes from a native WSGI app": WAITRESS + "wsgi",
            },
            count,
        ),
    ]
    names = {"ours": "ours_on_asgi", "a2wsgi": "a2wsgi_on_asgi", "native ASGI": "asgi"}
    with _all({name: UVICORN + app for name, app in names.items()}) as urls, tempfile.TemporaryDirectory() as folder:
        body = Path(folder) / "body"
        body.write_bytes(b"x" * 65536 * 1600)
        downloads = rounds({name: curl(f"{url}/download") for name, url in urls.items()}, count)
        parts.append(table("WSGI on ASGI: download of 100 MB, uvicorn", "s", downloads, "ours", more_is_better=False))
        uploads = {name: curl("-T", str(body), "-H", "Expect:", f"{url}/upload") for name, url in urls.items()}
        parts.append(
            table("WSGI on ASGI: upload of 100 MB, uvicorn", "s", rounds(uploads, count), "ours", more_is_better=False)
        )
    return "\n".join(parts)
