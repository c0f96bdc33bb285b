"""`python -m tests.soak.threads [--seconds N]`: every adapter under 32 clients, on four loops or in 32 threads.

Each request has a token that its response must contain, and one client in ten disconnects early. It is meant for
free-threaded Python, where code that relied on the GIL fails; it runs on any Python. Exits with 1 if a response is
wrong, a client hangs, or a process of a program is left. Knows clients; it must not know how an adapter works.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import logging
import os
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

from gateways.adapters import ASGIToWSGI, CGIToASGI, CGIToWSGI, ClientDisconnected, WSGIToASGI
from gateways.adapters.run_cgi.host import ProgramFailed
from tests.soak.threads_apps import PROGRAM, asgi_app, wsgi_app

LOOPS, TASKS, THREADS = 4, 8, 32
LEFT = (ClientDisconnected, ProgramFailed, OSError)  # what an adapter may raise once its client has left
Wrong = list[str]


class Request:
    """A token, a body, and whether the client leaves before the response has ended."""

    def __init__(self, name: int, number: int) -> None:
        self.token = b"%d-%d" % (name, number)
        self.body = os.urandom(8).hex().encode() * (number % 3)
        self.leaves = number % 10 == 0

    def expects(self, got: bytes) -> bool:
        """Return True if the response's body is right, as far as the client has waited for it."""
        whole = self.token + b" " + self.body
        return whole.startswith(got) if self.leaves else got == whole


def requests(name: int, until: float) -> Iterator[Request]:
    """Make requests until the time is up."""
    number = 0
    while time.monotonic() < until:
        number += 1
        yield Request(name, number)


async def ask_asgi(app: Any, request: Request) -> bytes:
    """Make one request to an ASGI app; return the response's body."""
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "query_string": request.token,
        "http_version": "1.1",
        "headers": [(b"content-length", b"%d" % len(request.body))],
    }
    events = [{"type": "http.request", "body": request.body, "more_body": False}]
    got = []

    async def receive() -> Any:
        if events:
            return events.pop()
        return {"type": "http.disconnect"} if request.leaves else await asyncio.get_running_loop().create_future()

    async def send(message: Any) -> None:
        got.append(message.get("body", b""))

    try:
        await app(scope, receive, send)
    except LEFT:
        if not request.leaves:
            raise
    return b"".join(got)


def ask_wsgi(app: Any, request: Request) -> bytes:
    """Make one request to a WSGI app; return the response's body."""
    environ = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/",
        "QUERY_STRING": request.token.decode(),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "CONTENT_LENGTH": str(len(request.body)),
        "wsgi.input": io.BytesIO(request.body),
    }
    blocks = app(environ, lambda *_: None)
    try:
        return next(iter(blocks)) if request.leaves else b"".join(blocks)
    finally:
        if hasattr(blocks, "close"):
            blocks.close()


def on_loop(app: Any, name: int, until: float, wrong: Wrong, count: list[int]) -> None:
    """Run several clients on a new loop in this thread."""

    async def client(number: int) -> None:
        for request in requests(name * 100 + number, until):
            got = await ask_asgi(app, request)
            count[name] += 1
            if not request.expects(got):
                wrong.append(f"{request.token!r} {request.body!r}: {got!r}")

    async def clients() -> None:
        await asyncio.gather(*(client(number) for number in range(TASKS)))

    asyncio.run(clients())


def in_thread(app: Any, name: int, until: float, wrong: Wrong, count: list[int]) -> None:
    """Run one blocking client."""
    for request in requests(name, until):
        got = ask_wsgi(app, request)
        count[name] += 1
        if not request.expects(got):
            wrong.append(f"{request.token!r} {request.body!r}: {got!r}")


def stress(run: Callable[..., None], app: Any, threads: int, seconds: float) -> tuple[int, Wrong]:
    """Run `run` in this number of threads; return the number of requests and the errors."""
    wrong: Wrong = []
    count = [0] * threads
    until = time.monotonic() + seconds

    def client(name: int) -> None:
        try:
            run(app, name, until, wrong, count)
        except BaseException as error:
            wrong.append(f"a client failed: {error!r}")
            raise

    workers = [threading.Thread(target=client, args=(name,), daemon=True) for name in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(max(0, until + 60 - time.monotonic()))
        if worker.is_alive():
            wrong.append("a client hangs")
    return sum(count), wrong


def adapters(program: Path) -> Iterator[tuple[str, Callable[..., None], Any, int]]:
    """Yield a name, its kind of client, an adapter, and how many threads run such clients."""
    yield "WSGIToASGI", on_loop, WSGIToASGI(wsgi_app, threads=THREADS), LOOPS
    yield "ASGIToWSGI", in_thread, ASGIToWSGI(asgi_app), THREADS
    for warm in (False, True):
        kind = "warm" if warm else "cold"
        yield f"CGIToASGI, {kind}", on_loop, CGIToASGI(program, warm=warm), LOOPS
        yield f"CGIToWSGI, {kind}", in_thread, CGIToWSGI(program, warm=warm), THREADS


def left() -> Wrong:
    """Return the child processes that have not gone within ten seconds."""
    _, alive = psutil.wait_procs(psutil.Process().children(recursive=True), timeout=10)
    return [f"left behind: {child}" for child in alive]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="for each adapter (default: %(default)s)")
    seconds = parser.parse_args().seconds
    logging.getLogger("gateways").setLevel(logging.CRITICAL)  # a line for each client that leaves
    gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    build = "free-threaded build" if sysconfig.get_config_var("Py_GIL_DISABLED") else "build with GIL"
    print(f"CPython {sys.version.split()[0]}, {build}, the GIL is {'on' if gil else 'off'}")
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, "program")
        program.write_text(f"#!{sys.executable}\n{PROGRAM}")
        program.chmod(0o755)
        for name, run, app, threads in adapters(program):
            made, wrong = stress(run, app, threads, seconds)
            app.close()
            wrong += left()
            print(f"{name}: {made:,} requests, {len(wrong)} wrong", *wrong[:5], sep="\n  ")
            failed = failed or bool(wrong) or not made
    sys.exit(failed)


if __name__ == "__main__":
    main()
