"""Blocks, commands and matching outputs, as the reader of the pages detects them."""

import pytest

from tests.docs.blocks import Block, aligned, alike, blocks, commands
from tests.docs.reader import Finding
from tests.docs.reading import renewed

PAGE = """Text.

<!-- shown: demos/x.py -->
```python title="shop.py"
import os
```

- a list

  ```console
  $ echo one \\
      two
  one two
  $ true  # nothing
  ```
"""


def test_blocks_have_their_line_and_language_and_title_and_indent() -> None:
    first, second = blocks(PAGE)
    assert first == Block(4, "python", "shop.py", ("import os",), source="demos/x.py")
    assert (second.line, second.language, second.title, second.indent) == (10, "console", None, "  ")
    with pytest.raises(ValueError, match="line 1 is not closed"):
        list(blocks("```python\n1\n"))


def test_a_command_continues_after_a_backslash_and_its_output_follows() -> None:
    *_, console = blocks(PAGE)
    first, second = commands(console)
    assert (first.line, first.text, first.below, first.shown) == (11, "echo one \\\n    two", 13, ("one two",))
    assert (second.line, second.text, second.shown) == (14, "true  # nothing", ())
    (elsewhere,) = commands(Block(1, "console", None, ("worker$ ls", "one")))
    assert (elsewhere.text, elsewhere.shown) == ("worker$ ls", ("one",))
    with pytest.raises(ValueError, match=r"begins with a command"):
        list(commands(Block(1, "console", None, ("one", "$ two"))))


@pytest.mark.parametrize(
    ("shown", "real", "is_alike"),
    [
        ("200  GET /  26 bytes  1.12 ms", "200  GET /  26 bytes  12.5 ms", True),
        ("a [b] (c)", "a [b] (c)", True),
        ("at 0x7f00dead", "at 0x1", True),
        ("Date: Fri, 20 Nov 2026", "Date: Mon, 1 Feb 2027", True),
        ("a    b", "a  b", True),
        ("cut …", "cut anything", True),
        ("200 GET", "500 POST", False),
        ("shop.py", "shopXpy", False),
        ("a b", "a b c", False),
    ],
)
def test_lines_may_differ_in_numbers_and_dates_and_addresses_and_alignment(
    shown: str, real: str, is_alike: bool
) -> None:
    assert alike(shown, real) is is_alike


@pytest.mark.parametrize(
    ("shown", "real", "found"),
    [
        (["a 1"], ["a 2"], ["a 2"]),
        (["a"], ["a", "b"], None),
        (["a"], [], None),
        (["a", "…"], ["a", "b"], ["a", "…"]),
        (["…", "c 1"], ["a", "b", "c 2"], ["…", "c 2"]),
        (["…", "b"], ["a", "b", "c"], None),
        (["a", "…", "b", "…", "c"], ["a", "x", "b", "y", "c"], ["a", "…", "b", "…", "c"]),
        (["a", "…", "c", "…", "b", "…"], ["a", "b", "c"], ["a", "…", "c", "…", "b", "…"]),
        (["b", "…"], ["a", "b"], None),
        (["…"], ["a", "b"], ["…"]),
        (["a", "…", "a"], ["a"], None),
    ],
)
def test_an_output_matches_except_at_omitted_lines(shown: list[str], real: list[str], found: list[str] | None) -> None:
    assert aligned(shown, real) == found


def test_outputs_are_replaced_from_the_last_to_the_first() -> None:
    page = "```console\n$ a\n1 ms\n2 ms\n$ b\nold\n…\n```\n"
    findings = [
        Finding(2, "a", 3, ("1 ms", "2 ms"), ["one line now"]),
        Finding(5, "b", 6, ("old", "…"), ["new"]),
    ]
    assert renewed(page, findings) == "```console\n$ a\none line now\n$ b\nold\n…\n```\n"
