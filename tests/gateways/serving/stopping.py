"""A signal that arrives at the start of a process, before the caller of subprocess.Popen() has the process."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class StoppedError(Exception):
    """Raised by the handler of SIGTERM."""


@contextmanager
def stopped_at_the_next_process() -> Iterator[None]:
    """Let SIGTERM raise StoppedError, and send SIGTERM as soon as a process has been started."""

    def stop(*_: object) -> None:
        raise StoppedError

    def profile(_frame: object, event: str, argument: Any) -> None:
        if event == "c_return" and argument.__name__ == "fork_exec":
            os.kill(os.getpid(), signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, stop)
    sys.setprofile(profile)
    try:
        yield
    finally:
        sys.setprofile(None)
        signal.signal(signal.SIGTERM, before)
