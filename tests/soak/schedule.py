"""The schedule of a soak, the same for both adapters: number and kinds of requests, and when resources are measured.

Knows the command line. It must not know requests.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator, Mapping
from typing import TypeVar

_Kind = TypeVar("_Kind")

REQUESTS = 1_000_000
FIRST = 10_000  # number of requests after which one-time work is done
ROWS = 10  # number of later measurements


def requests_wanted(description: str) -> int:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--requests", type=int, default=REQUESTS, help="how many (default: %(default)s)")
    wanted: int = parser.parse_args().requests
    if wanted < 2:
        parser.error("--requests: at least 2, e.g. --requests 200000")
    return wanted


def rounds(requests: int) -> list[int]:
    """Yield the number of requests before each measurement."""
    first = min(FIRST, requests // 2)
    each, rest = divmod(requests - first, ROWS)
    return [first, *([each] * (ROWS - 1) if each else []), each + rest]


def mixed(weights: Mapping[_Kind, int]) -> Iterator[_Kind]:
    """Yield kinds endlessly, in proportion to their weights, in the same order in each run."""
    kinds = [kind for kind, weight in weights.items() for _ in range(weight)]
    random.Random(1).shuffle(kinds)
    while True:
        yield from kinds
