"""Detached event streams under load, server by server: no event reaches a wrong client, and nothing is left after all
have closed.

`python -m tests.soak.event_streams [--seconds 20] [SERVER ...]` runs 30 clients against an ASGI app on each WSGI
server. Each opens streams of events with its own token, and checks them; a third of the streams are cut off. HTTP
requests run at the same time. `--streams 1000` instead opens that many streams on gunicorn's gthread worker with 4
threads, and prints the cost of each, and the time of HTTP requests meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import resource
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import httpx
import psutil

from tests.real.serving import Running, eventually
from tests.real.websocket_servers import CARRYING, serving

APP = "tests.real.apps.event_streams:app"
CLIENTS = 30
_HELD = ("descriptors", "threads", "tasks", "detached")


class Failed(AssertionError):
    """A fault of a server."""


def held(server: Running) -> dict[str, Any]:
    """Return the resources of the server's process."""
    report: dict[str, Any] = httpx.get(f"{server.url}/held", trust_env=False, timeout=30).json()
    return report


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


async def _requests(server: Running, until: float, counts: dict[str, int]) -> None:
    # uWSGI does not announce that it closes the connection, so a reused connection may be lost.
    headers = {"Connection": "close"}
    async with httpx.AsyncClient(trust_env=False, timeout=60, headers=headers) as client:
        while time.monotonic() < until:
            (await client.get(f"{server.url}/held")).raise_for_status()
            counts["requests"] += 1


async def _load(server: Running, seconds: float) -> dict[str, int]:
    counts = dict.fromkeys(("streams", "events", "cut off", "requests"), 0)
    until = time.monotonic() + seconds
    async with asyncio.TaskGroup() as group:
        for name in range(CLIENTS):
            group.create_task(_client(server, name, until, counts))
        group.create_task(_requests(server, until, counts))
    return counts


def soak(name: str, seconds: float) -> dict[str, Any]:
    """Put load on one server; return the counts. Raises AssertionError for a wrong event, and for leftovers."""
    with serving(name, app=APP) as server:
        asyncio.run(_load(server, min(2.0, seconds)))  # one-time work is done
        eventually(lambda: held(server)["detached"] == 0, "the first streams have ended", 30)
        before = held(server)
        counts = asyncio.run(_load(server, seconds))
        after: dict[str, Any] = {}

        def clean() -> bool:
            after.update(held(server))
            return all(after[what] <= before[what] + (2 if what == "descriptors" else 0) for what in _HELD)

        try:
            eventually(clean, "nothing is left", 30)
        except AssertionError as error:
            raise Failed(f"{name}: before {before}, after {after}") from error
    return counts


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
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with serving("gunicorn gthread", app=APP) as server:
        return asyncio.run(_many(server, count))


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="Detached event streams of ASGIToWSGI under load, server by server.")
    parser.add_argument("servers", nargs="*", default=[*CARRYING], metavar="SERVER")
    parser.add_argument("--seconds", type=float, default=20.0, help="load of each server. Default: 20")
    parser.add_argument("--streams", type=int, default=0, help="measure this number of open streams instead")
    options = parser.parse_args(arguments)
    if options.streams:
        print(json.dumps(many(options.streams)))
        return 0
    for name in options.servers:
        print(f"{name}: {json.dumps(soak(name, options.seconds))}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
