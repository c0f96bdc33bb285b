"""The shares of a request over a socket, in counts: the server with its app, the thread switch, and the adapter.

Three servers are measured: with the native app, with the native app after a thread switch, and with the adapter. A
share is the difference between two of these servers. Knows servers, callgrind and strace. It must not know how an
adapter works.
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

# Numbers of requests in the two runs. The difference of the counts does not include start and exit.
FEW, MANY = 320, 1600
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

A client sends requests for hello, one at a time, on a keep-alive connection. The table divides the cost of a request
into three shares: the server and the app, a thread switch alone, and the rest of the adapter. The adapter's own code
can switch threads at a lower cost, so the adapter's share may be negative. If this share is near zero, the request
could only become cheaper without the thread switch. callgrind counted the user-space instructions, and `strace -f -c`
the system calls.

| | server and app | thread switch | adapter | sum |
|---|--:|--:|--:|--:|"""

REST = """## What remains, and why

The table shows the steps of a hello request through `WSGIToASGI`, and the effect of omitting each step. The CPU times
are in microseconds (`timeit`, minimum, CPython 3.11 on one core of an AMD EPYC):

| step | µs | without it |
|---|--:|---|
| make the environ, with six headers | 1.5 | the app would not have its own dict, as PEP 3333 requires |
| call the app, check its status and headers | 1.3 | an app could split a response, or send a wrong length |
| five pairs of lock operations | 0.6 | the loop and the thread would see half-written state |
| objects of the request and of its blocks | 0.4 | no backpressure; no error after a disconnect or a cancellation |
| look for a body that no header announces | 0.3 | a body that middleware has decompressed would be lost |
| find the loop and its counters | 0.3 | one adapter could not serve several loops; no `stats()` |
| create the future | 0.14 | the loop would block while the app runs |
| start and stop watching the request | 0.13 | a disconnect would not stop the app, or each request would need a timer |
| create the message with the headers | 0.11 | uvicorn would send two Date headers |
| make the loop available to asgiref | 0.09 | each async view would start its own loop |
| copy the context twice | 0.04 | the app would not see context variables, or could change the server's |

One request at a time in process needs 15 µs. The steps in the table take about 5 µs of this time. The rest is not
Python code of the adapter: two context switches, a write and a read of an eventfd, the GIL, and the caller's scope. An
app that may block needs its own thread, so the adapter cannot avoid the switches.

On uvicorn with one connection, a request needs one context switch for the client, and two for the thread. If the system
runs the thread before the loop continues, the loop does not wait for the thread. In one run, the loop did not wait for
57 % of the requests on one busy core, and for 95 % on two cores. The adapter cannot influence this order, because
`sched_yield()` would also give the core to other processes.

With 32 connections, a request needs 0.4 context switches and 39 µs of CPU time. The native app needs 24 µs. Before
rounding, the difference is 16 µs. The steps above take 5 µs of this difference. The other 11 µs are the continuation of
the request's task after the app's response, the mailbox, the GIL, and memory that is not in the caches.
"""


def total(report: str) -> int:
    """Return the count in a counter's report. Raises ValueError if the report has no count."""
    found = _TOTAL.findall(report)
    if not found:
        raise ValueError(f"the counter reported no total: {report[-500:]!r}")
    return sum(int(instructions or calls) for instructions, calls in found)


def counted(command: str, counter: tuple[str, ...], requests: int) -> int:
    """Run a server from its start to its exit, with `requests` requests. Return what `counter` counted."""
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
    return "\n".join([HEADING, *(row(name, *counter) for name in SERVERS for counter in counters), "", REST])


if __name__ == "__main__":
    print(report())
