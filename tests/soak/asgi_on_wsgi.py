"""`python -m tests.soak.asgi_on_wsgi [--requests N]`: a million requests of all kinds through ASGIToWSGI, in process.

Prints the resources of the process after the first 10,000 requests and at intervals after that. Exits with 1 if they
have grown at the end. Knows the result of each kind of request. It must not know how the adapter works.
"""

from __future__ import annotations

import asyncio
import io
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from wsgiref.util import FileWrapper

from gateways.adapters import ASGIToWSGI, ClientDisconnected
from tests.soak.asgi_app import BLOCK, FILE, LARGE, Failure, app, inside, loops
from tests.soak.leftovers import Held, header, held, row, verdict
from tests.soak.schedule import mixed, requests_wanted, rounds

THREADS = 8  # of the server
PATIENCE = 20.0  # time limit of waits, in seconds
LIFESPAN = 2  # tasks of the adapter itself: the lifespan, and the root task of the loop
KB = b"x" * 1024

WSGIApp = Callable[[dict[str, Any], Any], Iterable[bytes]]
Ask = Callable[[WSGIApp], None]


class Failing(io.BytesIO):
    """The input of a client that disconnects during its body."""

    def read1(self, size: int | None = -1, /) -> bytes:
        if block := super().read1(-1 if size is None else size):
            return block
        raise ConnectionResetError("the client has left")


def environ_of(path: str, body: bytes = b"", length: int | None = None, **more: Any) -> dict[str, Any]:
    """Return an environ like that of a WSGI server. If `length` is None, the server decodes a chunked body."""
    framing = {"wsgi.input_terminated": True} if length is None else {"CONTENT_LENGTH": str(length)}
    return {
        "REQUEST_METHOD": "POST" if body else "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "localhost:8000",
        "HTTP_COOKIE": "session=0123456789",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": FileWrapper,
        **(framing if body else {}),
        **more,
    }


class Response:
    """The received part of a response."""

    def __init__(self, environ: dict[str, Any]) -> None:
        self.environ, self.status, self.size = environ, "", 0

    def take(self, adapter: WSGIApp, most: int | None = None) -> None:
        """Read all blocks, or at most `most` blocks. Raises the adapter's exception."""
        blocks = adapter(self.environ, self._start)
        try:
            for number, block in enumerate(blocks, 1):
                self.size += len(block)
                if number == most:
                    break
        finally:
            getattr(blocks, "close", lambda: None)()

    def _start(self, status: str, headers: Any, exc_info: Any = None) -> Callable[[bytes], object]:
        self.status = status
        return bytes

    def check(self, right: bool) -> None:
        if not right:
            raise AssertionError(f"{self.environ['PATH_INFO']}: status {self.status!r}, {self.size} bytes")


def serves(path: str, status: str = "200", size: int | None = None, **request: Any) -> Ask:
    """Make a request with a complete response."""

    def ask(adapter: WSGIApp) -> None:
        response = Response(environ_of(path, **request))
        response.take(adapter)
        response.check(response.status[:3] == status and size in (None, response.size))

    return ask


def raises(path: str, error: type[Exception], status: str, **request: Any) -> Ask:
    """Make a request whose error reaches the server, before or after the response headers."""

    def ask(adapter: WSGIApp) -> None:
        response = Response(environ_of(path, **request))
        try:
            response.take(adapter)
        except error:
            response.check(response.status[:3] == status)
        else:
            response.check(False)

    return ask


def left(path: str, after: int) -> Ask:
    """Make a request whose client disconnects after some blocks."""

    def ask(adapter: WSGIApp) -> None:
        response = Response(environ_of(path))
        response.take(adapter, after)
        response.check(response.size > 0)

    return ask


def noticed(path: str) -> Ask:
    """Make a request whose client disconnects while the app sends nothing, on a server that detects disconnects."""

    def ask(adapter: WSGIApp) -> None:
        response = Response(environ_of(path))
        response.environ["waitress.client_disconnected"] = lambda: response.size > 0
        try:
            response.take(adapter)
        except ClientDisconnected:
            response.check(response.size > 0)
        else:
            response.check(False)

    return ask


SIZE = FILE.stat().st_size
KINDS: dict[Ask, int] = {
    serves("/hello", size=5): 350,
    serves("/hello", size=0, REQUEST_METHOD="HEAD"): 10,
    serves("/events", size=0, REQUEST_METHOD="HEAD"): 5,
    serves("/endless", size=0, REQUEST_METHOD="HEAD"): 1,
    serves("/empty", "204", 0): 10,
    serves("/read", size=8, body=KB, length=len(KB)): 150,
    serves("/read", size=8, body=KB): 30,
    serves("/read", size=8, body=LARGE * 10, length=10 * len(LARGE)): 20,
    serves("/read", size=8, body=LARGE * 10): 10,
    serves("/hello", size=5, body=LARGE * 10, length=10 * len(LARGE)): 10,
    serves("/stream", size=20 * len(BLOCK)): 120,
    serves("/large", size=16 * len(LARGE)): 20,
    serves("/background", size=5): 20,
    serves("/file", size=SIZE): 20,
    serves("/hello", "400", body=KB, CONTENT_LENGTH="many"): 10,
    serves("/hello", "426", HTTP_UPGRADE="websocket", HTTP_CONNECTION="Upgrade"): 10,
    raises("/fails", Failure, ""): 40,
    raises("/breaks", Failure, "200"): 40,
    raises("/short", Exception, "200"): 20,
    raises("/silent", Exception, ""): 10,
    raises("/cancels", Exception, ""): 10,
    raises("/read", Exception, "", body=KB, length=10 * len(KB)): 10,
    raises("/read", Exception, "", body=KB, length=10 * len(KB), **{"wsgi.input": Failing(KB)}): 10,
    left("/endless", 1): 40,
    left("/endless", 5): 10,
    left("/events", 1): 18,
    left("/stubborn", 1): 1,
    noticed("/events"): 1,
}


def served(adapter: WSGIApp, kinds: Iterator[Ask], count: int) -> None:
    """Make `count` requests from the server's threads."""
    mutex = threading.Lock()
    waiting = iter(range(count))

    def thread(_: int) -> None:
        while True:
            with mutex:
                if next(waiting, None) is None:
                    return
                ask = next(kinds)
            ask(adapter)

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(thread, range(THREADS)))


def at_rest() -> int:
    """Wait until the app has finished the disconnected requests. Return the number of tasks that are left."""
    until = time.monotonic() + PATIENCE
    while tasks() > LIFESPAN and time.monotonic() < until:
        time.sleep(0.01)
    assert tasks() <= LIFESPAN, f"after {PATIENCE} s there are still {tasks() - LIFESPAN} tasks"
    return tasks()


def tasks() -> int:
    return len(asyncio.all_tasks(loops[0])) + len(inside)


def soak(requests: int) -> list[Held]:
    """Make the requests, and print the remaining resources at intervals."""
    adapter = ASGIToWSGI(app, pathsend=True)
    kinds, rows, done = mixed(KINDS), [], 0
    print(header(), flush=True)
    for count in rounds(requests):
        served(adapter, kinds, count)
        done += count
        rows.append(held(done, at_rest()))
        print(row(rows[-1]), flush=True)
    adapter.close()
    return rows


def main() -> int:
    logging.disable(logging.CRITICAL)  # each failure is logged, as expected
    return verdict(soak(requests_wanted(__doc__ or "")))


if __name__ == "__main__":
    sys.exit(main())
