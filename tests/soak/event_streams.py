"""Detached event streams under load, server by server: no event reaches a wrong client, and no resource leaks.

`python -m tests.soak.event_streams [--seconds 20] [SERVER ...]` runs 30 clients against an ASGI app on each WSGI
server. Each client opens streams of events with its own token, and checks the events. A third of the streams are cut
off. HTTP requests run at the same time. With `--streams 1000`, the command instead opens 1,000 streams on gunicorn's
gthread worker with 4 threads. It prints the cost of each stream, and the time of HTTP requests that run meanwhile.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import statistics
import sys
import time
from contextlib import suppress
from typing import Any

import httpx
import psutil

from tests.real.serving import Running
from tests.real.websocket_servers import serving
from tests.soak.servers import Failed, Soak, held


async def _opened(server: Running, target: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
    if b" 200 " not in head[:20]:
        raise Failed(f"{target}: {head!r}")
    return reader, writer


async def _client(server: Running, name: int, until: float, counts: dict[str, int]) -> None:
    chance = random.Random(name)
    for number in itertools.count():
        if time.monotonic() > until:
            return
        events = chance.randrange(1, 20)
        token = f"{name}.{number}."
        reader, writer = await _opened(server, f"/quick?count={events}&token={token}&pause=0.002")
        counts["streams"] += 1
        if chance.random() < 1 / 3:
            counts["cut off"] += 1
            writer.transport.abort()
            continue
        body = await asyncio.wait_for(reader.read(-1), 60)
        got = [line for line in body.split(b"\n") if line.startswith(b"data: ")]
        if got != [f"data: {token}{event}".encode() for event in range(events)]:
            raise Failed(f"the stream {token} of {events} events received {body[:200]!r}")
        counts["events"] += events
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _many(server: Running, count: int) -> dict[str, Any]:
    worker = psutil.Process(held(server)["pid"])
    first = [await _opened(server, "/events?count=1") for _ in range(20)]
    before = worker.memory_info().rss
    streams = list(first)
    for _ in range((count - len(first)) // 20):
        streams += await asyncio.gather(*(_opened(server, "/events?count=1") for _ in range(20)))
    each = (worker.memory_info().rss - before) / (len(streams) - len(first)) / 1024
    took = []
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        for _ in range(200):
            begun = time.perf_counter()
            (await client.get(f"{server.url}/held")).raise_for_status()
            took.append((time.perf_counter() - begun) * 1000)
        threads = worker.num_threads()
        begun = time.perf_counter()
        await client.get(f"{server.url}/go")
        bodies = await asyncio.gather(*(reader.read(-1) for reader, _ in streams))
        delivered = time.perf_counter() - begun
    if not all(b"data:  0\n\n" in body for body in bodies):
        raise Failed("a stream did not get its event")
    for _, writer in streams:
        writer.close()
    return {
        "streams": len(streams),
        "KB each": round(each, 1),
        "threads": threads,
        "HTTP ms, median": round(statistics.median(took), 1),
        "HTTP ms, 99 %": round(sorted(took)[-2], 1),
        "event to all, s": round(delivered, 2),
    }


def many(count: int) -> dict[str, Any]:
    """Open streams on gunicorn's gthread worker with 4 threads; return their cost."""
    with serving("gunicorn gthread", app=SOAK.app) as server:
        return asyncio.run(_many(server, count))


SOAK = Soak("tests.real.apps.event_streams:app", _client, ("streams", "events", "cut off"), "detached")

if __name__ == "__main__":
    ABOUT = "Detached event streams of ASGIToWSGI under load, server by server."
    sys.exit(SOAK.command(sys.argv[1:], ABOUT, "--streams", many))
