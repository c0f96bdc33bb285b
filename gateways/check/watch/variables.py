"""Find environment variables that exist and that the app's own code reads."""

import os
import sys
from types import FrameType
from typing import Any

from gateways.check.watch.notes import Notes
from gateways.check.watch.own import Own

PASSED = {"PATH", "LD_LIBRARY_PATH", "LANG", "LANGUAGE", "TZ", "REQUEST_METHOD", "GATEWAY_INTERFACE"}
"""Variables that a CGI program gets by default."""


def install(notes: Notes, own: Own) -> None:
    """Start watching os.environ."""
    kind: Any = type(os.environ)
    at_start = set(os.environ)  # without the variables that the app sets later, as Django's wsgi.py does
    original = kind.__getitem__

    def getitem(this: Any, name: Any) -> Any:
        value = original(this, name)
        if this is os.environ and name in at_start and name not in PASSED and not name.startswith("LC_"):
            frame = _caller(sys._getframe(1))  # noqa: SLF001 - the caller
            if frame is not None and own.is_own(frame.f_code.co_filename):
                notes.add("environment", f"os.environ[{name!r}] is read", own.place(frame), name=name)
        return value

    kind.__getitem__ = getitem


def _caller(frame: FrameType | None) -> FrameType | None:
    """Return the frame that called os.getenv() or environ.get(): the first frame outside os and collections.abc."""
    while frame is not None and frame.f_globals.get("__name__") in ("os", "_collections_abc", "collections.abc"):
        frame = frame.f_back
    return frame
