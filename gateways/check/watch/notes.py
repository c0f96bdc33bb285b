"""The observations of all watchers, and the current request. Thread-safe, because list.append is atomic."""

from typing import Any

from gateways.check.finding import Place, Seen


class Notes:
    """The observations of one process."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.request = ""
        self.problems: list[str] = []

    def add(self, kind: str, message: str, place: Place | None = None, **values: Any) -> None:
        """Record an observation for the current request."""
        self.seen.append(Seen(kind, message, place, self.request, values=values))
