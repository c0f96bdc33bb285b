"""WebSockets under load, server by server: no message reaches a wrong client, and no resource leaks.

`python -m tests.soak.websockets [--seconds 20] [SERVER ...]` runs 30 clients against an ASGI app on each WSGI server.
Each client opens a WebSocket, sends messages with its own token, and checks that exactly these messages come back. A
third of the WebSockets are cut off instead of closed. HTTP requests run at the same time. With `--idle 5000`, the
command instead opens 5,000 idle WebSockets on one gunicorn sync worker, and on uvicorn without an adapter, and prints
the cost of each WebSocket.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import sys
import time
from typing import Any

import psutil
from websockets.asyncio.client import connect

from tests.real.serving import Running, serve
from tests.real.websocket_servers import serving
from tests.soak.servers import Failed, Soak, held


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


async def _idle(server: Running, count: int, pid: int) -> dict[str, Any]:
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
    return {"WebSockets": count, "KB each": round(each, 1), "threads": threads}


def idle(count: int) -> dict[str, Any]:
    """Open idle WebSockets on a sync worker and on uvicorn. Return the KB and the threads per WebSocket."""
    with serving("gunicorn sync", app=SOAK.app) as server:
        held(server)  # when it responds, the worker has been forked
        (worker,) = psutil.Process(server.process.pid).children()
        ours = asyncio.run(_idle(server, count, worker.pid))
    with serve("tests.soak.websocket_app:api", "uvicorn", "--ws-ping-interval", "1000") as server:
        native = asyncio.run(_idle(server, count, server.process.pid))
    return {"gunicorn sync, ASGIToWSGI": ours, "uvicorn, natively": native}


SOAK = Soak("tests.soak.websocket_app:app", _client, ("sockets", "messages", "cut off"), "websockets")

if __name__ == "__main__":
    sys.exit(SOAK.command(sys.argv[1:], "WebSockets of ASGIToWSGI under load, server by server.", "--idle", idle))
