"""Copy files of this tree into the pages that show them, because pages must be readable without a build.

`<!-- shown: demos/x.py -->` above a fenced block: the block is that file. `<!-- shown: docs/y.md, Title -->`: the text
up to `<!-- end -->` is the section with that title. `python -m tests.docs.copies` updates all copies.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.docs.blocks import FENCE, SHOWN
from tests.docs.place import ROOT
from tests.docs.reading import PAGES

END = "<!-- end -->"


def renewed(page: str, read: Callable[[str], str]) -> str:
    """Return the page with current copies. Raises ValueError for a copy without an end."""
    return "".join(f"{line}\n" for line in _renewed(iter(page.splitlines()), read))


def _renewed(lines: Iterator[str], read: Callable[[str], str]) -> Iterator[str]:
    for line in lines:
        yield line
        mark = SHOWN.fullmatch(line)
        if mark is None:
            continue
        name, title = mark.groups()
        end = END
        if title is None:
            opening = FENCE.fullmatch(fence := next(lines, ""))
            if opening is None:
                raise ValueError(f"{line.strip()}: no fenced block is below it")
            yield fence
            end = opening[2]
        if not any(below.strip() == end for below in lines):
            raise ValueError(f"{line.strip()}: its copy is not ended by {end}")
        text = read(name)
        yield from (section(text, title) if title else text).splitlines()
        yield end


def section(page: str, title: str) -> str:
    """Return the text below a second-level heading. Raises ValueError if there is no such heading."""
    parts = re.split(r"^## (.+)\n", page, flags=re.MULTILINE)[1:]
    found = dict(zip(parts[::2], parts[1::2], strict=True)).get(title)
    if found is None:
        raise ValueError(f"there is no section '## {title}'")
    return f"\n{found.strip()}\n\n"


def renew_copies(page: Path) -> None:
    """Regenerate the page's copies if the files have changed."""
    old = page.read_text()
    new = renewed(old, lambda name: (ROOT / name).read_text())
    if new != old:
        page.write_text(new)


if __name__ == "__main__":
    for each in PAGES:
        renew_copies(each)
