"""Every block of every page: Python runs, commands work as the page describes, and outputs are as shown."""

from pathlib import Path

import pytest

from tests.docs.place import ROOT
from tests.docs.reading import PAGES, problems, read

pytestmark = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="the pages are read on Linux")


@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", [str(page.relative_to(ROOT)) for page in PAGES if "```" in page.read_text()])
def test_the_blocks_of_the_page_run_and_print_the_shown_output(name: str) -> None:
    found = problems(read(ROOT / name))
    assert not found, f"{name}\n" + "\n".join(found) + "\n(`make docs` makes the outputs anew)"
