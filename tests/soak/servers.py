"""Put load by many clients on one WSGI server after the other, and report the resources that are left afterwards.

Knows the load and the app's report at /held. It must not know what a client does: streams (event_streams.py) or
WebSockets (websockets.py).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from tests.real.serving import Running, eventually
from tests.real.websocket_servers import CARRYING, serving

CLIENTS = 30


class Failed(AssertionError):
    """A fault of a server."""


@dataclass(frozen=True)
class Soak:
    """One kind of load.

    app: the target, which reports its resources at /held. client(server, number, until, counts): runs one client until
    `until` (time.monotonic()). counts: the names of the clients' counts. open: the resource in the report that each
    connection holds.
    """

    app: str
    client: Callable[[Running, int, float, dict[str, int]], Coroutine[Any, Any, None]]
    counts: Sequence[str]
    open: str

    async def _load(self, server: Running, seconds: float) -> dict[str, int]:
        counts = dict.fromkeys((*self.counts, "requests"), 0)
        until = time.monotonic() + seconds
        async with asyncio.TaskGroup() as group:
            for number in range(CLIENTS):
                group.create_task(self.client(server, number, until, counts))
            group.create_task(_requests(server, until, counts))
        return counts

    def run(self, name: str, seconds: float) -> dict[str, int]:
        """Put load on one server. Return the counts. Raises AssertionError for a wrong response, and for a leak."""
        with serving(name, app=self.app) as server:
            asyncio.run(self._load(server, min(2.0, seconds)))  # one-time work is done
            eventually(lambda: held(server)[self.open] == 0, f"{self.open} of the first load have ended", 30)
            before = held(server)
            counts = asyncio.run(self._load(server, seconds))
            after: dict[str, Any] = {}

            def clean() -> bool:
                after.update(held(server))
                room = {"descriptors": 2, "threads": 0, "tasks": 0, self.open: 0}
                return all(after[each] <= before[each] + more for each, more in room.items())

            try:
                eventually(clean, "nothing is left", 30)
            except AssertionError as error:
                raise Failed(f"{name}: before {before}, after {after}") from error
        return counts

    def command(self, arguments: Sequence[str], description: str, option: str, measure: Callable[[int], Any]) -> int:
        """Put load on the servers that the command line names. If it has `option NUMBER`, call `measure` instead."""
        parser = argparse.ArgumentParser(description=description)
        parser.add_argument("servers", nargs="*", default=[*CARRYING], metavar="SERVER")
        parser.add_argument("--seconds", type=float, default=20.0, help="load of each server. Default: 20")
        parser.add_argument(option, dest="number", type=int, default=0, help="measure this number of open ones instead")
        options = parser.parse_args(arguments)
        if options.number:
            hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            print(json.dumps(measure(options.number)))
            return 0
        for name in options.servers:
            print(f"{name}: {json.dumps(self.run(name, options.seconds))}", flush=True)
        return 0


def held(server: Running) -> dict[str, Any]:
    """Return the resources of the server's process."""
    report: dict[str, Any] = httpx.get(f"{server.url}/held", trust_env=False, timeout=30).json()
    return report


async def _requests(server: Running, until: float, counts: dict[str, int]) -> None:
    # uWSGI does not announce that it closes the connection, so a reused connection may be lost.
    headers = {"Connection": "close"}
    async with httpx.AsyncClient(trust_env=False, timeout=60, headers=headers) as client:
        while time.monotonic() < until:
            (await client.get(f"{server.url}/held")).raise_for_status()
            counts["requests"] += 1
