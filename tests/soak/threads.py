"""`python -m tests.soak.threads [--seconds N]`: one adapter of each direction under 32 threads and four loops.

Each request carries a token that its response must contain. Meant for free-threaded Python, where code that only the
GIL kept safe fails; it runs on any. Exits with 1 if a response is wrong. Knows clients; it must not know how an adapter
works.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import os
import sys
import sysconfig
import threading
import time
from collections.abc import Callable
from typing import Any

from gateways.adapters import ASGIToWSGI, WSGIToASGI

LOOPS, TASKS, THREADS = 4, 8, 32
Wrong = list[str]


def wsgi_app(environ: dict[str, Any], start_response: Any) -> Any:
    """Answer with the token, in one block or in three, after reading the body."""
    token = environ["QUERY_STRING"].encode()
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain")])
    if body:
        return iter([token, b" ", body])
    return [token + b" "]


async def asgi_app(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the token and the body."""
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
    body = b""
    more = True
    while more:
        event = await receive()
        body += event.get("body", b"")
        more = event.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["query_string"] + b" ", "more_body": True})
    await send({"type": "http.response.body", "body": body})


async def ask_asgi(app: Any, token: bytes, body: bytes) -> bytes:
    """Make one request to an ASGI app; return the response's body."""
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "query_string": token,
        "http_version": "1.1",
        "headers": [(b"content-length", b"%d" % len(body))],
    }
    events = [{"type": "http.request", "body": body, "more_body": False}]
    got = []

    async def receive() -> Any:
        return events.pop() if events else await asyncio.get_running_loop().create_future()

    async def send(message: Any) -> None:
        got.append(message.get("body", b""))

    await app(scope, receive, send)
    return b"".join(got)


def ask_wsgi(app: Any, token: bytes, body: bytes) -> bytes:
    """Make one request to a WSGI app; return the response's body."""
    environ = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/",
        "QUERY_STRING": token.decode(),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }
    blocks = app(environ, lambda *_: None)
    try:
        return b"".join(blocks)
    finally:
        if hasattr(blocks, "close"):
            blocks.close()


def requests(name: int, until: float) -> Any:
    """Tokens and bodies, until the time is up."""
    number = 0
    while time.monotonic() < until:
        number += 1
        yield b"%d-%d" % (name, number), os.urandom(8).hex().encode() * (number % 3)


def on_loop(app: Any, name: int, until: float, wrong: Wrong, count: list[int]) -> None:
    """Run several clients on a loop of this thread's own."""

    async def client(number: int) -> None:
        for token, body in requests(name * 100 + number, until):
            got = await ask_asgi(app, token, body)
            count[name] += 1
            if got != token + b" " + body:
                wrong.append(f"WSGIToASGI: {token!r} {body!r}: {got!r}")

    async def clients() -> None:
        await asyncio.gather(*(client(number) for number in range(TASKS)))

    asyncio.run(clients())


def in_thread(app: Any, name: int, until: float, wrong: Wrong, count: list[int]) -> None:
    """Run one client that blocks."""
    for token, body in requests(name, until):
        got = ask_wsgi(app, token, body)
        count[name] += 1
        if got != token + b" " + body:
            wrong.append(f"ASGIToWSGI: {token!r} {body!r}: {got!r}")


def stress(run: Callable[..., None], app: Any, threads: int, seconds: float) -> tuple[int, Wrong]:
    """Run `run` in so many threads; return how many requests were made, and the wrong responses."""
    wrong: Wrong = []
    count = [0] * threads
    until = time.monotonic() + seconds
    workers = [threading.Thread(target=run, args=(app, name, until, wrong, count)) for name in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(seconds + 60)
        if worker.is_alive():
            wrong.append("a client hangs")
    return sum(count), wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="for each direction (default: %(default)s)")
    seconds = parser.parse_args().seconds
    gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    build = "free-threaded build" if sysconfig.get_config_var("Py_GIL_DISABLED") else "build with GIL"
    print(f"CPython {sys.version.split()[0]}, {build}, the GIL is {'on' if gil else 'off'}")
    failed = False
    bridge = ASGIToWSGI(asgi_app)
    for name, run, app, threads in (
        ("WSGIToASGI", on_loop, WSGIToASGI(wsgi_app, threads=THREADS), LOOPS),
        ("ASGIToWSGI", in_thread, bridge, THREADS),
    ):
        made, wrong = stress(run, app, threads, seconds)
        print(f"{name}: {made:,} requests, {len(wrong)} wrong", *wrong[:5], sep="\n  " if wrong else " ")
        failed = failed or bool(wrong) or not made
    bridge.close()
    sys.exit(failed)


if __name__ == "__main__":
    main()
