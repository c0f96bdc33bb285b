"""Recognise values whose order varies, for example the items of a list in random order, or of a set. Pure.

Values at sibling places may be the same in all of the old stack's responses, but in different orders. If the new
response has these values too, their order is noise. A comparison place by place would not detect this, because by
chance a value may have the same place in all old responses.
"""

import re
from collections import Counter
from collections.abc import Sequence

Places = Sequence[tuple[str, str]]
"""The places of a document with their values, in order."""

_NUMBER = re.compile(r"\[\d+\]|(?<=/)\d+(?=/|$)")


def kind(place: str) -> str:
    """Return the kind of a place: the place without the numbers of elements and items. Siblings have the same kind."""
    return _NUMBER.sub("", place)


def varying(olds: Sequence[Places], new: Places) -> set[str]:
    """Return the kinds of places that have the same values in all documents, but in different orders in the old
    documents.
    """
    *befores, now = (_by_kind(each) for each in (*olds, new))
    return {
        name for name, values in now.items()
        if len({tuple(each.get(name, ())) for each in befores}) > 1
        and all(Counter(each.get(name, ())) == Counter(values) for each in befores)
    }  # fmt: skip


def _by_kind(places: Places) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for place, value in places:
        found.setdefault(kind(place), []).append(value)
    return found
