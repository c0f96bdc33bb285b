"""What a host left behind: processes of programs, found by their query; zombies, found below the host."""

import contextlib
from pathlib import Path

import psutil

from tests.real.serving import eventually


def processes(query: str) -> list[psutil.Process]:
    """Every process, in whatever session, whose QUERY_STRING is this one: a program, or a child of it."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            variables = Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
            if b"QUERY_STRING=" + query.encode() in variables:
                found.append(process)
    return found


def zombies(host: int) -> list[psutil.Process]:
    """The processes below process `host` that have ended and that nobody waited for."""
    found = []
    for process in psutil.Process(host).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.status() == psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def assert_gone(query: str, host: int, within: float = 2.0) -> None:
    """Nothing of what the request with this query started is left, in at most so many seconds."""
    eventually(lambda: not processes(query), f"the program and its children are gone: {processes(query)}", within)
    eventually(lambda: not zombies(host), f"all are reaped: {zombies(host)}", within)
