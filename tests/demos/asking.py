"""What the tests of several demos ask: a stream, when its blocks arrive; many things at once.

Knows httpx. It must not know a demo.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import httpx

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

client = httpx.Client(trust_env=False, timeout=20)


def arrivals(url: str) -> tuple[bytes, float]:
    """A response's body, and how many seconds after the first of it the last of it was here."""
    with client.stream("GET", url) as response:
        blocks = [(time.monotonic(), block) for block in response.iter_raw()]
    return b"".join(block for _, block in blocks), blocks[-1][0] - blocks[0][0]


def at_once(ask: Callable[[Asked], Answer], questions: Sequence[Asked]) -> list[Answer]:
    """Send all requests concurrently; return the responses in order."""
    with ThreadPoolExecutor(len(questions)) as threads:
        return list(threads.map(ask, questions))
