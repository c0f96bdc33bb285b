"""The clocks that are read at both ends of a measured window: wall, CPU of this program, of the server, of the machine.

Knows Linux's /proc and its clocks of other processes; elsewhere what it cannot read is None.
"""

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_TICK = 10**9 // os.sysconf("SC_CLK_TCK")  # nanoseconds
STEP = 1_000_000
"""Nanoseconds by which the wall clock may drift from the monotonic one within a window before it was set."""


@dataclass(frozen=True, slots=True)
class Reading:
    """All in nanoseconds."""

    wall: int
    monotonic: int
    client: int
    server: int | None
    machine: int | None

    @classmethod
    def now(cls, processes: tuple[int, ...]) -> Self:
        return cls(time.time_ns(), time.monotonic_ns(), time.process_time_ns(), cpu(processes), machine())

    def stepped(self, since: "Reading") -> bool:
        """Was the clock set between two readings?"""
        return abs((self.wall - self.monotonic) - (since.wall - since.monotonic)) > STEP


def difference(after: int | None, before: int | None) -> int | None:
    return None if after is None or before is None else after - before


def cpu(processes: tuple[int, ...]) -> int | None:
    """CPU time of processes, all their threads, and the children that they have reaped; None if it cannot be known."""
    if not processes or not Path("/proc/self/stat").exists():
        return None
    total = 0
    for process in processes:
        # One that has ended since is in its parent's time, if its parent is among them.
        with contextlib.suppress(OSError):
            # clock_getcpuclockid(3): a process's clock, of CPUCLOCK_SCHED, as Linux numbers it.
            total += time.clock_gettime_ns((~process << 3) | 2)
            after_name = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            total += (int(after_name[13]) + int(after_name[14])) * _TICK
    return total


def machine() -> int | None:
    """CPU time of everything on this machine, in ticks of some milliseconds."""
    try:
        with open("/proc/stat", encoding="ascii") as stat:
            numbers = [int(number) for number in stat.readline().split()[1:9]]
    except OSError:
        return None
    user, nice, system, _idle, _iowait, irq, softirq, _steal = numbers
    return (user + nice + system + irq + softirq) * _TICK
