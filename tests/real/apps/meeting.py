"""Where async views meet that run on the server's loop: what they share with the rest of the process works only there.

Knows asyncio. It must not know a framework or an adapter.
"""

from __future__ import annotations

import asyncio

_servers_loop: asyncio.AbstractEventLoop | None = None
_barriers: dict[int, asyncio.Barrier] = {}


def note_the_servers_loop() -> None:
    """To be called on the server's loop, before a request; it is not asyncio's on trio."""
    global _servers_loop  # noqa: PLW0603 - one server, one loop in its process
    try:
        _servers_loop = asyncio.get_running_loop()
    except RuntimeError:
        _servers_loop = None


def on_the_servers_loop() -> bool:
    return asyncio.get_running_loop() is _servers_loop


async def meet(parties: int) -> str:
    """Wait until so many are here: that needs one loop, and so many requests at once."""
    barrier = _barriers.setdefault(parties, asyncio.Barrier(parties))
    async with asyncio.timeout(20):
        await barrier.wait()
    return "met"
