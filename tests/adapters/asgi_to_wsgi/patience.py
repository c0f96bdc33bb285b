"""The time limit of waits in tests: CONTRACT_PATIENCE, in seconds; a correct adapter needs milliseconds."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

PATIENCE = float(os.environ.get("CONTRACT_PATIENCE", "15"))


def eventually(what: str, true: Callable[[], object], limit: float = PATIENCE) -> None:
    """Wait until `true()` is true; fail with `what` after `limit` seconds."""
    end = time.monotonic() + limit
    while not true():
        assert time.monotonic() < end, f"not within {limit} s: {what}"
        time.sleep(0.005)
