"""Say that an import hangs, with the line at which it is. Knows one thread and the stack of the caller's."""

import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import gateways
from gateways.serving.importing import theirs

AFTER = 5.0
"""Seconds after which an import is said to hang."""


@contextmanager
def told(target: str, tell: Callable[[str], object], seconds: float = AFTER) -> Iterator[None]:
    """Call `tell` once, from another thread, with the stack of the caller, if the block takes longer than `seconds`."""
    over = threading.Event()
    ident = threading.get_ident()

    def watch() -> None:
        if not over.wait(seconds):
            tell(said(target, ident, seconds))

    threading.Thread(target=watch, name="gateways-hang", daemon=True).start()
    try:
        yield
    finally:
        over.set()


def said(target: str, ident: int, seconds: float) -> str:
    """The message: the app's own frames, the innermost last; all of the stack if no frame is the app's."""
    stack = traceback.extract_stack(sys._current_frames()[ident])  # noqa: SLF001 - the documented way to look
    package = Path(gateways.__file__).parent
    own = [each for each in theirs(stack) if not Path(each.filename).is_relative_to(package)]
    lines = traceback.format_list(own or list(stack))
    return f"importing {target!r} is not over after {seconds:g} seconds; it is here:\n{''.join(lines)}"
