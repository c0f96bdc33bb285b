"""Several load clients that share each order. Locust sends them their orders and returns their results.

Knows the messages of `bus`, and the workers' clocks. It must not import gevent, which only locust's processes use.
"""

import json
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Self

from gateways.compare.load.order import Measured, Order, Seen
from gateways.compare.locust.process import Locust, Said
from gateways.compare.locust.shares import Crew, agreed, merged, shared
from gateways.compare.measure.bench import Listener
from gateways.compare.measure.client import null_server_order
from gateways.compare.measure.machine import version
from gateways.compare.measure.warden import Warden
from gateways.failure import Failure

START, COMING = 20.0, 300.0
"""Timeouts, in seconds, for locust to start, and for workers that the user starts to connect."""
ANSWERING = 10.0
"""Seconds beyond the maximum duration of an order until a worker counts as dead."""
LOOKS = 5
"""Number of clock readings per worker. The reading with the fastest reply is used, because this reading is the most
accurate.
"""
LEAD, MAX_LEAD = 0.05, 2.0
"""Initial and maximum time between sending an order and its start, in seconds. All clients must connect in this time.
If it is too short, the next order gets twice this time.
"""
APART = 0.02
"""If the starts of the clients differ by more seconds than this, the time before the start grows."""


@dataclass
class Worker:
    """A worker. about: its description of itself. offset: its clock minus this machine's clock, in nanoseconds."""

    id: str
    about: dict[str, Any]
    offset: int = 0


