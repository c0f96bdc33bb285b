"""locust's master as a process, with the workers that are started here: start, communicate, stop.

Knows processes, pipes and signals, and that `bus` speaks in lines of JSON. It must not know what they mean.
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

ENDING = 4.0
"""Seconds that locust gets to end by itself; its workers need one or two."""
BUS = Path(__file__).with_name("bus.py")
MARK = b"@gateways "

Said = Mapping[str, Any]


def must_be_installed() -> None:
    """Raise Failure if locust is not."""
    if find_spec("locust") is None:
        raise Failure(f"locust is not installed; install it with: {install_line('locust')}")


class Locust:
    """The master, from now on."""

    def __init__(self, crew: Crew, warden: Warden) -> None:
        self._crew, self._warden = crew, warden
        self._log = tempfile.TemporaryFile(prefix="gateways-")  # noqa: SIM115 - closed in end()
        self._folder = tempfile.TemporaryDirectory(prefix="gateways-")
        self._workers: list[subprocess.Popen[bytes]] = []
        self._said: queue.SimpleQueue[Said | None] = queue.SimpleQueue()
        host, port = crew.bind or ("127.0.0.1", 0)
        number = str(crew.workers)
        where = ("--master-bind-host", host, "--master-bind-port", str(port))
        users = ("--expect-workers", number, "--users", number, "--spawn-rate", number)
        self._master = self._start("-f", str(BUS), "--master", "--headless", "--only-summary", *where, *users)
        threading.Thread(target=self._read, name="gateways-locust", daemon=True).start()

    def start_workers(self, port: int, cores: tuple[int, ...]) -> None:
        """On this machine, as many as there are to be."""
        where = ("--master-host", "127.0.0.1", "--master-port", str(port))
        with on(cores):
            for _ in range(self._crew.workers):
                worker = self._start("-f", "-", "--worker", *where)
                self._workers.append(worker)
                self._warden.watch(worker.pid)

    def say(self, **what: Any) -> None:
        """Send a line to the master. Raises Failure if it has gone."""
        assert self._master.stdin is not None
        try:
            self._master.stdin.write(json.dumps(what).encode() + b"\n")
            self._master.stdin.flush()
        except BrokenPipeError:
            raise Failure(self._ended()) from None

    def hear(self, until: float) -> Said | None:
        """What the master says next; None if that is nothing until then (time.monotonic()).

        Raises:
            Failure: it has gone, or one of the workers that were started here.
        """
        try:
            said = self._said.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            return None
        if said is None:
            raise Failure(self._ended())
        return said

    def last_words(self) -> str:
        """The last line that any of them wrote."""
        end = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, end - 4000))
        lines = self._log.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1].strip() if lines else "it wrote no output"

    def end(self) -> None:
        """The master ends with its stdin, and tells its workers to, wherever they are."""
        assert self._master.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._master.stdin.close()
        until = time.monotonic() + ENDING
        for each in (self._master, *self._workers):
            with contextlib.suppress(subprocess.TimeoutExpired):
                each.wait(max(0.0, until - time.monotonic()))
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(each.pid, signal.SIGKILL)  # it, or what is left of what it has started
            each.wait()
        for each in self._workers:
            self._warden.forget(each.pid)
        self._log.close()
        self._folder.cleanup()

    def _start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """Away from the user's own configuration of locust, which is not meant for this."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LOCUST_")}
        root = str(Path(__file__).parents[3])
        if "site-packages" not in root:  # what is not installed is found by where it is
            environment["PYTHONPATH"] = os.pathsep.join(filter(None, [root, environment.get("PYTHONPATH")]))
        return subprocess.Popen(
            [sys.executable, "-m", "locust", *arguments, "--loglevel", "WARNING"],
            stdin=subprocess.PIPE if "--master" in arguments else subprocess.DEVNULL,
            stdout=subprocess.PIPE if "--master" in arguments else self._log,
            stderr=self._log,
            cwd=self._folder.name,
            env=environment,
            start_new_session=True,  # Ctrl-C is for us; we end it
        )

    def _read(self) -> None:
        """In a thread: what the master says, until it ends."""
        assert self._master.stdout is not None
        with self._master.stdout as lines:
            for line in lines:
                if line.startswith(MARK):
                    self._said.put(json.loads(line.removeprefix(MARK)))
        self._said.put(None)

    def _ended(self) -> str:
        words = self.last_words()
        if self._crew.bind and ("was busy" in words or "in use" in words):
            host, port = self._crew.bind
            return (
                f"port {port} on {host} is in use, perhaps by another master; choose another: --bind {host}:{port + 1}"
            )
        return f"locust's master has exited: {words}"
