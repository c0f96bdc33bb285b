"""Find thread-locals of the app that have values after the import, or that keep values after a request.

After a request, a value with close() does not count, because a thread may keep such a resource on purpose, for example
a database connection.
"""

import threading
from typing import Any

from gateways.check.watch.notes import Notes
from gateways.check.watch.own import Own, assigned
from gateways.check.watch.unsafe import bound


class Locals:
    """The thread-locals in the app's own modules."""

    def __init__(self, notes: Notes, own: Own) -> None:
        self._notes, self._own = notes, own

    def look(self, when: str) -> None:
        """Record the thread-locals that hold values on the calling thread; `when` is "import" or "request"."""
        for module, within, bare, value in bound(self._own):  # repeated, because Django imports views late
            if not isinstance(value, threading.local):
                continue
            name, place = f"{within}.{bare}" if within else bare, assigned(module, bare, within)
            kept = [key for key, what in vars(value).items() if not _is_resource(what) or when == "import"]
            if kept:
                seen = ", ".join(f"{name}.{key} = {_shown(vars(value)[key])}" for key in kept)
                self._notes.add("thread-local", seen, place, name=name, held=kept, when=when)


def _is_resource(value: Any) -> bool:
    return callable(getattr(value, "close", None))


def _shown(value: Any) -> str:
    """Return the value as text, or only its type if the text could be long or secret."""
    return repr(value) if isinstance(value, (int, float, bool)) or value is None else f"a {type(value).__name__}"
