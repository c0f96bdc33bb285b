"""Give the objects of an app different memory addresses in each process.

The order of a set of classes or objects depends on their addresses. All processes of one server get nearly the same
addresses, but processes of two servers get different ones. So a comparison of two servers would see two different
orders, and each order would seem to be constant. With varying addresses, the comparison sees that the order varies.
"""

import random
import sys
from collections.abc import Callable

SMALL, LARGE = (1, 480), (520, 1600)
"""Sizes of the blocks, in bytes. Python allocates up to 512 bytes itself. The C library allocates larger objects, e.g.
classes."""

MAX_BLOCKS = 20_000
"""Maximum number of blocks that are kept: about 10 MB."""


def vary_addresses() -> None:
    """Keep blocks of random sizes whenever a module is imported. Later objects then have different addresses.

    An audit hook does this, because the app cannot see the hook. An additional entry in sys.meta_path would be visible.
    """
    sys.addaudithook(_keeper(random.Random()))  # noqa: S311 (no secret)


def _keeper(numbers: random.Random) -> Callable[[str, object], None]:
    kept: list[bytes] = []

    def keep(event: str, _: object) -> None:
        if event == "import" and len(kept) < MAX_BLOCKS:
            kept.extend(bytes(numbers.randint(*SMALL)) for _ in range(numbers.randrange(4)))
            kept.append(bytes(numbers.randint(*LARGE)))

    return keep
