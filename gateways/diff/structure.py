"""How a JSON document differs from others beyond their noise, named by JSON pointers (RFC 6901). Pure."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

ABSENT = "(absent)"


@dataclass(frozen=True, slots=True)
class Leaf:
    """A place in a document: its pointer, and what stands there in the old and the new one, as JSON."""

    pointer: str
    old: str
    new: str


class _Number(str):
    """A number as it is written: 1.0 is not 1."""

    __slots__ = ()


def parse(octets: bytes) -> Any:
    """The document, its numbers as they are written. Raises ValueError."""
    return json.loads(octets, parse_float=_Number, parse_int=_Number, parse_constant=_Number)


def leaves(document: Any, pointer: str = "") -> Iterator[tuple[str, str]]:
    """Each pointer to a value that holds no others, and that value as JSON."""
    if isinstance(document, dict) and document:
        for key, value in document.items():
            yield from leaves(value, f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(document, list) and document:
        for number, value in enumerate(document):
            yield from leaves(value, f"{pointer}/{number}")
    else:
        yield pointer, document if isinstance(document, _Number) else json.dumps(document, ensure_ascii=False)


def lengths(document: Any, pointer: str = "") -> Iterator[tuple[str, int]]:
    """Each pointer to a list, and the list's length."""
    if isinstance(document, dict):
        for key, value in document.items():
            yield from lengths(value, f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(document, list):
        yield pointer, len(document)
        for number, value in enumerate(document):
            yield from lengths(value, f"{pointer}/{number}")


def noisy(olds: Sequence[Any]) -> set[str]:
    """Pointers below which the olds differ from each other: single values, and lists that change their length."""
    flat = [dict(leaves(each)) for each in olds]
    sizes = [dict(lengths(each)) for each in olds]
    found: set[str] = set()
    for table in (flat, sizes):
        for pointer in {each for one in table for each in one}:
            if len({repr(one.get(pointer)) for one in table}) > 1:
                found.add(pointer)
    return found


def beyond_noise(olds: Sequence[Any], new: Any) -> list[Leaf]:
    """The places in which `new` differs from olds[0], without those that are noise."""
    noise = noisy(olds)
    old_leaves, new_leaves = dict(leaves(olds[0])), dict(leaves(new))
    found = []
    for pointer in dict.fromkeys((*old_leaves, *new_leaves)):
        old, now = old_leaves.get(pointer, ABSENT), new_leaves.get(pointer, ABSENT)
        if old != now and not _is_below(pointer, noise):
            found.append(Leaf(pointer, old, now))
    return found


def _is_below(pointer: str, noise: set[str]) -> bool:
    parts = pointer.split("/")
    return any("/".join(parts[:length]) in noise for length in range(1, len(parts) + 1))
