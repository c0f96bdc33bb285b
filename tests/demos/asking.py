"""Requests that the tests of several demos send: one for the times of a stream's blocks, and many concurrent ones.

Knows httpx. It must not know the demos.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import httpx

from tests.real.client import KEPT

Argument = TypeVar("Argument")
Answer = TypeVar("Answer")

client = httpx.Client(trust_env=False, timeout=20, limits=KEPT)


def arrivals(url: str) -> tuple[bytes, float]:
    """Return a response's body, and the seconds between its first and its last block."""
    with client.stream("GET", url) as response:
        blocks = [(time.monotonic(), block) for block in response.iter_raw()]
    return b"".join(block for _, block in blocks), blocks[-1][0] - blocks[0][0]


def at_once(ask: Callable[[Argument], Answer], questions: Sequence[Argument]) -> list[Answer]:
    """Send all requests concurrently; return the responses in order."""
    with ThreadPoolExecutor(len(questions)) as threads:
        return list(threads.map(ask, questions))
