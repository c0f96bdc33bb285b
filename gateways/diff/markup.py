"""Find the differences between HTML pages, except noise, and locate them by element and attribute. Pure.

The module splits a page into tokens without loss: start tags, end tags, texts, comments. If the pages have the same
structure, the module compares each token with the token at the same place. So noise in one attribute hides no other
difference, and each difference has a place, such as `/html/body/form/input[2]/@value`. Pages with different structures
are compared as text (text.py).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser

from gateways.diff import order, shape, text

VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")
)  # fmt: skip
"""Elements without content (HTML, 13.1.2)."""

_ATTRIBUTE = re.compile(r"""([^\s"'<>/=]+)(\s*=\s*)("[^"]*"|'[^']*'|[^\s"'<>]+)""")


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a page: its place and its text."""

    place: str
    written: str


@dataclass(frozen=True, slots=True)
class Changed:
    """A place at which pages differ: its old and new text, and the changes."""

    place: str
    old: str
    new: str
    changes: tuple[text.Change, ...]


def beyond_noise(olds: Sequence[str], new: str) -> list[Changed] | None:
    """Return the places at which `new` differs from the first old page, except noise.

    Return None if the structures differ, or a page cannot be parsed.
    """
    if new in olds:
        return []
    try:
        pages = [parts(each) for each in (*olds, new)]
    except AssertionError:  # html.parser before Python 3.13.4 raises AssertionError for a malformed declaration
        return None
    places = [part.place for part in pages[0]]
    if any([part.place for part in page] != places for page in pages[1:]):
        return None
    found = []
    for number, place in enumerate(places):
        *befores, now = (page[number].written for page in pages)
        if now in befores:
            continue
        is_one_word = len(set(befores)) > 1 and all(map(text.UNIT.fullmatch, (*befores, now)))
        if is_one_word and not shape.differs(set(befores), now):
            continue  # a word that varies in the old pages
        changes = text.beyond_noise(befores, now)
        if changes:
            found.append(Changed(place, befores[0], now, tuple(changes)))
    if not found:
        return []
    *olds_places, new_places = ([(part.place, part.written) for part in page] for page in pages)
    kinds = order.varying(olds_places, new_places)
    return [each for each in found if order.kind(each.place) not in kinds]


def parts(page: str) -> list[Part]:
    """Split the page into pieces, without loss. The value of an attribute is a separate piece."""
    reader = _Reader(page)
    return list(reader.parts())


class _Reader(HTMLParser):
    """Splits a page. The base class reports the kind and the start of each token."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=False)
        self._page = page
        self._lines = [0, *(each.end() for each in re.finditer("\n", page))]
        self._tokens: list[tuple[int, str, str]] = []  # start, kind, name of the element
        self.feed(page)
        self.close()
        if page and not self._tokens:
            self._tokens.append((0, "text()", ""))

    def parts(self) -> Iterator[Part]:
        """Yield the pieces in order."""
        place = _Place()
        # Text that the parser skips belongs to the token before it, or to the first token.
        starts = [0, *(start for start, _, _ in self._tokens[1:]), len(self._page)]
        for (_, kind, name), start, end in zip(self._tokens, starts, starts[1:], strict=False):
            written = self._page[start:end]
            if kind == "start":
                yield from _of_tag(place.enter(name), written)
                if name in VOID or written.endswith("/>"):
                    place.leave(name)
            elif kind == "end":
                yield Part(place.leave(name), written)
            else:
                yield Part(place.child(kind), written)

    def _add(self, kind: str, name: str = "") -> None:
        line, column = self.getpos()
        if not (kind == "text()" and self._tokens and self._tokens[-1][1] == kind):
            self._tokens.append((self._lines[line - 1] + column, kind, name))

    def handle_starttag(self, tag: str, attrs: object) -> None:
        """Record a start tag. HTMLParser calls this method and the methods below."""
        self._add("start", tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        self._add("start", tag)

    def handle_endtag(self, tag: str) -> None:
        self._add("end", tag)

    def handle_data(self, data: str) -> None:
        self._add("text()")

    def handle_charref(self, name: str) -> None:
        self._add("text()")

    def handle_entityref(self, name: str) -> None:
        self._add("text()")

    def handle_comment(self, data: str) -> None:
        self._add("comment()")

    def handle_decl(self, decl: str) -> None:
        self._add("doctype()")

    def handle_pi(self, data: str) -> None:
        self._add("processing-instruction()")

    def unknown_decl(self, data: str) -> None:
        self._add("comment()")


class _Place:
    """The place of a token: the elements around it, with their numbers as in XPath."""

    def __init__(self) -> None:
        self._around: list[tuple[str, str, dict[str, int]]] = [("", "", {})]  # name, place, numbers of children

    def child(self, kind: str) -> str:
        """Return the place of the next child of the given kind."""
        _, place, counts = self._around[-1]
        counts[kind] = counts.get(kind, 0) + 1
        return f"{place}/{kind}" if counts[kind] == 1 else f"{place}/{kind}[{counts[kind]}]"

    def enter(self, name: str) -> str:
        place = self.child(name)
        self._around.append((name, place, {}))
        return place

    def leave(self, name: str) -> str:
        """Return the place of the element that an end tag closes. An unmatched end tag counts as a child."""
        for number in range(len(self._around) - 1, 0, -1):
            if self._around[number][0] == name:
                place = self._around[number][1]
                del self._around[number:]
                return place
        return self.child(f"end-of-{name}")


def _of_tag(place: str, written: str) -> Iterator[Part]:
    """Split a tag. The first piece is the tag with empty attributes. The other pieces are the values."""
    values: list[Part] = []

    def take(match: re.Match[str]) -> str:
        quote = match[3][0] if match[3][0] in "\"'" else ""
        values.append(Part(f"{place}/@{match[1].lower()}", match[3][1:-1] if quote else match[3]))
        return f"{match[1]}{match[2]}{quote * 2}"

    yield Part(place, _ATTRIBUTE.sub(take, written))
    yield from values
