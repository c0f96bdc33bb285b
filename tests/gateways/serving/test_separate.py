"""A module in a separate process ends with the call that started it."""

import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from gateways.serving.separate import run_module


class _StoppedError(Exception):
    """Raised by the handler of a signal."""


@pytest.fixture
def stopping() -> Iterator[None]:
    """Let SIGTERM raise an exception, and send SIGTERM as soon as a process has been started."""

    def stop(*_: object) -> None:
        raise _StoppedError

    def profile(_frame: object, event: str, argument: Any) -> None:
        if event == "c_return" and argument.__name__ == "fork_exec":
            os.kill(os.getpid(), signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, stop)
    sys.setprofile(profile)
    yield
    sys.setprofile(None)
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("stopping")
def test_a_signal_at_the_start_of_the_process_leaves_no_process() -> None:
    children = set(psutil.Process().children())
    handler = signal.getsignal(signal.SIGTERM)
    with pytest.raises(_StoppedError):
        run_module("http.server", lambda _result, _errors: ["0"], 30.0, "serving")
    assert set(psutil.Process().children()) == children
    assert signal.getsignal(signal.SIGTERM) is handler
