"""Start and stop the process of locust's master and of the workers on this machine, and communicate with them.

Knows processes, pipes and signals. The messages of `bus` are lines of JSON; this module must not know their meaning.
"""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from gateways.compare.locust.shares import Crew
from gateways.compare.measure.placement import on
from gateways.compare.measure.warden import Warden
from gateways.failure import Failure
from gateways.installing import install_line
from gateways.serving.signals import deferred_signals

ENDING = 4.0
"""Timeout for locust to exit by itself, in seconds. Its workers need one or two seconds."""
BUS = Path(__file__).with_name("bus.py")
MARK = b"@gateways "

Said = Mapping[str, Any]


def must_be_installed() -> None:
    """Raise Failure if locust is not installed."""
    if find_spec("locust") is None:
        raise Failure(f"locust is not installed; install it with: {install_line('locust')}")


class Locust:
    """A running master, with its workers."""

    def __init__(self, crew: Crew, warden: Warden) -> None:
        self._crew, self._warden = crew, warden
        self._log = tempfile.TemporaryFile(prefix="gateways-")  # noqa: SIM115 - closed in end()
        self._folder = tempfile.TemporaryDirectory(prefix="gateways-")
        self._workers: list[subprocess.Popen[bytes]] = []
        self._messages: queue.SimpleQueue[Said | None] = queue.SimpleQueue()
        host, port = crew.bind or ("127.0.0.1", 0)
        number = str(crew.workers)
        where = ("--master-bind-host", host, "--master-bind-port", str(port))
        users = ("--expect-workers", number, "--users", number, "--spawn-rate", number)
        self._master = self._start("-f", str(BUS), "--master", "--headless", "--only-summary", *where, *users)
        threading.Thread(target=self._read, name="gateways-locust", daemon=True).start()

    def start_workers(self, port: int, cores: tuple[int, ...]) -> None:
        """Start all workers on this machine.

        They read the locustfile itself. With `-f -`, each would write its copy from the master to the same temporary
        file, and one worker could read that file while another truncates it.
        """
        where = ("--master-host", "127.0.0.1", "--master-port", str(port))
        with on(cores):
            for _ in range(self._crew.workers):
                with deferred_signals():
                    worker = self._start("-f", str(BUS), "--worker", *where)
                    self._workers.append(worker)
                    self._warden.watch(worker.pid)

    def say(self, **what: Any) -> None:
        """Send a line to the master. Raises Failure if the master has exited."""
        assert self._master.stdin is not None
        try:
            self._master.stdin.write(json.dumps(what).encode() + b"\n")
            self._master.stdin.flush()
        except BrokenPipeError:
            raise Failure(self._ended()) from None

    def hear(self, until: float) -> Said | None:
        """Return the next message of the master; None if none arrives before `until` (time.monotonic()).

        Raises: Failure: the master has exited.
        """
        try:
            message = self._messages.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            return None
        if message is None:
            raise Failure(self._ended())
        return message

    def last_words(self) -> str:
        """Return the last line of the output."""
        end = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, end - 4000))
        lines = self._log.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1].strip() if lines else "(no output)"

    def end(self) -> None:
        """Close the master's stdin. The master then stops all workers and exits. Kill processes that still run
        after ENDING seconds.
        """
        assert self._master.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._master.stdin.close()
        until = time.monotonic() + ENDING
        for each in (self._master, *self._workers):
            with contextlib.suppress(subprocess.TimeoutExpired):
                each.wait(max(0.0, until - time.monotonic()))
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(each.pid, signal.SIGKILL)  # also kills other processes of its group
            each.wait()
        for each in self._workers:
            self._warden.forget(each.pid)
        self._log.close()
        self._folder.cleanup()

    def _start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start a process of locust without the user's own configuration of locust."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LOCUST_")}
        root = str(Path(__file__).parents[3])
        if "site-packages" not in root:  # a clone of the repository is not installed, so its folder must be on the path
            environment["PYTHONPATH"] = os.pathsep.join(filter(None, [root, environment.get("PYTHONPATH")]))
        return subprocess.Popen(
            [sys.executable, "-m", "locust", *arguments, "--loglevel", "WARNING"],
            stdin=subprocess.PIPE if "--master" in arguments else subprocess.DEVNULL,
            stdout=subprocess.PIPE if "--master" in arguments else self._log,
            stderr=self._log,
            cwd=self._folder.name,
            env=environment,
            start_new_session=True,  # Ctrl-C must reach this process only, which then stops locust
        )

    def _read(self) -> None:
        """Queue the master's messages until it exits. Runs in a thread."""
        assert self._master.stdout is not None
        with self._master.stdout as lines:
            for line in lines:
                if line.startswith(MARK):
                    self._messages.put(json.loads(line.removeprefix(MARK)))
        self._messages.put(None)

    def _ended(self) -> str:
        words = self.last_words()
        if self._crew.bind and ("was busy" in words or "in use" in words):
            host, port = self._crew.bind
            return (
                f"port {port} on {host} is in use, perhaps by another master; choose another: --bind {host}:{port + 1}"
            )
        return f"locust's master has exited: {words}"
