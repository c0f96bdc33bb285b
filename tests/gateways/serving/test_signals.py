"""A signal at the start of a process leaves no process, and its handler runs afterwards."""

import signal
from collections.abc import Callable

import psutil
import pytest

from gateways.serving.separate import run_module
from gateways.serving.shell import run_shell
from tests.gateways.serving.stopping import StoppedError, stopped_at_the_next_process


@pytest.mark.parametrize(
    "start",
    [lambda: run_module("http.server", lambda _result, _errors: ["0"], 30.0, "serving"), lambda: run_shell("sleep 60")],
    ids=["run_module", "run_shell"],
)
def test_a_signal_at_the_start_of_the_process_leaves_no_process(start: Callable[[], object]) -> None:
    children = set(psutil.Process().children())
    with stopped_at_the_next_process():
        handler = signal.getsignal(signal.SIGTERM)
        with pytest.raises(StoppedError):
            start()
        assert signal.getsignal(signal.SIGTERM) is handler
    assert set(psutil.Process().children()) == children
