"""A pytest plugin that runs each test in a separate process with a time limit, so a hang or crash affects only one
test.

Run as `python -m tests.peers.forking SUITE FILE`: runs the suite against the adapter that CONTRACT_ADAPTER names and
writes the outcome of every test as JSON. It must not know how outcomes are judged or shown.
"""

from __future__ import annotations

import contextlib
import json
import os
import pkgutil
import select
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from _pytest.runner import runtestprotocol

from tests.adapters.asgi_to_wsgi.contenders import ENVIRONMENT
from tests.peers.suites import SUITES, Suite

LIMIT = 40.0  # time limit of a test in seconds, far above the sum of its own waits
JOBS = 6  # number of concurrent tests; most of the time is spent waiting for those that hang


class Child:
    """A running test in its own process and process group."""

    def __init__(self, item: pytest.Item) -> None:
        self.item, self.deadline = item, time.monotonic() + LIMIT
        self._reading, writing = os.pipe()
        self._pid = os.fork()
        if not self._pid:
            _run(item, writing)
        os.close(writing)

    def fileno(self) -> int:
        return self._reading

    def end(self, answered: bool) -> str:
        """Return the outcome: "passed", "failed", "skipped", "crashed", or "hung" if the test has not `answered`."""
        outcome = os.read(self._reading, 64).decode() if answered else "hung"
        os.close(self._reading)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        return outcome or "crashed"


def _run(item: pytest.Item, writing: int) -> NoReturn:
    os.setsid()
    signal.alarm(int(LIMIT) + 5)  # ends this process if its parent has exited by then
    outcomes = {report.outcome for report in runtestprotocol(item, nextitem=None, log=False)}
    worst = next((outcome for outcome in ("failed", "skipped") if outcome in outcomes), "passed")
    os.write(writing, worst.encode())
    os._exit(0)  # even if threads still run


def outcomes_of(items: list[pytest.Item]) -> Iterator[tuple[pytest.Item, str]]:
    """Run tests, JOBS at a time."""
    waiting, running = items[::-1], list[Child]()
    while waiting or running:
        while waiting and len(running) < JOBS:
            running.append(Child(waiting.pop()))
        soonest = min(child.deadline for child in running)
        answered, _, _ = select.select(running, [], [], max(0.0, soonest - time.monotonic()))
        for child in answered or [child for child in running if child.deadline <= time.monotonic()]:
            running.remove(child)
            yield child.item, child.end(bool(answered))


class Forking:
    """Collects outcomes by test function and parameters."""

    def __init__(self, suite: Suite) -> None:
        self._suite = suite
        self.outcomes: dict[str, dict[str, str]] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        for item, outcome in outcomes_of(session.items):
            function, _, parameters = item.nodeid.removeprefix(f"{self._suite.folder}/").partition("[")
            self.outcomes.setdefault(function, {})[parameters.removesuffix("]")] = outcome
        return True


def main(name: str, output: str) -> int:
    suite = SUITES[name]
    plugin = Forking(suite)
    # Import the adapter before the forks, to import it only once. Do not create it, because that may start a thread.
    pkgutil.resolve_name(suite.contenders[os.environ[ENVIRONMENT]].title)
    options = ["-q", "--timeout=0", "--tb=native", "-p", "no:cacheprovider", "-W", "ignore"]
    code = pytest.main([*options, suite.folder], plugins=[plugin])
    Path(output).write_text(json.dumps(plugin.outcomes))
    return 0 if plugin.outcomes else int(code) or 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
