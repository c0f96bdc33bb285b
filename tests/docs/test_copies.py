"""Copies of files in pages are identical to the files."""

from pathlib import Path

import pytest

from tests.docs.copies import renewed
from tests.docs.place import ROOT
from tests.docs.reading import PAGES

FILES = {"x.py": "import os\n\nos\n", "y.md": "# Y\n\n## One\n\n1\n\n## Two\n\n2\n"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_copies_on_the_page_equal_their_files(page: Path) -> None:
    """If this fails, run `make docs`."""
    assert renewed(page.read_text(), lambda name: (ROOT / name).read_text()) == page.read_text()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a\nb\n", "a\nb\n"),
        (
            '<!-- shown: x.py -->\n```python title="x.py"\nold\n```\nb\n',
            '<!-- shown: x.py -->\n```python title="x.py"\nimport os\n\nos\n```\nb\n',
        ),
        ("<!-- shown: y.md, One -->\nold\n<!-- end -->\nb\n", "<!-- shown: y.md, One -->\n\n1\n\n<!-- end -->\nb\n"),
        ("<!-- shown: y.md, Two -->\n<!-- end -->\n", "<!-- shown: y.md, Two -->\n\n2\n\n<!-- end -->\n"),
    ],
)
def test_a_copy_is_replaced_from_its_marker_to_its_end(old: str, new: str) -> None:
    assert renewed(old, FILES.__getitem__) == new
    assert renewed(new, FILES.__getitem__) == new


@pytest.mark.parametrize(
    ("page", "problem"),
    [
        ("<!-- shown: x.py -->\ntext\n", "no fenced block is below it"),
        ("<!-- shown: x.py -->\n```python\nold\n", "is not ended by ```"),
        ("<!-- shown: y.md, One -->\nold\n", "is not ended by <!-- end -->"),
        ("<!-- shown: y.md, Three -->\n<!-- end -->\n", "there is no section '## Three'"),
    ],
)
def test_a_marker_without_a_copy_is_an_error(page: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        renewed(page, FILES.__getitem__)
