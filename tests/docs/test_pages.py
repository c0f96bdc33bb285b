"""Every block of every page: Python runs, commands work as the page describes, and outputs are as shown."""

import fcntl
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.docs import reading
from tests.docs.place import ROOT
from tests.docs.reading import PAGES, READING_SECONDS, problems, read

pytestmark = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="the pages are read on Linux")


def test_pages_that_share_ports_are_read_one_after_another(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without namespaces (in a chroot, for example), the servers of two pages would listen on the same port."""
    monkeypatch.setattr(reading, "can_be_apart", lambda: False)
    monkeypatch.setattr(reading, "LOCK", tmp_path / "lock")
    page = tmp_path / "page.md"
    page.write_text("No blocks.\n")
    with ThreadPoolExecutor(1) as executor, reading.LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = executor.submit(read, page)
        with pytest.raises(TimeoutError):
            done.result(1)
        fcntl.flock(lock, fcntl.LOCK_UN)
        assert done.result(READING_SECONDS) == []


@pytest.mark.timeout(3 * READING_SECONDS)  # other pages may have to be read before
@pytest.mark.parametrize("name", [str(page.relative_to(ROOT)) for page in PAGES if "```" in page.read_text()])
def test_the_blocks_of_the_page_run_and_print_the_shown_output(name: str) -> None:
    found = problems(read(ROOT / name))
    assert not found, f"{name}\n" + "\n".join(found) + "\n(`make docs` regenerates the outputs)"
