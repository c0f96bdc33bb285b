"""The warden kills remaining processes if its parent process dies."""

import os
import signal
import subprocess
import sys
import time

import psutil

from tests.real.serving import eventually

WATCHED = """
import subprocess, sys, time
from gateways.compare.measure.warden import Warden
with Warden() as warden:
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    child, other = (subprocess.Popen(sleep, start_new_session=True) for _ in "ab")
    warden.watch(child.pid)
    warden.watch(other.pid)
    warden.forget(other.pid)
    print(child.pid, other.pid, flush=True)
    sys.stdin.read()
"""


def test_watched_processes_are_killed_when_the_process_that_started_them_ends_in_any_way() -> None:
    with subprocess.Popen([sys.executable, "-c", WATCHED], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        child, other = map(int, process.stdout.readline().split())
        try:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            eventually(lambda: _gone(child), "the watched one has ended")
            assert not _gone(other)
        finally:
            os.kill(other, signal.SIGKILL)


def _gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_the_warden_itself_ends_with_the_block() -> None:
    from gateways.compare.measure.warden import Warden

    with Warden() as warden:
        warden.forget(1)
        began = time.monotonic()
    assert time.monotonic() - began < 10
