"""poll() on descriptors. eventlet removes poll(), so its select() is used instead, which lets other green threads run.

Knows the module select. It must not know programs.
"""

from __future__ import annotations

import select
from typing import Protocol


class Poll(Protocol):
    """The part of select.poll() that is used here."""

    def register(self, descriptor: int, events: int, /) -> object:
        """Watch a descriptor for POLLIN or POLLOUT. With 0, watch it only for errors."""

    def unregister(self, descriptor: int, /) -> object:
        """Stop watching a descriptor."""

    def poll(self, milliseconds: float | None, /) -> list[tuple[int, int]]:
        """Wait for events. None means no time limit. Return pairs (descriptor, events)."""


class _Select:
    """A Poll that uses select(). It does not report errors or disconnects."""

    def __init__(self) -> None:
        self._watched: dict[int, int] = {}

    def register(self, descriptor: int, events: int, /) -> None:
        self._watched[descriptor] = events

    def unregister(self, descriptor: int, /) -> None:
        del self._watched[descriptor]

    def poll(self, milliseconds: float | None, /) -> list[tuple[int, int]]:
        inputs = [each for each, events in self._watched.items() if events & select.POLLIN]
        outputs = [each for each, events in self._watched.items() if events & select.POLLOUT]
        seconds = None if milliseconds is None else max(0.0, milliseconds / 1000)
        readable, writable, _ = select.select(inputs, outputs, (), seconds)
        return [(each, select.POLLIN) for each in readable] + [(each, select.POLLOUT) for each in writable]


def new_poll() -> Poll:
    """Return a new Poll."""
    return select.poll() if hasattr(select, "poll") else _Select()
