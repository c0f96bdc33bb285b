"""The shares of a request over a socket, in counts: the server with its app, the thread switch, and the adapter.

Three servers are measured: the native app, the native app after a thread switch, and the adapter. A share is the
difference of two of them. Knows servers, callgrind and strace. It must not know how an adapter works.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress

import psutil

from .over_sockets import GTHREAD, UVICORN, WAITRESS

FEW, MANY = 320, 1600  # numbers of requests in the two runs; their difference does not include start and exit
START_SECONDS = 120.0  # timeout for a server to listen, in seconds; it is long because callgrind is slow
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost:8000\r\nUser-Agent: benchmark\r\nAccept: */*\r\n\r\n"
BODY = b"hello"

INSTRUCTIONS = ("valgrind", "--tool=callgrind", f"--callgrind-out-file={os.devnull}")
SYSTEM_CALLS = ("strace", "-f", "-c", "-U", "name,calls")
_TOTAL = re.compile(r"Collected : (\d+)|^\s*total\s+(\d+)$", re.MULTILINE)  # callgrind prints a line for each process

ASGI_APPS, WSGI_APPS = ("asgi", "switch_on_asgi", "ours_on_asgi"), ("wsgi", "switch_on_wsgi", "ours_on_wsgi")
SERVERS = {
    "WSGIToASGI on uvicorn": (UVICORN, ASGI_APPS),
    "ASGIToWSGI on gthread": (GTHREAD, WSGI_APPS),
    "ASGIToWSGI on waitress": (WAITRESS, WSGI_APPS),
}

HEADING = """## The shares of a request over a socket

A client sends requests for hello, one at a time, on a keep-alive connection. The table has three shares: the cost of
the server and the app, the additional cost of a thread switch alone, and the additional cost of the adapter. The
adapter switches threads with its own code, which can be cheaper, so its share may be negative. If its share is near
zero, only a request without a thread switch would be cheaper. callgrind counted the user-space instructions, and
`strace -f -c` the system calls.

| | server and app | thread switch | adapter | sum |
|---|--:|--:|--:|--:|"""


def total(report: str) -> int:
    """Return the count in a counter's report. Raises ValueError if the report has no count."""
    found = _TOTAL.findall(report)
    if not found:
        raise ValueError(f"the counter reported no total: {report[-500:]!r}")
    return sum(int(instructions or calls) for instructions, calls in found)


def counted(command: str, counter: tuple[str, ...], requests: int) -> int:
    """Return the count of a server that serves `requests` requests, from its start to its exit."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [*counter, sys.executable, "-W", "ignore", "-m", *command.format(port=port).split()]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as running:
        try:
            with _connected(port, running) as connection:
                for _ in range(requests):
                    _send(connection)
            started = psutil.Process(running.pid)  # callgrind runs the server in its own process, strace in a child
            (started.children()[0] if counter is SYSTEM_CALLS else started).send_signal(signal.SIGTERM)
            _, report = running.communicate(timeout=START_SECONDS)
        finally:
            running.kill()
    return total(report)


def _connected(port: int, running: subprocess.Popen[str]) -> socket.socket:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and running.poll() is None:
        with suppress(OSError):
            return socket.create_connection(("127.0.0.1", port), START_SECONDS)
        time.sleep(0.1)
    raise RuntimeError(f"the server does not listen: {running.args!r}")


def _send(connection: socket.socket) -> None:
    connection.sendall(REQUEST)
    received = b""
    while not received.endswith(BODY):
        data = connection.recv(65536)
        if not data:
            raise RuntimeError(f"the server disconnected after {received!r}")
        received += data


def shares(counts: tuple[float, float, float]) -> tuple[float, float, float, float]:
    """Return the shares of server, switch and adapter, and their sum, from the counts of the three servers."""
    native, switched, ours = counts
    return native, switched - native, ours - switched, ours


def row(name: str, counter: tuple[str, ...], form: str) -> str:
    """Return a row of the table."""
    command, apps = SERVERS[name]
    command = command.replace("benchmarks.apps:", "benchmarks.shares_apps:")
    native, switched, ours = (
        (counted(command + app, counter, MANY) - counted(command + app, counter, FEW)) / (MANY - FEW) for app in apps
    )
    cells = " | ".join(format(share, form) for share in shares((native, switched, ours)))
    return f"| {name}: {'instructions' if counter is INSTRUCTIONS else 'system calls'} | {cells} |"


def report() -> str:
    """Return the section. It has no rows for a counter that is not installed."""
    counters = [each for each in ((INSTRUCTIONS, ",.0f"), (SYSTEM_CALLS, ".1f")) if shutil.which(each[0][0])]
    return "\n".join([HEADING, *(row(name, *counter) for name in SERVERS for counter in counters), ""])


if __name__ == "__main__":
    print(report())
