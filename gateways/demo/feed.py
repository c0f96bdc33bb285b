"""The feed of events for the page. It numbers the latest items, and wakes the pages that wait for the next item.

Knows asyncio. All pages share one ring buffer of items, so slow pages need no further memory. The server stores only
the number of each page's last item. A slow page misses items that the ring buffer has dropped.
"""

import asyncio
import json
from collections import deque
from collections.abc import Iterable

from gateways.demo.items import Item

ITEMS = 4000
OCTETS = 4 * 1024 * 1024
"""Maximum number of items, and of characters of JSON, in the ring."""

TOGETHER = 250
"""Maximum number of items in one event of the feed."""


class Feed:
    """The ring buffer. Used on one event loop."""

    def __init__(self, items: int = ITEMS, octets: int = OCTETS) -> None:
        self._most, self._room = items, octets
        self._kept: deque[str] = deque()
        self._size = 0
        self._last = 0  # number of the newest item; the first item has the number 1
        self._more = asyncio.Event()

    def add(self, items: Iterable[Item]) -> None:
        """Add items, drop the oldest, and wake the waiting pages."""
        for item in items:
            text = json.dumps(item, separators=(",", ":"), default=str)
            self._kept.append(text)
            self._size += len(text)
            self._last += 1
        while len(self._kept) > self._most or (self._size > self._room and len(self._kept) > 1):
            self._size -= len(self._kept.popleft())
        self._more.set()
        self._more = asyncio.Event()

    def after(self, number: int) -> tuple[list[str], int]:
        """Return the oldest items (JSON) after that number, as many as fit in one event. Also return the number of the
        last of these items.
        """
        oldest = self._last - len(self._kept) + 1
        # If the number is larger than the last one, it comes from a page of an earlier demo on this port.
        begin = max(number + 1, oldest) if number <= self._last else oldest
        index = begin - oldest
        texts = [self._kept[at] for at in range(index, min(index + TOGETHER, len(self._kept)))]
        return texts, begin + len(texts) - 1

    async def wait(self, number: int) -> None:
        """Wait for an item after that number."""
        while number == self._last:
            await self._more.wait()


def event(texts: list[str], number: int) -> bytes:
    """Return items as one server-sent event. A browser that reconnects sends `number` in Last-Event-ID."""
    return f"id: {number}\ndata: [{','.join(texts)}]\n\n".encode()
