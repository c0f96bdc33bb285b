"""Give the objects of an app other memory addresses in each process.

The order of a set of classes or objects depends on their addresses. One server allocates nearly the same addresses in
each process, another server allocates others. So a comparison of two servers would see two orders, each of which seems
to be always the same. With varying addresses, it sees that the order varies.
"""

import random
import sys
from collections.abc import Callable

SMALL, LARGE = (1, 480), (520, 1600)
"""Sizes of blocks in bytes: of Python's own allocator (up to 512), and of the C library's (classes are that large)."""

MOST = 20_000
"""Maximum number of blocks that are kept: about 10 MB."""


def vary_addresses() -> None:
    """Keep blocks of random sizes whenever a module is imported, so that later objects have other addresses.

    An audit hook does it, because the app cannot see it: sys.meta_path, for example, would have one more entry.
    """
    sys.addaudithook(_keeper(random.Random()))  # noqa: S311 (no secret)


def _keeper(numbers: random.Random) -> Callable[[str, object], None]:
    kept: list[bytes] = []

    def keep(event: str, _: object) -> None:
        if event == "import" and len(kept) < MOST:
            kept.extend(bytes(numbers.randint(*SMALL)) for _ in range(numbers.randrange(4)))
            kept.append(bytes(numbers.randint(*LARGE)))

    return keep
