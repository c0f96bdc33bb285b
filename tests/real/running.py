"""Run a command of this project in a separate process, as a user does: read its lines, interrupt it, stop it."""

import os
import queue
import re
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from tests.real.serving import runs

PATIENCE = 45.0
"""Time limit of waits, in seconds."""
AT_ONCE = 8.0
"""Time limit, on a busy machine, for actions that must not wait for requests in flight. These last ten
seconds or longer.
"""


class Running:
    """A running `gateways` command, with its output. All its processes are killed at the end of the block."""

    def __init__(self, *arguments: str, stdout: int | None = None, **environment: str) -> None:
        self._mark = uuid.uuid4().hex
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._seen: set[psutil.Process] = set()
        self.said: list[str] = []
        self.process = subprocess.Popen(
            [Path(sys.executable).with_name("gateways"), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if stdout is None else stdout,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env={**os.environ, **environment, "GATEWAYS_TEST": self._mark},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        if self.process.stdout is not None:
            self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._look()
        for each in [*self._seen, *self._marked()]:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        self.process.kill()
        if self.process.stdout is not None:
            self._reader.join(PATIENCE)  # two threads cannot read one buffer
        self.process.communicate()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.decode().rstrip("\n"))
        self._lines.put(None)

    def wait_for(self, pattern: str, count: int = 1) -> list[str]:
        """Wait for `count` matching lines, and return the output."""
        until = time.monotonic() + PATIENCE
        while sum(re.search(pattern, line) is not None for line in self.said) < count:
            try:
                line = self._lines.get(timeout=max(0.01, until - time.monotonic()))
            except queue.Empty:
                line = None
            assert line is not None, f"not said: {pattern!r} × {count}, but:\n" + "\n".join(self.said)
            self.said.append(line)
        return self.said

    @property
    def urls(self) -> list[str]:
        """Return the printed URLs by mode."""
        return re.findall(r"^[A-Z]+ +(http://\S+:\d+) ", "\n".join(self.wait_for("Ctrl-C")), re.MULTILINE)

    @property
    def page(self) -> str:
        """Return the URL of the demo's page."""
        (url,) = re.findall(r"^page +(http://\S+:\d+) ", "\n".join(self.wait_for("Ctrl-C")), re.MULTILINE)
        return str(url)

    @property
    def commands(self) -> list[str]:
        """Return the printed curl commands."""
        return [line.strip() for line in self.wait_for("Ctrl-C") if line.strip().startswith("curl")]

    def _look(self) -> None:
        """Record all processes of the command, because processes that leave its process group cannot be found later."""
        try:
            self._seen.update(psutil.Process(self.process.pid).children(recursive=True))
        except psutil.NoSuchProcess:
            return

    def _marked(self) -> list[psutil.Process]:
        """Return the processes with the command's environment, even if they have another parent now."""
        return [
            each
            for each in psutil.process_iter(["environ"])
            if (each.info["environ"] or {}).get("GATEWAYS_TEST") == self._mark and each.pid != self.process.pid
        ]

    def tree(self, enough: Callable[[set[psutil.Process]], bool]) -> set[psutil.Process]:
        """Return all processes that the command has started, as soon as `enough` returns True for them."""
        until = time.monotonic() + PATIENCE
        while not enough(self._seen):
            assert time.monotonic() < until, self._seen
            self._look()
            time.sleep(0.02)
        return self._seen

    def end(self, number: int, whole_group: bool = False) -> tuple[int, float]:
        """Send a signal to the whole group, like a terminal, or to the process alone. Return the exit status and the
        seconds until the exit.
        """
        self._look()
        began = time.monotonic()
        if whole_group:
            os.killpg(self.process.pid, number)
        else:
            os.kill(self.process.pid, number)
        status = self.process.wait(timeout=PATIENCE)
        return status, time.monotonic() - began

    def left(self) -> list[str]:
        """Return the command's running processes, without zombies, which init will reap."""
        alive = []
        for each in {*self._seen, *self._marked()}:
            with suppress(psutil.NoSuchProcess):
                if runs(each):
                    alive.append(f"{each.pid} {each.cmdline()}")
        return alive


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `gateways …` to its end."""
    command = [sys.executable, "-m", "gateways", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=90, check=False, stdin=subprocess.DEVNULL)
