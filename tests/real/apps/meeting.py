"""A meeting point of async views on the server's loop: its objects only work on that loop.

Knows asyncio. It must not know frameworks or adapters.
"""

from __future__ import annotations

import asyncio

_servers_loop: asyncio.AbstractEventLoop | None = None
_barriers: dict[int, asyncio.Barrier] = {}


def note_the_servers_loop() -> None:
    """Record the running asyncio loop as the server's loop. Call this on the server's loop, before a request."""
    global _servers_loop  # noqa: PLW0603 - one server, one loop in its process
    try:
        _servers_loop = asyncio.get_running_loop()
    except RuntimeError:
        _servers_loop = None


def on_the_servers_loop() -> bool:
    return asyncio.get_running_loop() is _servers_loop


async def meet(parties: int) -> str:
    """Wait until `parties` views have called this. They must run on one loop, in concurrent requests."""
    barrier = _barriers.setdefault(parties, asyncio.Barrier(parties))
    async with asyncio.timeout(20):
        await barrier.wait()
    return "met"
