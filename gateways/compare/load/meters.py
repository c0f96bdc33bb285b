"""Read clocks at the start and the end of a measured window: the wall clock, and the CPU time of this program, the
server and the machine.

Knows Linux's /proc and the clocks of other processes. On other systems, values that cannot be read are None.
"""

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_TICK = 10**9 // os.sysconf("SC_CLK_TCK")  # nanoseconds
STEP = 1_000_000
"""Nanoseconds. If the wall clock and the monotonic clock drift apart by more than this in a window, the wall clock was
set.
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """Clock readings in nanoseconds."""

    wall: int
    monotonic: int
    client: int
    server: int | None
    machine: int | None

    @classmethod
    def now(cls, processes: tuple[int, ...]) -> Self:
        return cls(time.time_ns(), time.monotonic_ns(), time.process_time_ns(), cpu(processes), machine())

    def stepped(self, since: "Reading") -> bool:
        """Return True if the wall clock was set between two readings."""
        return abs((self.wall - self.monotonic) - (since.wall - since.monotonic)) > STEP


def difference(after: int | None, before: int | None) -> int | None:
    return None if after is None or before is None else after - before


def cpu(processes: tuple[int, ...]) -> int | None:
    """Return the CPU time of processes, with all their threads and reaped children; None if unknown."""
    if not processes or not Path("/proc/self/stat").exists():
        return None
    total = 0
    for process in processes:
        # If the parent is in `processes` too, its time already contains the time of an exited process.
        with contextlib.suppress(OSError):
            # This is the id of a process's CPU clock on Linux, as clock_getcpuclockid(3) computes it (CPUCLOCK_SCHED).
            total += time.clock_gettime_ns((~process << 3) | 2)
            after_name = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            total += (int(after_name[13]) + int(after_name[14])) * _TICK
    return total


def machine() -> int | None:
    """Return the CPU time of all processes on this machine, with a resolution of some milliseconds; None if unknown."""
    try:
        with open("/proc/stat", encoding="ascii") as stat:
            numbers = [int(number) for number in stat.readline().split()[1:9]]
    except OSError:
        return None
    user, nice, system, _idle, _iowait, irq, softirq, _steal = numbers
    return (user + nice + system + irq + softirq) * _TICK
