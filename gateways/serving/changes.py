"""Watch Python files for changes that require a restart of the server. Knows watchfiles and one thread."""

import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from gateways.failure import Failure
from gateways.installing import install_line


class Changes:
    """Context manager that watches the Python files below folders, except those in .venv, .git and similar folders.

    If files change, it calls `changed` with their paths, on its own thread. Several changes at about the same time
    cause one call. The block begins when the files are watched, so no change in the block is missed.
    """

    def __init__(self, folders: list[Path], changed: Callable[[list[Path]], object]) -> None:
        try:
            import watchfiles
        except ModuleNotFoundError:
            raise Failure(f"--reload needs the package watchfiles; install it with: {install_line()}") from None
        self._begun, self._over = threading.Event(), threading.Event()
        self._changed = changed
        self._watched: Any = watchfiles.watch(
            *folders,
            watch_filter=watchfiles.PythonFilter(),
            stop_event=self._over,
            rust_timeout=200,  # in ms
            yield_on_timeout=True,  # the first timeout shows that the files are watched
            raise_interrupt=False,
        )
        self._thread = threading.Thread(target=self._watch, name="gateways-changes", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._begun.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over.set()

    def _watch(self) -> None:
        try:
            for changes in self._watched:
                self._begun.set()
                if changes:
                    self._changed(sorted({Path(path) for _, path in changes}))
        finally:
            self._begun.set()  # after an error, which this thread reports, __enter__() must not wait any longer
