"""WebSockets under load, server by server: no message reaches a wrong client, and nothing is left after all have
closed.

`python -m tests.soak.websockets [--seconds 20] [SERVER ...]` runs 30 clients against an ASGI app on each WSGI server.
Each opens a WebSocket, sends messages with its own token, and checks that exactly these come back; a third of the
WebSockets are cut off instead of closed. HTTP requests run at the same time. `--idle 5000` instead opens that many idle
WebSockets on one gunicorn sync worker, and on uvicorn natively, and prints the cost of each.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import resource
import sys
import time
from collections.abc import Sequence
from typing import Any

import httpx
import psutil
from websockets.asyncio.client import connect

from tests.real.serving import Running, eventually, serve
from tests.real.websocket_servers import CARRYING, serving

APP = "tests.soak.websocket_app:app"
CLIENTS = 30
_HELD = ("descriptors", "threads", "tasks", "websockets")


class Failed(AssertionError):
    """A fault of a server."""


def left(server: Running) -> dict[str, Any]:
    """Return the resources of the server's process."""
    report: dict[str, Any] = httpx.get(f"{server.url}/left", trust_env=False, timeout=30).json()
    return report


async def _client(server: Running, name: int, until: float, counts: dict[str, int]) -> None:
    chance = random.Random(name)
    uri = f"ws://{server.host}:{server.port}/echo"
    for number in itertools.count():
        if time.monotonic() > until:
            return
        websocket = await connect(uri, compression=None, open_timeout=60, close_timeout=30, proxy=None)
        counts["sockets"] += 1
        for message in range(chance.randrange(1, 6)):
            text = f"{name}.{number}.{message}." + "x" * chance.choice((0, 100, 70_000))
            await websocket.send(text)
            answer = await asyncio.wait_for(websocket.recv(), 60)
            if answer != text:
                raise Failed(f"client {name} sent {text[:40]!r} and received {answer[:40]!r}")
            counts["messages"] += 1
        if chance.random() < 1 / 3:
            counts["cut off"] += 1
            websocket.transport.abort()
        await websocket.close()


async def _requests(server: Running, until: float, counts: dict[str, int]) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        while time.monotonic() < until:
            (await client.get(f"{server.url}/left")).raise_for_status()
            counts["requests"] += 1


async def _load(server: Running, seconds: float) -> dict[str, int]:
    counts = dict.fromkeys(("sockets", "messages", "cut off", "requests"), 0)
    until = time.monotonic() + seconds
    async with asyncio.TaskGroup() as group:
        for name in range(CLIENTS):
            group.create_task(_client(server, name, until, counts))
        group.create_task(_requests(server, until, counts))
    return counts


def soak(name: str, seconds: float) -> dict[str, Any]:
    """Put load on one server; return the counts. Raises AssertionError for a wrong message, and for leftovers."""
    with serving(name, app=APP) as server:
        asyncio.run(_load(server, min(2.0, seconds)))  # one-time work is done
        eventually(lambda: left(server)["websockets"] == 0, "the first WebSockets have ended", 30)
        before = left(server)
        counts = asyncio.run(_load(server, seconds))
        after: dict[str, Any] = {}

        def clean() -> bool:
            after.update(left(server))
            return all(after[what] <= before[what] + (2 if what == "descriptors" else 0) for what in _HELD)

        try:
            eventually(clean, "nothing is left", 30)
        except AssertionError as error:
            raise Failed(f"{name}: before {before}, after {after}") from error
    return counts


async def _idle(server: Running, count: int, pid: int) -> tuple[float, int]:
    process = psutil.Process(pid)
    uri = f"ws://{server.host}:{server.port}/echo"
    first = [await connect(uri, compression=None, proxy=None, ping_interval=None) for _ in range(20)]
    before = process.memory_info().rss
    sockets = list(first)
    for _ in range(count // 50):
        sockets += await asyncio.gather(
            *(connect(uri, compression=None, proxy=None, ping_interval=None, open_timeout=60) for _ in range(50))
        )
    each = (process.memory_info().rss - before) / (len(sockets) - len(first)) / 1024
    threads = process.num_threads()
    await sockets[-1].send("alive")
    assert await sockets[-1].recv() == "alive"
    for socket in sockets:
        socket.transport.abort()
    return each, threads


def idle(count: int) -> None:
    """Open idle WebSockets on a sync worker and on uvicorn; print the KB and threads of each."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with serving("gunicorn sync", app=APP) as server:
        left(server)  # once it answers, the worker has been forked
        (worker,) = psutil.Process(server.process.pid).children()
        each, threads = asyncio.run(_idle(server, count, worker.pid))
        print(f"gunicorn sync, ASGIToWSGI: {count} idle WebSockets, {each:.1f} KB each, {threads} threads")
    with serve("tests.soak.websocket_app:api", "uvicorn", "--ws-ping-interval", "1000") as server:
        each, threads = asyncio.run(_idle(server, count, server.process.pid))
        print(f"uvicorn, natively: {count} idle WebSockets, {each:.1f} KB each, {threads} threads")


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="WebSockets of ASGIToWSGI under load, server by server.")
    parser.add_argument("servers", nargs="*", default=[*CARRYING], metavar="SERVER")
    parser.add_argument("--seconds", type=float, default=20.0, help="load of each server. Default: 20")
    parser.add_argument("--idle", type=int, default=0, help="measure this number of idle WebSockets instead")
    options = parser.parse_args(arguments)
    if options.idle:
        idle(options.idle)
        return 0
    for name in options.servers:
        print(f"{name}: {json.dumps(soak(name, options.seconds))}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
