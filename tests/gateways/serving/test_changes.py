"""Changes of Python files: each change after the start of the block is reported."""

import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import watchfiles

from gateways.serving.changes import Changes


def test_a_change_at_the_start_of_the_block_is_reported_even_if_the_thread_starts_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = watchfiles.watch

    def late(*folders: Path, **options: Any) -> Iterator[set[tuple[watchfiles.Change, str]]]:
        threading.Event().wait(0.5)
        yield from real(*folders, **options)

    monkeypatch.setattr(watchfiles, "watch", late)
    changed: queue.SimpleQueue[list[Path]] = queue.SimpleQueue()
    with Changes([tmp_path], changed.put):
        (tmp_path / "shop.py").write_text("app = 1\n")
        assert changed.get(timeout=20) == [tmp_path / "shop.py"]


def test_a_folder_that_cannot_be_watched_does_not_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reported: list[type[BaseException]] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: reported.append(args.exc_type))
    changes = Changes([tmp_path / "missing"], lambda _: None)
    with changes:
        changes._thread.join(20)
    assert reported == [FileNotFoundError]
