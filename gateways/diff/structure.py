"""Find the differences between JSON documents, except noise, and locate them by JSON pointer (RFC 6901). Pure."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gateways.diff import order, shape

ABSENT = "(absent)"


@dataclass(frozen=True, slots=True)
class Leaf:
    """A place in a document: its pointer, and its old and new value as JSON."""

    pointer: str
    old: str
    new: str


class _Number(str):
    """A number as it was written: 1.0 differs from 1."""

    __slots__ = ()


def parse(octets: bytes) -> Any:
    """Parse the document, keeping the notation of numbers. Raises ValueError."""
    return json.loads(octets, parse_float=_Number, parse_int=_Number, parse_constant=_Number)


def parse_all(bodies: Sequence[bytes]) -> list[Any]:
    """Parse each body as one document. If one body consists of JSON lines, parse all bodies as lists of lines.

    Raises: ValueError: not JSON.
    """
    try:
        return [parse(each) for each in bodies]
    except ValueError:
        return [[parse(line) for line in each.split(b"\n") if line.strip()] for each in bodies]


_PART = re.compile(r'("(?:[^"\\]|\\.)*"\s*:)|"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null')
"""Pattern of a name with its colon, or of a value."""


def layout(octets: bytes) -> str:
    """Return the document with 0 in place of each value. Names, their order and white space remain."""
    return _PART.sub(lambda part: part[1] or "0", octets.decode("utf-8", "replace"))


def leaves(document: Any, pointer: str = "") -> Iterator[tuple[str, str]]:
    """Yield the pointer and the JSON of each value that is not a container, and of each empty container."""
    if isinstance(document, dict) and document:
        for key, value in document.items():
            yield from leaves(value, f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(document, list) and document:
        for number, value in enumerate(document):
            yield from leaves(value, f"{pointer}/{number}")
    else:
        yield pointer, document if isinstance(document, _Number) else json.dumps(document, ensure_ascii=False)


def lengths(document: Any, pointer: str = "") -> Iterator[tuple[str, int]]:
    """Yield the pointer and the length of each list."""
    if isinstance(document, dict):
        for key, value in document.items():
            yield from lengths(value, f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(document, list):
        yield pointer, len(document)
        for number, value in enumerate(document):
            yield from lengths(value, f"{pointer}/{number}")


def noisy(olds: Sequence[Any]) -> set[str]:
    """Return the pointers at which the old documents differ: in a single value, or in the length of a list."""
    flat = [dict(leaves(each)) for each in olds]
    sizes = [dict(lengths(each)) for each in olds]
    found: set[str] = set()
    for table in (flat, sizes):
        for pointer in {each for one in table for each in one}:
            if len({repr(one.get(pointer)) for one in table}) > 1:
                found.add(pointer)
    return found


def beyond_noise(olds: Sequence[Any], new: Any) -> list[Leaf]:
    """Return the places at which `new` differs from olds[0], without noise."""
    noise = noisy(olds)
    tables = [dict(leaves(each)) for each in olds]
    old_leaves, new_leaves = tables[0], dict(leaves(new))
    found = []
    for pointer in dict.fromkeys((*old_leaves, *new_leaves)):
        old, now = old_leaves.get(pointer, ABSENT), new_leaves.get(pointer, ABSENT)
        if old == now:
            continue
        values = {table.get(pointer, ABSENT) for table in tables}
        if not _is_below(pointer, noise) or (
            not _is_below(pointer.rpartition("/")[0], noise) and _is_of_another_kind(values, now)
        ):
            found.append(Leaf(pointer, old, now))
    kinds = order.varying([list(leaves(each)) for each in olds], list(leaves(new))) if found else set()
    return [each for each in found if order.kind(each.pointer) not in kinds]


def _is_of_another_kind(olds: set[str], new: str) -> bool:
    """Return True if all old values in one place are of one kind, and the new value is of another kind."""
    kinds = {_kind(each) for each in olds}
    if len(kinds) > 1 or kinds & {ABSENT, "null"} or new == ABSENT:
        return False
    return _kind(new) not in kinds or shape.differs({each.strip('"') for each in olds}, new.strip('"'))


def _kind(value: str) -> str:
    """Return the type of a JSON value. Null and empty strings, objects and lists are separate types."""
    if value in (ABSENT, '""', "{}", "[]", "null"):
        return value
    if value in ("true", "false"):
        return "bool"
    return "string" if value.startswith('"') else "number"


def _is_below(pointer: str, noise: set[str]) -> bool:
    parts = pointer.split("/")
    return any("/".join(parts[:length]) in noise for length in range(1, len(parts) + 1))
