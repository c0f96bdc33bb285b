"""Parse a page: its fenced blocks and their commands. Check whether an output matches the output in the page.

Pure. It must not know how to run a command.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

FENCE = re.compile(r"( *)(`{3,}) *([\w-]*)(.*)")
TITLE = re.compile(r'title="([^"]+)"')
SHOWN = re.compile(r" *<!-- shown: ([^,]+)(?:, (.+))? -->")
PROMPT = re.compile(r"(\w*)\$ ")
CUT = "…"


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block.

    line: the number of the line with its first fence, from 1. title: the name of the file to write, or None. indent:
    the white space before each line, in a list. source: the shown file of this tree, from `<!-- shown: demos/x.py -->`
    above the block (copies.py).
    """

    line: int
    language: str
    title: str | None
    lines: tuple[str, ...]
    indent: str = ""
    source: str | None = None

    @property
    def text(self) -> str:
        return "".join(f"{line}\n" for line in self.lines)


@dataclass(frozen=True, slots=True)
class Command:
    """A command of a console block, at `line` of the page, and its shown output, which starts at line `below`."""

    line: int
    text: str
    below: int
    shown: tuple[str, ...]


def blocks(page: str) -> Iterator[Block]:
    """Return the fenced blocks of a page. Raises ValueError for an unclosed block."""
    lines = page.splitlines()
    number = 0
    while number < len(lines):
        opening = FENCE.fullmatch(lines[number])
        number += 1
        if opening is None:
            continue
        indent, fence, language, info = opening.groups()
        mark = SHOWN.fullmatch(lines[number - 2]) if number > 1 else None
        start = number
        while number < len(lines) and lines[number].strip() != fence:
            number += 1
        if number == len(lines):
            raise ValueError(f"the block of line {start} is not closed")
        title = TITLE.search(info)
        inner = tuple(line.removeprefix(indent) for line in lines[start:number])
        yield Block(start, language, title and title[1], inner, indent, mark and mark[1])
        number += 1


def commands(block: Block) -> Iterator[Command]:
    """Return the commands of a console block: "$ …", continued after a backslash, and then its output.

    A command for another machine has another prompt: "worker$ …". Raises ValueError for lines before the first.
    """
    starts = [number for number, line in enumerate(block.lines) if PROMPT.match(line)]
    if not starts or starts[0] != 0:
        raise ValueError(f"line {block.line + 1}: a console block begins with a command: '$ …'")
    for start, end in zip(starts, [*starts[1:], len(block.lines)], strict=True):
        below = start + 1
        while block.lines[below - 1].endswith("\\"):
            below += 1
        shown = block.lines[below:end]
        while shown and not shown[-1].strip():
            shown = shown[:-1]
        text = "\n".join([block.lines[start].removeprefix("$ "), *block.lines[start + 1 : below]])
        yield Command(block.line + 1 + start, text, block.line + 1 + below, shown)


FORMS = [
    (re.compile(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d+ [A-Z][a-z]{2} \d{4}"), r"[A-Z][a-z]{2}, \d+ [A-Z][a-z]{2} \d+"),
    (re.compile(r"0x[0-9a-f]+"), "0x[0-9a-f]+"),
    (re.compile(r"\d[\d.,]*"), r"\d[\d.,]*"),
    (re.compile(r" {2,}"), " +"),
    (re.compile(CUT), ".*"),
]
"""Varying parts of an output, and their patterns: dates, addresses, numbers, alignment, a cut."""

VARIABLE = re.compile("|".join(f"(?:{each.pattern})" for each, _ in FORMS))


def alike(shown: str, real: str) -> bool:
    """Return True if a line matches the shown line, except for varying parts."""
    pattern, end = "", 0
    for found in VARIABLE.finditer(shown):
        pattern += re.escape(shown[end : found.start()])
        pattern += next(form for each, form in FORMS if each.fullmatch(found[0]))
        end = found.end()
    return re.fullmatch(pattern + re.escape(shown[end:].rstrip()), real.rstrip()) is not None


def aligned(shown: Sequence[str], real: Sequence[str]) -> list[str] | None:
    """Return the lines to show, which are the real output at the places of the shown lines. Return None if a line is
    missing.

    A line "…" is a cut: it matches any number of lines, and is kept. A line that contains "…" is kept too. The part
    before the first cut is the start of the output, and the part after the last cut is its end. Parts between cuts may
    have any order, because the lines of several servers have no fixed order.
    """
    parts: list[list[str]] = [[]]
    for line in shown:
        if line.strip() == CUT:
            parts.append([])
        else:
            parts[-1].append(line)
    found: list[str] = []
    taken: set[int] = set()
    for number, part in enumerate(parts):
        last = len(real) - len(part)
        places = [0] if number == 0 else [last] if part and number == len(parts) - 1 else range(last + 1)
        at = next((place for place in places if _is_at(place, part, real, taken)), None)
        if at is None:
            return None
        if number:
            found.append(CUT)
        taken.update(range(at, at + len(part)))
        found += [old if CUT in old else new.rstrip() for old, new in zip(part, real[at:], strict=False)]
    return found if len(parts) > 1 or len(taken) == len(real) else None


def _is_at(place: int, part: Sequence[str], real: Sequence[str], taken: set[int]) -> bool:
    lines = range(place, place + len(part))
    if place < 0 or lines.stop > len(real) or not taken.isdisjoint(lines):
        return False
    return all(alike(old, real[line]) for old, line in zip(part, lines, strict=True))
