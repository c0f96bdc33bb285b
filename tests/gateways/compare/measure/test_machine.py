"""Facts about this machine and its processes."""

import os
import resource
import subprocess
import sys
import time

import pytest

from gateways.compare.load.meters import Reading, cpu
from gateways.compare.measure import machine
from gateways.compare.measure.resources import taken_by, watched


def test_the_machine_is_described() -> None:
    found = machine.look(["rich", "no-such-package"], seconds=0.05)
    assert found.cores >= 1
    assert found.memory > 10**8
    assert found.python.startswith("CPython 3.")
    assert found.packages == {"rich": machine.version("rich")}


def test_the_limit_of_open_files_is_raised_to_the_maximum() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 256), hard))
        assert machine.allow_open_files(300) == 300
        assert machine.allow_open_files(100) == 300
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


BUSY_CHILD = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print("started", flush=True)
block = bytearray(30_000_000)
end = time.process_time() + 0.3
while time.process_time() < end:
    pass
print("busy", flush=True)
sys.stdin.read()
child.kill()
child.wait()
"""


def test_the_memory_threads_processes_and_cpu_time_of_a_process_tree_are_measured() -> None:
    with subprocess.Popen([sys.executable, "-c", BUSY_CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with watched(process.pid) as peak:
            process.stdout.readline()
        taken = taken_by(process.pid)
        spent = cpu((process.pid,))
        process.communicate()
    assert (taken.processes, peak.most.processes) == (2, 2)
    assert taken.threads >= 2
    assert 30_000_000 < taken.memory < 90_000_000
    assert taken.resident > taken.memory / 2
    assert taken.switches > 0
    if spent is not None:  # only Linux has clocks of other processes
        assert 0.3e9 <= spent < 5e9  # and the start of both interpreters, on a slow machine too
    assert taken_by(process.pid).processes == 0  # it has ended


@pytest.mark.skipif(sys.platform != "linux", reason="reaped children's time is read from /proc")
def test_the_cpu_time_of_reaped_children_counts() -> None:
    before = cpu((os.getpid(),))
    spend = "import time\nwhile time.process_time() < 0.3: pass"
    subprocess.run([sys.executable, "-c", spend], check=True)
    after = cpu((os.getpid(),))
    assert before is not None
    assert after is not None
    assert after - before >= 0.28e9  # in ticks of 10 ms


def test_a_clock_change_is_detected() -> None:
    reading = Reading.now(())
    assert not Reading.now(()).stepped(reading)
    later = Reading(reading.wall + 3_000_000, reading.monotonic + 1_000_000, 0, None, None)
    assert later.stepped(reading)
    assert (reading.server, reading.client > 0) == (None, True)
    assert abs(reading.wall - time.time_ns()) < 60e9
