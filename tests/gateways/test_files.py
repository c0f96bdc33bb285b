"""Files of reports are complete, or do not change."""

import os
import threading
from pathlib import Path

import pytest

from gateways.failure import Failure
from gateways.files import write_whole


def test_a_file_is_written_completely_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "out.json"
    write_whole(file, "first")
    with pytest.raises(UnicodeEncodeError):
        write_whole(file, "\ud800")
    assert file.read_text() == "first"
    assert [each.name for each in tmp_path.iterdir()] == ["out.json"]


def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("old")
    (tmp_path / "link").symlink_to("there")
    write_whole(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "there").read_text() == "new"


def test_a_pipe_is_written_directly(tmp_path: Path) -> None:
    fifo, found = tmp_path / "pipe", list[str]()
    os.mkfifo(fifo)
    reader = threading.Thread(target=lambda: found.append(fifo.read_text()), daemon=True)
    reader.start()
    write_whole(fifo, "text")
    reader.join(10)
    assert found == ["text"]
    assert fifo.is_fifo()


def test_a_file_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    with pytest.raises(Failure, match=r"cannot write .*: No such file or directory"):
        write_whole(tmp_path / "gone" / "out.json", "text")
