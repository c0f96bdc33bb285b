"""`python -m benchmarks.overload`: put ten times its capacity on WSGIToASGI, with and without a bounded queue.

Prints a Markdown section: accepted and rejected requests, the latency of the accepted requests, and the memory of
waiting requests. Knows how to send requests in an open loop. It must not know how the adapter rejects requests.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import psutil

from gateways.adapters import WSGIToASGI

THREADS = 4
WORK = 0.02  # time that the app blocks, in seconds
CAPACITY = THREADS / WORK  # requests per second
OVERLOAD = 10
SECONDS = 10.0

SCOPE = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": [], "http_version": "1.1"}


@dataclass
class Seen:
    """The results of the clients of one run."""

    latencies: list[float] = field(default_factory=list)  # of accepted requests, in seconds
    rejected: int = 0
    unanswered: int = 0
    memory: int = 0  # maximum growth of the process's memory, in bytes


def works(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Block for a short time, like a database query."""
    time.sleep(WORK)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"done"]


async def ask(adapter: Any, seen: Seen) -> None:
    """Send one request, and record its latency or its rejection."""
    begun = time.perf_counter()
    statuses: list[int] = []

    async def receive() -> Any:
        return await asyncio.get_running_loop().create_future()

    async def send(message: Any) -> None:
        statuses.extend([message["status"]] if message["type"] == "http.response.start" else [])

    await adapter(dict(SCOPE), receive, send)
    if statuses == [200]:
        seen.latencies.append(time.perf_counter() - begun)
    else:
        seen.rejected += 1


async def run(**options: Any) -> Seen:
    """Send requests for SECONDS. Then cancel the requests that still wait."""
    adapter = WSGIToASGI(works, threads=THREADS, **options)
    seen, process = Seen(), psutil.Process(os.getpid())
    before = process.memory_info().rss
    begun, sent, tasks = time.perf_counter(), 0, set[asyncio.Task[None]]()
    while (now := time.perf_counter() - begun) < SECONDS:
        due = int(now * CAPACITY * OVERLOAD)
        for _ in range(due - sent):
            task = asyncio.ensure_future(ask(adapter, seen))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        sent = due
        seen.memory = max(seen.memory, process.memory_info().rss - before)
        await asyncio.sleep(0.005)
    seen.unanswered = len(tasks)
    for task in list(tasks):
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    adapter.close()
    return seen


def row(name: str, seen: Seen) -> str:
    """Return a run's row of the table."""
    cuts = statistics.quantiles(seen.latencies, n=100)
    latency = f"{cuts[49] * 1000:,.0f} ms | {cuts[98] * 1000:,.0f} ms"
    return (
        f"| {name} | {len(seen.latencies):,} | {latency} | {seen.rejected:,} | {seen.unanswered:,} |"
        f" {seen.memory / 2**20:.0f} MB |"
    )


def report() -> str:
    """Return the section."""
    capacity = f"its capacity ({CAPACITY:.0f} requests/s)"
    lines = [
        f"**WSGIToASGI with {THREADS} threads: requests arrive at {OVERLOAD} times {capacity} for {SECONDS:.0f} s**",
        "",
        "| | accepted | p50 | p99 | 503 | still waiting at the end | memory |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    runs: dict[str, dict[str, Any]] = {
        "queue=None": {},
        "queue=8": {"queue": 8},
        "queue_timeout=0.5": {"queue_timeout": 0.5},
    }
    for name, options in runs.items():
        lines.append(row(f"`{name}`", asyncio.run(run(**options))))
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(report())
