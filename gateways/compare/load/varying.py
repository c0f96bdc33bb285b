"""If the body varies between responses, find the common pieces of two bodies, and check that other bodies contain them.
Pure.

For example, a token, a time or a number differs, but the page around it does not. Between the common pieces are gaps. A
gap is widened to whole words, because the next response may differ in more characters. A word ends at white space,
quotes, brackets and other punctuation of markup. For example, "20:54:21" and "20:54:22" differ in one digit, but
"20:54:21" and "20:55:22" in two.

If two bodies have the same words in a different order, only their common beginning and end count as constant: a third
body may have yet another order. An example is a list of the elements of a set.
"""

import re
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher

WORD = re.compile(rb"""[\s"'<>&;,=(){}\[\]]+|[^\s"'<>&;,=(){}\[\]]+""")
GAP = b""
"""Placeholder for a gap. It differs from every word."""

MAX_WORDS = 4000
"""Maximum number of words between the common beginning and end for a detailed comparison, which needs quadratic time.
"""


def fixed_parts(one: bytes, other: bytes) -> tuple[bytes, ...]:
    """Return the pieces common to both bodies, in order. The first piece begins both bodies, and the last piece
    ends them. These two pieces may be empty.
    """
    return _parts(WORD.findall(one), WORD.findall(other))


def is_reordered(one: bytes, other: bytes) -> bool:
    """Return True if the bodies differ, but have the same words."""
    return one != other and Counter(WORD.findall(one)) == Counter(WORD.findall(other))


def narrowed(parts: Sequence[bytes], body: bytes) -> tuple[bytes, ...]:
    """Return the common pieces of earlier bodies and `body`. `parts`: the common pieces of the earlier bodies."""
    words = WORD.findall(parts[0])
    for part in parts[1:]:
        words += [GAP, *WORD.findall(part)]
    return _parts(words, WORD.findall(body))


def _parts(ours: Sequence[bytes], theirs: Sequence[bytes]) -> tuple[bytes, ...]:
    begin = _common(ours, theirs)
    rest, others = ours[begin:], theirs[begin:]
    end = _common(rest[::-1], others[::-1])
    middle, gaps = rest[: len(rest) - end], others[: len(others) - end]
    first, last = b"".join(ours[:begin]), b"".join(rest[len(rest) - end :])
    if not middle and not gaps:
        return (first + last,)
    is_opaque = max(len(middle), len(gaps)) > MAX_WORDS or Counter(middle) == Counter(gaps)
    inner = [] if is_opaque else _pieces(middle, gaps)
    return (first, *inner, last)


def _common(one: Sequence[bytes], other: Sequence[bytes]) -> int:
    """Return the number of words in the common beginning."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _pieces(one: Sequence[bytes], other: Sequence[bytes]) -> list[bytes]:
    """Return the common pieces of two texts, which lie between the common beginning and the common end of two bodies. A
    piece without a letter or digit is left out, because it could occur anywhere.
    """
    blocks = SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    found = (b"".join(one[block.a : block.a + block.size]) for block in blocks)
    return [piece for piece in found if re.search(rb"\w", piece)]


def has(parts: Sequence[bytes], body: bytes) -> bool:
    """Return True if the body has all pieces in order: the first at its beginning, the last at its end."""
    if len(parts) == 1:
        return body == parts[0]
    first, *inner, last = parts
    if len(body) < len(first) + len(last) or not body.startswith(first) or not body.endswith(last):
        return False
    at, end = len(first), len(body) - len(last)
    for piece in inner:
        found = body.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True
