"""Detect responses that the new stack delays: a buffered stream, or a much later first byte. Pure.

Times vary, so a difference counts only if it is large, and if all responses of the new stack show it.
"""

from collections.abc import Iterator, Sequence

from gateways.diff.answer import Answer

MAGNITUDE = 10.0
SPREAD = 0.05
"""Minimum time between the first and the last block of a stream, in seconds."""

LATER = 0.3
"""Minimum delay of the first or last byte that counts as a difference, in seconds."""


def slower(
    olds: Sequence[Answer], new_answers: Sequence[Answer], *, is_first: bool = False
) -> Iterator[tuple[str, str, str]]:
    """Yield facet, old value and new value. The facet is "stream" if the new stack delays blocks, and "time" if it
    delays the first or the last byte.
    """
    if not olds or not new_answers:
        return
    old_spread, new_spread = min(map(spread, olds)), max(map(spread, new_answers))
    if old_spread >= SPREAD and new_spread * MAGNITUDE <= old_spread:
        yield "stream", _stream(min(olds, key=spread)), _stream(max(new_answers, key=spread))
        return
    if is_first:
        return
    for what, times in (("first octet", _first), ("last octet", _total)):
        new, old = min(map(times, new_answers)), max(map(times, olds))
        if new >= old * MAGNITUDE and new - old >= LATER:
            yield "time", f"{what} after {_ms(old)}", f"{what} after {_ms(new)}"
            return


def _first(answer: Answer) -> float:
    return answer.first


def _total(answer: Answer) -> float:
    return answer.total


def spread(answer: Answer) -> float:
    """Return the time from the first block to the last, in seconds."""
    return answer.blocks[-1][0] - answer.blocks[0][0] if len(answer.blocks) > 1 else 0.0


def _stream(answer: Answer) -> str:
    count = len(answer.blocks)
    if count < 2:
        return f"1 block after {_ms(answer.blocks[0][0] if answer.blocks else answer.total)}"
    return f"{count} blocks from {_ms(answer.blocks[0][0])} to {_ms(answer.blocks[-1][0])}"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms"
