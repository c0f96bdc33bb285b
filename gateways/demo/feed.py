"""The items that a page can ask for: the last of them, numbered, and the pages that wait for the next.

Knows asyncio. Memory is bounded by one ring, however many pages there are and however slowly they read: each page only
knows the number of the item that it had last, and what has fallen off meanwhile it does not get.
"""

import asyncio
import json
from collections import deque
from collections.abc import Iterable

from gateways.demo.told import Item

ITEMS = 4000
OCTETS = 4 * 1024 * 1024
"""So many items, or so many characters of JSON, are kept."""

TOGETHER = 250
"""So many items are in one event of the feed."""


class Feed:
    """The ring. Used on one event loop."""

    def __init__(self, items: int = ITEMS, octets: int = OCTETS) -> None:
        self._most, self._room = items, octets
        self._kept: deque[str] = deque()
        self._size = 0
        self._last = 0  # the number of the newest item; the first ever is 1
        self._more = asyncio.Event()

    def add(self, items: Iterable[Item]) -> None:
        """Keep items, let the oldest fall off, and wake the waiting pages."""
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
        """The oldest items (JSON) after that number, not too many; and the number of the last of them."""
        oldest = self._last - len(self._kept) + 1
        # A number that is not from here is a page's that has seen another demo on this port.
        begin = max(number + 1, oldest) if number <= self._last else oldest
        index = begin - oldest
        texts = [self._kept[at] for at in range(index, min(index + TOGETHER, len(self._kept)))]
        return texts, begin + len(texts) - 1

    async def wait(self, number: int) -> None:
        """Until there is an item after that number."""
        while number == self._last:
            await self._more.wait()


def event(texts: list[str], number: int) -> bytes:
    """Items as one server-sent event: a browser that connects again says that number in Last-Event-ID."""
    return f"id: {number}\ndata: [{','.join(texts)}]\n\n".encode()
