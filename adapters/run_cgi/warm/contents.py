"""The contents of modules: find objects that two processes must not share.

Knows objects: times, random generators, shared memory. It must not know modules, or the effects of their import. The
scout (scout.py) runs this module in a separate process.
"""

# ruff: noqa: SLF001
from __future__ import annotations

import gc
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SHARING = frozenset(("_multiprocessing", "mmap")).union(
    f"multiprocessing.{name}" for name in ("heap", "managers", "pool", "queues", "shared_memory", "synchronize")
)
_PLAIN = frozenset((str, bytes, bool, complex, type(None), type(Ellipsis), type(NotImplemented), range, slice))


class Contents:
    """Searches objects. A number counts as a time if it is between the creation of this object and the current time."""

    def __init__(self) -> None:
        self._begun = time.time(), time.monotonic()

    def find_reason(self, waiting: list[Any], seen: set[int]) -> str | None:
        """Search objects and all objects to which they refer.

        Returns the reason why one of them cannot be shared; None if all can be shared. waiting: the objects; the list
        is emptied. seen: ids of objects to skip. The ids of searched objects are added to it.
        """
        module_type = type(sys)
        while waiting:
            thing = waiting.pop()
            kind = type(thing)
            if kind in _PLAIN or id(thing) in seen:
                continue
            seen.add(id(thing))
            if (reason := self._of_one(thing, kind)) is not None:
                return reason
            if kind is not module_type:
                waiting.extend(gc.get_referents(thing))
        return None

    def _of_one(self, thing: Any, kind: type) -> str | None:
        """Return the reason why two processes must not share this object; None if they may."""
        if kind is int or kind is float:
            return "keeps the time" if self._is_now(thing, kind) else None
        home = getattr(kind, "__module__", "")
        if kind.__name__ == "datetime" and home == "datetime":
            elapsed = type(thing).now(thing.tzinfo) - thing
            return "keeps the time" if 0 <= elapsed.total_seconds() <= time.time() - self._begun[0] + 1 else None
        if _is_generator(thing, kind, home):
            return "has a random generator"
        shares = isinstance(home, str) and home in _SHARING and not issubclass(kind, type)
        return "has shared memory or a multiprocessing lock" if shares else None

    def _is_now(self, number: float, kind: type) -> bool:
        """Return True if a number is a time after the start: in seconds of a clock, or in nanoseconds of time()."""
        now = time.time()
        if self._begun[0] <= number <= now or self._begun[0] * 1e9 <= number <= now * 1e9:
            return True
        return kind is float and self._begun[1] <= number <= time.monotonic()


def _is_generator(thing: object, kind: type, home: object) -> bool:
    """Return True for a random generator whose state is not renewed in each process."""
    random = sys.modules.get("random")
    if random is not None and issubclass(kind, random.Random):
        return not issubclass(kind, random.SystemRandom) and thing is not random._inst
    if isinstance(home, str) and home.startswith("numpy.random") and hasattr(kind, "__setstate__"):
        numpys = getattr(sys.modules.get("numpy.random.mtrand"), "_rand", None)
        return thing is not numpys and thing is not getattr(numpys, "_bit_generator", None)
    return False
