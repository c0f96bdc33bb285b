"""Measure callbacks that block an event loop: replace asyncio.Handle._run, which runs every callback.

A sampling thread reads the stack of the loop's thread. A block counts only if the app's own code is on the stack. A
safe request is repeated, and the block must occur each time, because a busy machine may suspend a process at any line.
An unsafe request is sent only once, so its block counts at once.
"""

import asyncio
import sys
import threading
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from gateways.check.finding import Place, Seen
from gateways.check.watch.notes import Notes
from gateways.check.watch.own import Own

LIMIT = 0.1
"""Minimum duration of a block, in seconds. It is the default of asyncio's slow_callback_duration."""

SAMPLE = 0.01
"""Interval between stack samples, in seconds."""

REPEATS = 3
"""Maximum number of times that a safe request is sent if it blocks the loop."""


@dataclass(slots=True)
class _Running:
    began: float
    places: Counter[Place] = field(default_factory=Counter)
    stacks: dict[Place, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Block:
    """A callback that blocked the loop for `seconds`, mostly at `place`."""

    place: Place
    seconds: float
    stack: tuple[str, ...]


class Blocking:
    """Measures the callbacks of all event loops of this process, as long as `on` is True."""

    def __init__(self, own: Own) -> None:
        self.on = False
        self.blocks: list[Block] = []
        self._own = own
        self._running: dict[int, _Running] = {}
        self._sampling = threading.Lock()
        handle: Any = asyncio.Handle
        original = handle._run  # noqa: SLF001 - it runs every callback

        def run(this: Any) -> Any:
            ident = threading.get_ident()
            if not self.on or ident in self._running:
                return original(this)
            entry = self._running[ident] = _Running(time.perf_counter())
            try:
                return original(this)
            finally:
                del self._running[ident]
                self._over(entry, time.perf_counter() - entry.began)

        handle._run = run  # noqa: SLF001
        threading.Thread(target=self._sample, name="gateways-check-sampler", daemon=True).start()

    def _over(self, entry: _Running, seconds: float) -> None:
        with self._sampling:
            if seconds >= LIMIT and entry.places:
                place = entry.places.most_common(1)[0][0]
                self.blocks.append(Block(place, seconds, entry.stacks[place]))

    def _sample(self) -> None:
        while True:
            time.sleep(SAMPLE)
            frames = sys._current_frames() if self._running else {}  # noqa: SLF001 - documented in the library reference
            for ident, entry in list(self._running.items()):
                frame = frames.get(ident)
                if (place := self._own.place(frame)) is not None:
                    with self._sampling:
                        entry.places[place] += 1
                        entry.stacks.setdefault(place, self._stack(frame))

    def _stack(self, frame: FrameType | None) -> tuple[str, ...]:
        """Return the app's own frames and the innermost frame, outermost first."""
        summary = traceback.extract_stack(frame)
        kept = [each for each in summary if self._own.is_own(each.filename)]
        if summary[-1] not in kept:
            kept.append(summary[-1])
        return tuple(f"{self._own.short(each.filename)}:{each.lineno} in {each.name}: {each.line}" for each in kept)


def repeated(notes: Notes, passes: list[list[Block]], request: str) -> None:
    """Record the blocks that occurred in each repetition of the request, with their shortest duration."""
    for block in passes[0]:
        times = [[other.seconds for other in each if other.place.file == block.place.file] for each in passes]
        if all(times):
            shortest = min(max(each) for each in times)
            message = f"the loop was blocked for {shortest * 1000:.0f} ms, {len(passes)} times out of {len(passes)}"
            notes.seen.append(
                Seen(
                    "blocked-loop",
                    message,
                    block.place,
                    request,
                    block.stack,
                    {"milliseconds": shortest * 1000},
                )
            )
