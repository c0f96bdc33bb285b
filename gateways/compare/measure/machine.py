"""Describe the machine, and measure the load of other programs on it. Knows /proc, /sys and psutil."""

import importlib.metadata
import os
import platform
import resource
import sys
import time
from pathlib import Path

import psutil

from gateways.compare.load.meters import machine as machine_cpu
from gateways.compare.machine import Machine

GOVERNOR = "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"
NO_TURBO = "/sys/devices/system/cpu/intel_pstate/no_turbo"
BOOST = "/sys/devices/system/cpu/cpufreq/boost"
QUOTAS = ("/sys/fs/cgroup/cpu.max", "/sys/fs/cgroup/cpu/cpu.cfs_quota_us")


def look(packages: list[str], seconds: float = 1.0) -> Machine:
    """Describe this machine; measure the load of other programs for the given number of seconds."""
    foreign, steal = watch(seconds)
    return Machine(
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        python=f"{platform.python_implementation()} {platform.python_version()}{'' if _gil() else ', without the GIL'}",
        cpu=_cpu(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        memory=psutil.virtual_memory().total,
        open_files=resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        governor=_read(GOVERNOR),
        turbo=_turbo(),
        quota=next(filter(None, map(_read, QUOTAS)), ""),
        steal=steal,
        foreign=foreign,
        packages={name: version(name) for name in sorted(set(packages)) if version(name)},
    )


def watch(seconds: float) -> tuple[float | None, float | None]:
    """Return the number of cores that other programs keep busy, and the share of time stolen by the hypervisor.

    Both are None if they are unknown.
    """
    before, stolen, own = machine_cpu(), _steal(), time.process_time_ns()
    started = time.monotonic_ns()
    time.sleep(seconds)
    after, stolen_after, own_after = machine_cpu(), _steal(), time.process_time_ns()
    took = time.monotonic_ns() - started
    if before is None or after is None:
        return None, None
    foreign = max(0, after - before - (own_after - own)) / took
    return foreign, (stolen_after - stolen) / (took / 1e9) / (os.cpu_count() or 1)


def allow_open_files(wanted: int) -> int:
    """Raise the limit of open files to `wanted`, or to the hard limit if that is lower. Return the new limit.

    The limit applies to this process and its children.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return soft


def version(package: str) -> str:
    """Return the installed version, or ""."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _steal() -> float:
    times = psutil.cpu_times()
    return float(getattr(times, "steal", 0.0))


def _cpu() -> str:
    for line in _read("/proc/cpuinfo").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.processor() or platform.machine()


def _turbo() -> str:
    if no_turbo := _read(NO_TURBO):
        return "off" if no_turbo == "1" else "on"
    return {"1": "on", "0": "off"}.get(_read(BOOST), "")


def _gil() -> bool:
    return bool(getattr(sys, "_is_gil_enabled", lambda: True)())


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
