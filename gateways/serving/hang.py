"""Report an import that hangs, with the line that it is executing. Knows one thread and the caller's stack."""

import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import gateways
from gateways.serving.importing import theirs

AFTER = 5.0
"""Delay before an import is reported as hanging, in seconds."""


@contextmanager
def reporting_hang(target: str, report: Callable[[str], object], seconds: float = AFTER) -> Iterator[None]:
    """Call `report` once, on another thread, with the caller's stack, if the block takes longer than `seconds`."""
    over = threading.Event()
    ident = threading.get_ident()

    def watch() -> None:
        if not over.wait(seconds):
            report(message(target, ident, seconds))

    threading.Thread(target=watch, name="gateways-hang", daemon=True).start()
    try:
        yield
    finally:
        over.set()


def message(target: str, ident: int, seconds: float) -> str:
    """Return the message, with the app's frames, innermost last. Without such frames, it has the whole stack."""
    stack = traceback.extract_stack(sys._current_frames()[ident])  # noqa: SLF001 - documented in the library reference
    package = Path(gateways.__file__).parent
    own = [each for each in theirs(stack) if not Path(each.filename).is_relative_to(package)]
    lines = traceback.format_list(own or list(stack))
    return f"importing {target!r} is still running after {seconds:g} seconds, at:\n{''.join(lines)}"
