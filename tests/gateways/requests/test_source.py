"""Files are read block by block: lines may be cut anywhere, and few of them are in memory."""

import tracemalloc
from pathlib import Path

import pytest

from gateways.failure import Failure
from gateways.requests import source
from gateways.requests.source import opened


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_may_end_as_on_other_systems_and_be_cut_at_each_byte(
    end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.log"
    for text in (f"one{end}{end}caf\xe9{end}", f"{end}a{end}{end}b"):
        file.write_bytes(text.encode("latin-1"))
        for size in range(1, len(text) + 1):
            monkeypatch.setattr(source, "HEAD", size)
            monkeypatch.setattr(source, "BLOCK", size)
            with opened(file) as found:
                assert list(found.lines()) == text.split(end)


def test_a_byte_order_mark_is_not_part_of_the_text(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("\ufeffa\nb", encoding="utf-8")
    with opened(file) as found:
        assert list(found.lines()) == ["a", "b"]
    with opened(file) as found:
        assert found.text() == "a\nb"


def test_few_lines_are_in_memory(tmp_path: Path) -> None:
    file = tmp_path / "a.log"
    file.write_text(f"{'x' * 99}\n" * 300_000)
    tracemalloc.start()
    try:
        with opened(file) as found:
            assert sum(1 for _ in found.lines()) == 300_001
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


def test_a_file_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.log"
    file.write_text("x" * 5000)
    monkeypatch.setattr(source, "MAX_SIZE", 4999)
    with pytest.raises(Failure, match="is larger than 0 GiB; use a part of it"), opened(file):
        pass
