"""Bodies that differ from one answer to the next: what two of them have in common, and if another one has it too. Pure.

A token, a time or a number differs; the page around it does not. What is learnt are the pieces that stay, each between
two gaps. A gap is widened to a whole word (up to white space, quotes, brackets and other punctuation of markup): of
"20:54:21" and "20:54:22" all digits may be others a minute later.
"""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

WORD = re.compile(rb"""[\s"'<>&;,=(){}\[\]]+|[^\s"'<>&;,=(){}\[\]]+""")
MOST = 4000
"""Words beyond the common beginning and end up to which the difference is looked at in detail; it takes the square."""


def fixed_parts(one: bytes, other: bytes) -> tuple[bytes, ...]:
    """The pieces that both bodies have, in order. The first begins both, the last ends both; either may be empty."""
    ours, theirs = WORD.findall(one), WORD.findall(other)
    begin = _common(ours, theirs)
    rest, others = ours[begin:], theirs[begin:]
    end = _common(rest[::-1], others[::-1])
    middle, gaps = rest[: len(rest) - end], others[: len(others) - end]
    first, last = b"".join(ours[:begin]), b"".join(rest[len(rest) - end :])
    if not middle and not gaps:
        return (first + last,)
    inner = [] if max(len(middle), len(gaps)) > MOST else _pieces(middle, gaps)
    return (first, *inner, last)


def _common(one: Sequence[bytes], other: Sequence[bytes]) -> int:
    """How many words both begin with."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _pieces(one: Sequence[bytes], other: Sequence[bytes]) -> list[bytes]:
    """What stays in between. A piece without a letter or digit says nothing, and may be found anywhere."""
    blocks = SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    found = (b"".join(one[block.a : block.a + block.size]) for block in blocks)
    return [piece for piece in found if re.search(rb"\w", piece)]


def has(parts: Sequence[bytes], body: bytes) -> bool:
    """Return True if the body has all the pieces in their order, the first at its beginning, the last at its end."""
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
