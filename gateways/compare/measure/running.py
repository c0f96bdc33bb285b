"""Start a contender's server in its own process group, wait until it is ready, and terminate it with all descendants.

Knows processes, ports and signals. It must not know the requests.
"""

import contextlib
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path

import psutil

from gateways.compare.load.order import Request
from gateways.compare.machine import Resources
from gateways.compare.measure.placement import on
from gateways.compare.measure.resources import Peak, taken_by, tree, watched
from gateways.compare.measure.warden import Warden
from gateways.compare.plan.contender import Launch
from gateways.failure import Failure
from gateways.serving.job import GRACE
from gateways.serving.listen import bind
from gateways.serving.process import SAME_HASHES, START

HOST = "127.0.0.1"
HOST_HEADER = "127.0.0.1:8000"
"""The Host header for all servers started here. If it contained the server's port, responses with absolute URLs would
differ between servers."""

MAX_LOG = 1 << 20
"""Maximum number of bytes of a log that are searched for exceptions, after each order with failures."""


class Running:
    """A started server, on its own port. Its log is appended to a file in `logs`."""

    host, tls, host_header = HOST, False, HOST_HEADER

    def __init__(self, launch: Launch, folder: Path, logs: Path, cores: tuple[int, ...]) -> None:
        self.contender = launch.contender
        # This socket is bound but does not listen. So the system reserves the port, and the server can still bind it.
        self._reserved = bind(HOST, 0)
        self.port: int = self._reserved.getsockname()[1]
        self.log = logs / f"{re.sub(r'[^A-Za-z0-9]+', '-', self.contender.id)}.log"
        self._log = self.log.open("ab+")
        self._begin = self._log.seek(0, os.SEEK_END)
        # The size of the environment affects the memory layout and thus the speed, so it is random for each start.
        padding = {"GATEWAYS_PADDING": "x" * random.randrange(4096)}  # noqa: S311
        with on(cores):
            self.process = subprocess.Popen(
                launch.command(sys.executable, HOST, str(self.port)),
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=subprocess.STDOUT,
                env={**SAME_HASHES, **os.environ, **module_path(folder), **padding},
                start_new_session=True,  # Ctrl-C must reach this process only, which then stops the server
            )

    @property
    def processes(self) -> tuple[int, ...]:
        """The ids of the server's process and of all its current descendants."""
        return tuple(process.pid for process in tree(self.process.pid))

    def for_server(self, request: Request) -> Request:
        """Return the request for this server."""
        return request

    def taken(self) -> Resources:
        """Return the current resources of all its processes."""
        return taken_by(self.process.pid)

    def watched(self) -> AbstractContextManager[Peak]:
        """Return a context manager. Its value has the maximum of each resource of all its processes."""
        return watched(self.process.pid)

    def listening(self) -> bool:
        """Return True if the server accepts connections.

        Raises:
            Failure: the server has exited.
        """
        self.check()
        try:
            socket.create_connection((HOST, self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def check(self) -> None:
        """Raise Failure if the server has exited."""
        status = self.process.poll()
        if status is not None:
            raise Failure(f"{self.contender.label} has exited with status {status}: {self.last_line()}")

    def await_programs(self, resident: int) -> None:
        """Wait until all programs started for requests have exited, and only `resident` processes are left. Wait for at
        most GRACE seconds.
        """
        until = time.monotonic() + GRACE
        while len(self.processes) > resident and time.monotonic() < until:
            time.sleep(0.01)

    def log_size(self) -> int:
        """Return the size of the server's log in bytes."""
        return self.log.stat().st_size

    def log_from(self, start: int) -> str:
        """Return the server's log from byte `start` on, at most MAX_LOG bytes."""
        with self.log.open("rb") as file:
            file.seek(start)
            return file.read(MAX_LOG).decode("utf-8", "replace")

    def last_line(self) -> str:
        """Return the last line of the server's output."""
        begin = max(self._begin, self._log.seek(0, os.SEEK_END) - 4000)
        self._log.seek(begin)
        lines = self._log.read().decode("utf-8", "replace").strip().splitlines()[begin > self._begin :]
        # waitress logs this line for every request that waits.
        lines = [line for line in lines if "Task queue depth is" not in line]
        return lines[-1].strip() if lines else "(no output)"

    def terminate(self) -> None:
        """Send SIGTERM."""
        self._started = tree(self.process.pid)
        if self.process.poll() is None:
            self.process.terminate()

    def end(self, until: float) -> None:
        """Wait until `until` (time.monotonic()). Then kill the remaining processes, also those in other sessions."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(max(0.0, until - time.monotonic()))
        with contextlib.suppress(ProcessLookupError):
            # This also kills a worker that the server started after SIGTERM, which is not in _started.
            os.killpg(self.process.pid, signal.SIGKILL)
        for process in self._started:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait()
        psutil.wait_procs(self._started, timeout=2)
        self._reserved.close()
        self._log.close()


def module_path(folder: Path) -> dict[str, str]:
    """Return the variable PYTHONPATH with the folder added."""
    return {"PYTHONPATH": os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))}


def await_listening(running: Iterable[Running]) -> dict[str, str]:
    """Wait until all servers listen. For each server that does not listen, return the reason, by id."""
    waiting, failed = list(running), dict[str, str]()
    until = time.monotonic() + START
    while waiting:
        for each in list(waiting):
            try:
                if each.listening():
                    waiting.remove(each)
                elif time.monotonic() > until:
                    raise Failure(
                        f"{each.contender.label} is not listening after {START:.0f} seconds: {each.last_line()}"
                    )
            except Failure as failure:
                failed[each.contender.id] = str(failure)
                waiting.remove(each)
        time.sleep(0.01)
    return failed


def end(running: Iterable[Running], warden: Warden) -> None:
    """Stop all servers in parallel."""
    ending = list(running)
    for each in ending:
        each.terminate()
    until = time.monotonic() + GRACE
    for each in ending:
        each.end(until)
        warden.forget(each.process.pid)
