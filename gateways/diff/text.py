"""Find the differences between a new text and several old texts, except noise.

Pure.

Texts are compared by lines, and lines that differ are compared by units: words, runs of white space, and single
delimiters. A token or a date is one unit, so a varying token is noise as a whole, and the rest of its line is still
compared. A URL has several units, its origin and the segments of its path, so a varying id hides no difference in the
rest of the URL.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from gateways.diff import shape

_DELIMITERS = r"""\s<>"'=&;,()\[\]{}"""
WORD = re.compile(rf"[^{_DELIMITERS}]+")
UNIT = re.compile(rf"[a-z]+://[^{_DELIMITERS}/]*|/[^{_DELIMITERS}/]*|[^{_DELIMITERS}]+|\s+|.", re.DOTALL)
MAX_PAIRS = 4_000_000
"""Maximum number of comparisons to align two sequences. If more are needed, the whole sequence counts as one change."""


@dataclass(frozen=True, slots=True)
class Change:
    """Characters `start` to `end` of a text, and their replacement in another text."""

    start: int
    end: int
    new: str


def changes(old: str, new: str) -> list[Change]:
    """Return the changes from `old` to `new`, in order."""
    if old == new:
        return []
    found: list[Change] = []
    old_lines, new_lines = _lines(old, new), _lines(new, old)
    starts = _starts(old_lines)
    for first, last, others in _differing(old_lines, new_lines):
        before, after = old_lines[first:last], new_lines[others]
        if not before or not after:
            found.append(Change(starts[first], starts[last], "".join(after)))
            continue
        units, others_units = UNIT.findall("".join(before)), UNIT.findall("".join(after))
        places = [starts[first] + at for at in _starts(units)]
        for begin, end, stretch in _differing(units, others_units):
            found.append(Change(places[begin], places[end], "".join(others_units[stretch])))
    return found


LONG = 2_000
"""Lines of at least this many characters are split at the ends of tags and statements, because a minified file has only
one line.
"""

_ENDS = re.compile(r"(?<=\n)|(?<=[;}])|(?<=>)(?=<)")


def _lines(text: str, other: str) -> list[str]:
    """Split the text into lines, or into shorter pieces if one of the two texts has long lines."""
    lines = text.splitlines(keepends=True)
    if max(map(len, (*lines, *other.splitlines())), default=0) < LONG:
        return lines
    return [each for each in _ENDS.split(text) if each]


def _starts(parts: Sequence[str]) -> list[int]:
    places = [0]
    for part in parts:
        places.append(places[-1] + len(part))
    return places


def _differing(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int, int, slice]]:
    """Yield the ranges that differ: start and end in `old`, and start and end of the replacement in `new`."""
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    inner, other = old[head : len(old) - tail], new[head : len(new) - tail]
    if not inner and not other:
        return
    if _pairs(inner, other) > MAX_PAIRS:
        yield head, len(old) - tail, slice(head, len(new) - tail)
        return
    for tag, i, j, k, m in SequenceMatcher(None, inner, other, autojunk=False).get_opcodes():
        if tag != "equal":
            yield head + i, head + j, slice(head + k, head + m)


def _pairs(old: Sequence[str], new: Sequence[str]) -> int:
    """Estimate the number of comparisons that an alignment of two sequences needs.

    The estimate assumes that each item is compared with all equal items, and with 1/16 of the other items.
    """
    counts = Counter(new)
    return sum(map(counts.__getitem__, old)) + len(old) * len(new) // 16


def beyond_noise(olds: Sequence[str], new: str) -> list[Change]:
    """Return the changes from olds[0] to `new`, except noise. If `new` equals an old text, or only the order of units
    varies, there are no changes.
    """
    if new in olds:
        return []
    noise = _noise(olds[0], olds[1:])
    found = [each for each in changes(olds[0], new) if not any(_is_within(each, spot, olds[0]) for spot in noise)]
    return [] if found and _only_order_varies(olds, new) else found


def _only_order_varies(olds: Sequence[str], new: str) -> bool:
    """Return True if all texts have the same units, and the old texts have them in different orders."""
    units = Counter(UNIT.findall(new))
    return len(set(olds)) > 1 and all(Counter(UNIT.findall(each)) == units for each in olds)


@dataclass(frozen=True, slots=True)
class _Spot:
    """A range of olds[0] in which the other old texts differ. `texts`: the old texts in that range.
    `words`: their numbers of words. Both are empty if the old texts differ in overlapping ranges.
    """

    start: int
    end: int
    words: frozenset[int]
    texts: frozenset[str] = frozenset()


def _noise(base: str, others: Sequence[str]) -> list[_Spot]:
    found: list[_Spot] = []
    single = sorted(
        (each for other in others for each in changes(base, other)), key=lambda each: (each.start, each.end)
    )
    for each in single:
        texts = frozenset((base[each.start : each.end], each.new))
        words = frozenset(map(_words, texts))
        if found and not _has_words(base[found[-1].end : each.start]):
            last = found.pop()
            end = max(last.end, each.end)
            same = (last.start, last.end) == (each.start, each.end)
            found.append(
                _Spot(last.start, end, last.words | words, last.texts | texts)
                if same
                else _Spot(last.start, end, frozenset())
            )
        else:
            found.append(_Spot(each.start, each.end, words, texts))
    return found


def _is_within(change: Change, spot: _Spot, base: str) -> bool:
    """Return True if the change is noise. It is noise if it lies within the spot, except for delimiters at its edges.

    If the change replaces exactly the spot, two conditions apply. If all old texts have the same number of words in the
    spot, the new text must have this number too. If the old values in the spot are all of one kind, such as the current
    time, the new value must also be of this kind.
    """
    start, end = min(change.start, spot.start), max(change.end, spot.end)
    if _has_words(base[start : spot.start]) or _has_words(base[spot.end : end]):
        return False
    if change.start > spot.end or change.end < spot.start:
        return False
    is_same_place = (change.start, change.end) == (spot.start, spot.end)
    if not is_same_place:
        return True
    return not (len(spot.words) == 1 and _words(change.new) not in spot.words) and not shape.differs(
        spot.texts, change.new
    )


def _has_words(text: str) -> bool:
    return any(char.isalnum() for char in text)


def _words(text: str) -> int:
    """Return the number of words. A URL or a path counts as one word, because a random token may contain slashes."""
    return sum(map(_has_words, WORD.findall(text)))


def shown(old: str, new: str, found: Sequence[Change], most: int = 12) -> list[str]:
    """Return the changed lines with "-" and "+" before them, shortened around the change."""
    lines: list[str] = []
    for change in found[:most]:
        begin, end = old.rfind("\n", 0, change.start) + 1, old.find("\n", change.end)
        end = len(old) if end < 0 else end
        before, after = old[max(begin, change.start - 40) : change.start], old[change.end : min(end, change.end + 40)]
        number = old.count("\n", 0, change.start) + 1
        lines.append(f"@ line {number}")
        lines += [f"-{line}" for line in _cut(before + old[change.start : change.end] + after)]
        lines += [f"+{line}" for line in _cut(before + change.new + after)]
    if len(found) > most:
        lines.append(f"… and {len(found) - most} more places")
    return lines


def _cut(text: str, most: int = 8, width: int = 200) -> list[str]:
    lines = [visible(line) for line in text.split("\n")] or [""]
    short = [line if len(line) <= width else f"{line[:width]}…" for line in lines[:most]]
    return [*short, f"… {len(lines) - most} more lines"] if len(lines) > most else short


def visible(text: str) -> str:
    r"""Return the text with invisible characters as Python escapes: "\r", "\xa0", "\u200b"."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