class Workers:
    """The load clients of a crew. They run during the `with` block."""

    def __init__(
        self, crew: Crew, cores: tuple[int, ...], warden: Warden, listener: Listener, coming: float = COMING
    ) -> None:
        self._crew, self._cores, self._warden, self._listener = crew, cores, warden, listener
        self._coming = coming if crew.bind else START
        self._workers: list[Worker] = []
        self._number = self._turn = 0
        self._lead = LEAD
        self._apart = list[float]()

    def __enter__(self) -> Self:
        self._locust = Locust(self._crew, self._warden)
        try:
            self._gather()
            self._set_clocks()
        except BaseException:
            self._locust.end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._locust.end()

    def see(self, order: Order) -> Seen:
        """Return the response to a probe. Every client sends the probe, because each client needs the expected
        response.
        """
        seen = [Seen(**answer) for answer in self._give({worker.id: order for worker in self._workers})]
        self._turn += 1
        return agreed(seen, self._turn)

    def measure(self, order: Order) -> Measured:
        """Return the measurement of an order. Each client carries out a share of it, and all clients start at
        the same time.
        """
        begin = time.time_ns() + int(self._lead * 1e9)
        parts = list(zip(self._workers, shared(order, len(self._workers)), strict=False))
        orders = {
            worker.id: replace(part, begin=begin + worker.offset, spin=part.spin and self._has_free_core(worker))
            for worker, part in parts
        }
        measured = [Measured.from_json(answer) for answer in self._give(orders)]
        for each, (worker, _) in zip(measured, parts, strict=True):
            each.opened -= worker.offset
        apart = (max(each.opened for each in measured) - min(each.opened for each in measured)) / 1e9
        self._apart.append(apart)
        if apart > APART:
            self._lead = min(MAX_LEAD, 2 * self._lead)
        return merged(measured)

    def null(self, length: int, cores: tuple[int, ...]) -> AbstractContextManager[Order | None]:
        """Return a context manager. Its value is an order to load a server that does nothing. The value is None if the
        workers run on other machines, because each machine would need such a server.
        """
        return null_server_order(length, cores) if self._crew.bind is None else nullcontext()

    def facts(self) -> dict[str, Any]:
        """Return facts for the record. `apart`: 90th percentile of the difference between the clients' starts, in
        seconds.
        """
        about = [worker.about for worker in self._workers]
        apart = sorted(self._apart)[len(self._apart) * 9 // 10] if self._apart else 0.0
        return {"engine": "locust", "workers": len(about), "machines": about, "apart": apart}

    def _give(self, orders: Mapping[str, Order]) -> list[dict[str, Any]]:
        """Give each worker an order; return the results, in the same order."""
        longest = max(order.ramp + order.seconds + 2 * order.timeout for order in orders.values())
        lines = {worker: order.to_json() for worker, order in orders.items()}
        found = []
        for message in self._ask(lines, longest + self._lead + ANSWERING):
            answer: dict[str, Any] = json.loads(message["answer"])
            if "failure" in answer:
                raise Failure(f"the load client on {self._host(message)} failed: {answer['failure']}")
            found.append(answer)
        return found

    def _ask(self, lines: Mapping[str, str], within: float) -> list[Said]:
        """Send each worker a line ("": a request for its clock); return the replies."""
        self._number += 1
        for worker, line in lines.items():
            self._locust.say(worker=worker, number=self._number, order=line)
        answers: dict[str, Said] = {}
        until = time.monotonic() + within
        while len(answers) < len(lines):
            message = self._hear(until)
            if message is None:
                silent = ", ".join(self._host({"worker": worker}) for worker in lines.keys() - answers.keys())
                raise Failure(f"locust's worker on {silent} has not responded for {within:.0f} seconds; restart it")
            if message["kind"] == "gateways_answer" and message["number"] == self._number:
                answers[message["worker"]] = message
        return [answers[worker] for worker in lines]

    def _hear(self, until: float) -> Said | None:
        """Return the next message of the master; None if none arrives before `until` (time.monotonic()).

        Raises: Failure: the master has exited, or a worker of this crew has disconnected.
        """
        message = self._locust.hear(until)
        lost = message is not None and message["kind"] in {"gone", "gateways_broken"}
        if message is not None and lost and message["worker"] in {worker.id for worker in self._workers}:
            why = message.get("why", "the worker exited, or the network failed")
            raise Failure(f"locust's worker on {self._host(message)} is lost: {why}; restart it and the comparison")
        return message

    def _has_free_core(self, worker: Worker) -> bool:
        """Return True if the worker's machine has a core for busy waiting, in addition to a core for a server."""
        same = [each for each in self._workers if each.about["host"] == worker.about["host"]]
        return bool(worker.about["cores"] > len(same))

    def _host(self, message: Said) -> str:
        return next(str(worker.about["host"]) for worker in self._workers if worker.id == message["worker"])

    def _gather(self) -> None:
        """Wait until the master listens and all workers have connected."""
        listens = self._locust.hear(time.monotonic() + START)
        if listens is None:
            raise Failure(f"locust's master is not listening after {START:.0f} seconds: {self._locust.last_words()}")
        if self._crew.bind is None:
            self._locust.start_workers(listens["port"], self._cores)
        came: dict[str, dict[str, Any]] = {}
        until = time.monotonic() + self._coming
        while len(self._workers) < self._crew.workers:
            self._listener.now(f"waiting for workers: {len(came)} of {self._crew.workers} have connected")
            message = self._hear(until)
            if message is None:
                raise Failure(self._missing(len(came)))
            if message["kind"] == "gateways_came":
                must_be_same(message)
                came[message["worker"]] = {name: message[name] for name in ("host", "system", "python", "cores")}
            elif message["kind"] == "gateways_ready":
                self._workers.append(Worker(message["worker"], came[message["worker"]]))

    def _missing(self, came: int) -> str:
        message = f"{came} of {self._crew.workers} workers have connected within {self._coming:.0f} seconds"
        if self._crew.bind is None:
            return f"{message}: {self._locust.last_words()}"
        return f"{message}; start each with: {self._crew.command} (and check firewalls)"

    def _set_clocks(self) -> None:
        """Measure each worker's clock offset. The method assumes that the worker read its clock halfway between request
        and reply.
        """
        longest = 0
        for worker in self._workers:
            quickest = 1 << 62
            for _ in range(LOOKS):
                requested = time.time_ns()
                clock = self._ask({worker.id: ""}, ANSWERING)[0]["clock"]
                replied = time.time_ns()
                if replied - requested < quickest:
                    quickest, worker.offset = replied - requested, clock - (requested + replied) // 2
            longest = max(longest, quickest)
        self._lead += longest / 1e9


def must_be_same(message: Said) -> None:
    """Check that the worker has this version of gateways, because orders differ between versions.

    Raises: Failure: the worker has a different version of gateways, or none.
    """
    own = version("gateways")
    if message["version"] != own:
        has = f"has gateways {message['version']}" if message["version"] else "does not have gateways installed"
        raise Failure(
            f"the worker on {message['host']} {has}, but the master has gateways {own}; "
            f"on the worker's machine, run in a clone of version {own}: pip install '.[locust]'"
        )
