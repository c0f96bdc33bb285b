"""Shell commands of the user end with all their processes."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from gateways.serving.shell import run_shell


def test_the_status_and_the_last_line_are_returned() -> None:
    assert run_shell("echo first; echo last >&2; exit 3") == (3, "last")
    assert run_shell("true") == (0, "")


@pytest.mark.parametrize("trap", ["", "trap '' TERM; "])
def test_an_interrupt_ends_all_processes_of_the_command(trap: str, tmp_path: Path) -> None:
    """Without a process group, only the shell would end."""
    mark, ready = f"GATEWAYS_TEST_SHELL_{os.getpid()}", tmp_path / "ready"

    def wait() -> None:
        while not ready.exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        threading.Thread(target=wait, daemon=True).start()
        with pytest.raises(KeyboardInterrupt):
            run_shell(f"export {mark}=1; sh -c '{trap}touch {ready}; sleep 60; true'; true")
    finally:
        signal.signal(signal.SIGINT, before)
    until = time.monotonic() + 10
    while left := [each for each in Path("/proc").glob("[0-9]*/environ") if mark.encode() in _read(each)]:
        assert time.monotonic() < until, left
        time.sleep(0.01)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""
