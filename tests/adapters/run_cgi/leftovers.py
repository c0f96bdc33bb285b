"""Find leftovers of a host: processes of programs (by one of their variables), and zombies that are its descendants."""

import contextlib
from functools import partial
from pathlib import Path

import psutil

from tests.real.serving import eventually


def processes(value: str, variable: str = "QUERY_STRING") -> list[psutil.Process]:
    """Return every process, in any session, that has a variable with this value: a program or its child."""
    found = []
    wanted = f"{variable}={value}".encode()
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            variables = Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
            if wanted in variables:
                found.append(process)
    return found


def zombies(host: int) -> list[psutil.Process]:
    """Return the zombies below process `host`."""
    found = []
    for process in psutil.Process(host).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.status() == psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def assert_gone(value: str, host: int, within: float = 20.0, variable: str = "QUERY_STRING") -> None:
    """Assert that all processes of the request with this query end within that number of seconds."""
    left = partial(processes, value, variable)
    eventually(lambda: not left(), f"the program and its children are gone: {left()}", within)
    eventually(lambda: not zombies(host), f"all are reaped: {zombies(host)}", within)
