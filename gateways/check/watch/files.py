"""Find files that the app opens by a relative path, with an audit hook (PEP 578), which cannot be removed."""

import os
import sys
from pathlib import Path
from typing import Any

from gateways.check.watch.notes import Notes
from gateways.check.watch.own import Own

_EVENTS = {"open": "open", "sqlite3.connect": "sqlite3.connect", "os.listdir": "os.listdir", "os.scandir": "os.scandir"}


def install(notes: Notes, own: Own) -> None:
    """Start watching."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event not in _EVENTS or not arguments:
            return
        path = arguments[0]
        if not isinstance(path, (str, bytes, os.PathLike)):  # a file descriptor
            return
        text = os.fsdecode(path)
        is_memory = event == "sqlite3.connect" and text.startswith((":memory:", "file:"))
        if not text or is_memory or Path(text).is_absolute():
            return
        place = own.place(sys._getframe(1))  # noqa: SLF001 - the frame that the audit event came from
        if place is not None:
            notes.add("relative-path", f"{_EVENTS[event]}({text!r})", place, path=text)

    sys.addaudithook(hook)
