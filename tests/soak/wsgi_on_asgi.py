"""`python -m tests.soak.wsgi_on_asgi [--requests N]`: a million requests of all kinds through WSGIToASGI, in process.

Prints the resources of the process after the first 10,000 requests and at intervals after that. Exits with 1 if they
have grown at the end. Knows the result of each kind of request. It must not know how the adapter works.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from gateways.adapters import WSGIToASGI
from tests.soak.asgi_client import ASGIApp, Client
from tests.soak.leftovers import Held, header, held, row, verdict
from tests.soak.schedule import mixed, requests_wanted, rounds
from tests.soak.wsgi_app import BLOCK, FILE, LARGE, Environ, Failure, app, inside

AT_ONCE = 32  # requests
THREADS = 8
PATIENCE = 20.0  # time limit of waits, in seconds
OWN = 1  # task
KB = b"x" * 1024

Ask = Callable[[ASGIApp], Awaitable[None]]


def serves(path: str, status: int = 200, size: int | None = None, **request: Any) -> Ask:
    """Make a request with a complete response."""

    async def ask(adapter: ASGIApp) -> None:
        client = Client(path, **request)
        await client.ask(adapter)
        _check(client.complete and client.status == status and size in (None, client.size), path, client)

    return ask


def raises(path: str, error: type[Exception], status: int, **request: Any) -> Ask:
    """Make a request whose error reaches the server, before or after the response headers."""

    async def ask(adapter: ASGIApp) -> None:
        client = Client(path, **request)
        try:
            await client.ask(adapter)
        except error:
            _check(client.status == status and not client.complete, path, client)
        else:
            _check(False, path, client)

    return ask


def left(path: str, **request: Any) -> Ask:
    """Make a request whose client disconnects. The adapter may raise ClientDisconnected, or the error of send()."""

    async def ask(adapter: ASGIApp) -> None:
        client = Client(path, **request)
        with contextlib.suppress(OSError):
            await client.ask(adapter)
        _check(not client.complete, path, client)

    return ask


def cancelled(path: str, **request: Any) -> Ask:
    """Make a request whose client stalls, and whose task the server then cancels."""

    async def ask(adapter: ASGIApp) -> None:
        client = Client(path, then="stalls", **request)
        task = asyncio.ensure_future(client.ask(adapter))
        await client.reached()
        task.cancel()
        await asyncio.wait([task])
        _check(not client.complete, path, client)

    return ask


def _check(right: bool, path: str, client: Client) -> None:
    if not right:
        raise AssertionError(f"{path}: status {client.status}, {client.size} bytes, complete: {client.complete}")


SIZE = FILE.stat().st_size
KINDS: dict[Ask, int] = {
    serves("/hello", size=5): 31,
    serves("/hello", size=0, method="HEAD"): 1,
    serves("/empty", 204, 0): 1,
    serves("/several", size=20 * len(BLOCK)): 4,
    serves("/read", size=8, body=[KB], length=len(KB)): 12,
    serves("/read", size=8, body=[KB, KB]): 3,
    serves("/read", size=8, body=[LARGE] * 10, length=10 * len(LARGE)): 2,
    serves("/read", size=8, body=[LARGE] * 10): 1,
    serves("/read", size=8, body=[KB], length=len(KB), headers=[(b"expect", b"100-continue")]): 1,
    serves("/hello", size=5, body=[LARGE] * 10, length=10 * len(LARGE)): 1,
    serves("/hello", 400, body=[KB], length=len(KB), headers=[(b"content-length", b"7")]): 1,
    serves("/stream", size=20 * len(BLOCK)): 10,
    serves("/large", size=16 * len(LARGE)): 2,
    serves("/write", size=2 * len(BLOCK)): 2,
    serves("/file", size=SIZE): 2,
    serves("/file", extensions={"http.response.pathsend": {}}): 1,
    serves("/file", extensions={"http.response.zerocopysend": {}}): 1,
    serves("/hints", size=5, extensions={"http.response.early_hint": {}}): 1,
    raises("/fails", Failure, 0): 4,
    raises("/fails", Failure, 0, body=[KB], length=len(KB)): 1,
    raises("/breaks", Failure, 200): 3,
    raises("/short", Exception, 200): 2,
    left("/endless", until=3): 4,
    left("/endless", until=2, then="leaves silently"): 2,
    left("/read", until=0, body=[KB], length=10 * len(KB)): 1,
    left("/read", until=0, body=[LARGE] * 10, length=20 * len(LARGE)): 2,
    cancelled("/endless", until=2): 2,
    cancelled("/read", until=0, body=[KB], length=10 * len(KB)): 1,
    cancelled("/read", until=0, body=[LARGE] * 10, length=20 * len(LARGE)): 1,
}


def gathering(count: int) -> Callable[[Environ, Any], list[bytes]]:
    """Return an app whose requests wait until `count` of them are running, so each request needs a thread."""
    barrier = threading.Barrier(count)

    def gather(environ: Environ, start_response: Any) -> list[bytes]:
        if environ["PATH_INFO"] != "/gather":
            return app(environ, start_response)  # type: ignore[return-value]
        barrier.wait(PATIENCE)
        start_response("200 OK", [])
        return [b"here"]

    return gather


async def served(adapter: ASGIApp, kinds: Iterator[Ask], count: int) -> None:
    """Make `count` requests, AT_ONCE of them concurrently."""
    waiting = iter(range(count))

    async def client() -> None:
        for _ in waiting:
            await next(kinds)(adapter)

    await asyncio.gather(*(client() for _ in range(AT_ONCE)))


async def at_rest() -> int:
    """Wait until the threads have finished the cancelled requests. Return the number of tasks that are left."""
    until = time.monotonic() + PATIENCE
    while tasks() > OWN and time.monotonic() < until:  # noqa: ASYNC110 - the app's threads know no event of this loop
        await asyncio.sleep(0.01)
    assert tasks() <= OWN, f"after {PATIENCE} s there are still {tasks() - OWN} tasks, or threads inside the app"
    return tasks()


def tasks() -> int:
    return len(asyncio.all_tasks()) + len(inside)


async def soak(requests: int) -> list[Held]:
    """Make the requests, and print the remaining resources at intervals."""
    adapter = WSGIToASGI(gathering(THREADS), threads=THREADS)
    await asyncio.gather(*(Client("/gather").ask(adapter) for _ in range(THREADS)))  # all threads have been started
    kinds, rows, done = mixed(KINDS), [], 0
    print(header(), flush=True)
    for count in rounds(requests):
        await served(adapter, kinds, count)
        done += count
        rows.append(held(done, await at_rest()))
        print(row(rows[-1]), flush=True)
    adapter.close()
    return rows


def main() -> int:
    logging.disable(logging.CRITICAL)  # each failure is logged, as expected
    return verdict(asyncio.run(soak(requests_wanted(__doc__ or ""))))


if __name__ == "__main__":
    sys.exit(main())
