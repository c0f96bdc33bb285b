"""Measure the quick scenarios. All servers run at the same time, and are measured in turn, in short slices. This is
repeated with newly started servers.

The capacity is measured first, for all numbers of clients. Then the latency is measured at rates that all contenders
can handle. A slice never measures both. Knows the order of the slices. It must not know how one measurement is made.
"""

import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from gateways.compare.judge.pairing import throughput
from gateways.compare.load.order import Answer, Order
from gateways.compare.measure.bench import Bench, Entry
from gateways.compare.measure.checks import check
from gateways.compare.measure.relearn import relearn
from gateways.compare.plan.effort import BETWEEN, RAMP, WINDOW, Effort, common_rates, steady, turns
from gateways.compare.plan.scenarios import Scenario, by_routes
from gateways.compare.record import Cell

SLICE = WINDOW + RAMP + BETWEEN
ANSWERS = 5
"""Minimum number of sequential responses in a slice. The duration of a slice follows from this number, up to LONGEST.
"""
LONGEST = 3.0
"""Maximum duration of a slice, in seconds."""
LONGER, PROGRAMS = 1.0, 2
"""Minimum duration of a slice in seconds, and number of clients, for a contender that starts a process for each
request. A few clients keep a core busy. More clients would only wait for each other."""
SLOW, MANY, FEW = 0.02, 100_000, 16
"""At most FEW clients are used if a response takes SLOW seconds or more, else at most MANY. With more clients, slow
requests would last longer than a slice.
"""
REPEATS = 3
"""Maximum number of repetitions of a slice during which the app's responses changed."""
UNTROUBLED = 0.01
"""A contender with a larger share of failed requests does not influence the choice of rates."""


class Quick:
    """All quick scenarios of a comparison."""

    def __init__(self, bench: Bench, contenders: Sequence[Entry], scenarios: Sequence[Scenario], effort: Effort):
        self._bench, self._contenders, self._scenarios, self._effort = bench, contenders, scenarios, effort
        self._rates: dict[str, list[float]] = {}  # by scenario
        self._resident = [each for each in contenders if each.mode != "cgi"]
        self._own: dict[
            tuple[str, str], float
        ] = {}  # by scenario and contender: the rate of a CGI contender, which may be below the common rate

    @staticmethod
    def planned(contenders: Sequence[Entry], scenarios: Sequence[Scenario], effort: Effort) -> float:
        """Estimate the duration in seconds, before any response is known."""
        if not scenarios:
            return 0.0
        of_each = sum(_seconds(each, scenario, effort, _usual(each)) for scenario in scenarios for each in contenders)
        null = sum(len(numbers_of_clients(each, effort)) for each in scenarios) * effort.starts * effort.rounds * SLICE
        return of_each + null + effort.starts * 2.0 * len(by_routes(scenarios)) + 1.0 * len(scenarios)

    def run(self) -> None:
        for start in range(self._effort.starts if self._scenarios else 0):
            what = "sending requests" if self._bench.record.remote else "starting the servers"
            self._bench.listener.now(f"start {start + 1} of {self._effort.starts}: {what}")
            for scenarios in by_routes(self._scenarios):
                contenders = [each for each in self._contenders if not self._bench.excluded(each.id, "")]
                with self._bench.up(contenders, scenarios[0]):
                    for scenario in scenarios:
                        self._scenario(scenario, start)
            self._bench.listener.keep(self._bench.record)

    def _scenario(self, scenario: Scenario, start: int) -> None:
        fitting = [each for each in self._contenders if each.mode not in scenario.without]
        if not fitting:
            return
        if scenario.stateful:
            self._bench.log_in_all(self._bench.left(fitting, scenario), scenario)
        if start == 0:
            check(self._bench, scenario, fitting)
            self._bench.listener.longer(sum(self._longer(each, scenario) for each in fitting))
        for contender in self._bench.left(fitting, scenario):
            self._warm_up(contender, scenario)
        if not self._bench.left(fitting, scenario):
            return
        with self._null(scenario) as null:
            for clients in numbers_of_clients(scenario, self._effort):
                for number in range(self._effort.rounds):
                    self._capacity(scenario, fitting, start, number, clients, null)
        if scenario.needs_websocket or not self._bench.record.placement.apart:
            return  # WebSocket messages have no due times, and on a shared core the client would delay the server
        fitting = [each for each in fitting if not each.twin]
        for rate in self._rates.setdefault(scenario.name, self._common_rates(scenario)):
            for number in range(self._effort.rounds):
                self._latency(scenario, fitting, start, number, rate)

    def _longer(self, contender: Entry, scenario: Scenario) -> float:
        """Return the change of the planned duration in seconds, once the first responses or an exclusion are known."""
        planned = _seconds(contender, scenario, self._effort, _usual(contender))
        if self._bench.excluded(contender.id, scenario.name):
            return -planned
        return _seconds(contender, scenario, self._effort, self._lasts(contender, scenario)) - planned

    def _lasts(self, contender: Entry, scenario: Scenario) -> float:
        """Return the duration of one slice of a contender in seconds, with the wait for the last responses."""
        alone = self._bench.alone.get((scenario.name, contender.id.removesuffix("#2")), 0.0)
        last = alone * (PROGRAMS if contender.mode == "cgi" else 1)
        return self._slice(contender, scenario)[0] + last + RAMP + BETWEEN

    @contextmanager
    def _null(self, scenario: Scenario) -> Iterator[Order | None]:
        """Yield an order to load a server that does nothing but send responses as long as those of the scenario.

        The rate of this server is the load client's own limit. Yield None if the length is unknown or the server is not
        available.
        """
        length = self._bench.length(scenario)
        if length is None:
            yield None
            return
        with self._bench.client.null(length, self._bench.record.placement.server) as order:
            if order is None:
                yield None
                return
            seen = self._bench.client.see(replace(order, kind="probe"))
            same = Answer(seen.status, seen.length, seen.sha256)
            yield replace(order, answer=same, seconds=WINDOW, ramp=RAMP)

    def _warm_up(self, contender: Entry, scenario: Scenario) -> None:
        self._bench.listener.now(f"warm-up: {contender.label}", scenario.name)
        until, rates = time.monotonic() + self._effort.warm, list[float]()
        while time.monotonic() < until and not steady(rates):
            order = self._closed(contender, scenario, max(scenario.connections))
            rates.append(self._bench.client.measure(order).rate)
        took = _warm_up(self._effort, self._lasts(contender, scenario))
        if took:
            self._bench.listener.measured(self._bench.record, took)

    def _capacity(
        self,
        scenario: Scenario,
        fitting: Sequence[Entry],
        start: int,
        number: int,
        clients: int,
        null: Order | None,
    ) -> None:
        """Measure one round: each contender once, and the server that does nothing."""
        numbers = sorted({min(clients, self._slice(each, scenario)[1]) for each in fitting})
        self._say(f"{' or '.join(map(str, numbers))} clients, closed loop", scenario, start, number)
        everybody = [*self._bench.left(fitting, scenario), *([None] if null else [])]
        name = f"{self._bench.record.seed}/{scenario.name}/{clients}/{start}/{number}"
        for contender in turns(everybody, name):
            if contender is not None:
                order = replace(self._closed(contender, scenario, clients), seed=zlib.crc32(name.encode()))
                self._measure(contender, scenario, order, start, number)
            elif null is not None:
                self._bench.measure_null(scenario, replace(null, connections=clients), start, number)
            took = SLICE if contender is None else self._lasts(contender, scenario)
            self._bench.listener.measured(self._bench.record, took)

    def _latency(self, scenario: Scenario, fitting: Sequence[Entry], start: int, number: int, rate: float) -> None:
        """Measure one round at a rate. Requests are due at the same times in every contender's slice."""
        self._say(f"{rate:,.0f} requests/s", scenario, start, number)
        name = f"{self._bench.record.seed}/{scenario.name}/{rate}/{start}/{number}"
        for contender in turns(self._bench.left(fitting, scenario), name):
            order = self._open(contender, scenario, rate, zlib.crc32(name.encode()))
            if order is not None:
                self._measure(contender, scenario, order, start, number)
            self._bench.listener.measured(self._bench.record, self._lasts(contender, scenario))

    def _measure(self, contender: Entry, scenario: Scenario, order: Order, start: int, number: int) -> None:
        """Measure a slice. Repeat it if it showed that the app's responses vary more than expected."""
        bench, cells = self._bench, self._bench.record.cells
        for repeated in range(REPEATS + 1):
            before = len(cells)
            bench.measure(contender, scenario, order, start, number)
            if scenario.role != "app" or len(cells) == before or repeated == REPEATS:
                return
            if not relearn(bench, scenario, cells[-1].measured):
                return
            cells.pop()
            bench.listener.longer(self._lasts(contender, scenario))
            bench.listener.measured(bench.record, self._lasts(contender, scenario))
            now = bench.order(contender, scenario)
            order = replace(order, mix=now.mix, answer=now.answer)

    def _say(self, what: str, scenario: Scenario, start: int, number: int) -> None:
        where = f"start {start + 1} of {self._effort.starts}, round {number + 1} of {self._effort.rounds}"
        self._bench.listener.now(f"{what}: {where}", scenario.name)

    def _closed(self, contender: Entry, scenario: Scenario, clients: int) -> Order:
        seconds, most = self._slice(contender, scenario)
        order = self._bench.order(contender, scenario)
        return replace(order, connections=min(clients, most), seconds=seconds, ramp=RAMP)

    def _open(self, contender: Entry, scenario: Scenario, rate: float, seed: int) -> Order | None:
        """Return an order for an open loop. A CGI contender that cannot handle the common rate gets a lower one.

        Return None if a CGI contender cannot handle any rate.
        """
        if contender.mode == "cgi":
            own = common_rates(self._capacities(scenario, [contender.id]), self._effort.shares)
            if not own:
                return None
            rate = self._own.setdefault((scenario.name, contender.id), min([rate, *own]))
        seconds, clients = self._slice(contender, scenario)[0], max(scenario.connections)
        order = replace(self._bench.order(contender, scenario), kind="open", rate=rate, seed=seed)
        return replace(order, connections=clients, seconds=seconds, ramp=RAMP, spin=self._bench.record.placement.apart)

    def _slice(self, contender: Entry, scenario: Scenario) -> tuple[float, int]:
        """Return the measured seconds and the maximum number of clients for which each client gets some responses."""
        alone = self._bench.alone.get((scenario.name, contender.id.removesuffix("#2")), 0.0)
        if contender.mode == "cgi":
            return min(LONGEST, max(LONGER, ANSWERS * alone)), PROGRAMS
        slowest = max((self._bench.alone.get((scenario.name, each.id), 0.0) for each in self._resident), default=0.0)
        return min(LONGEST, max(WINDOW, ANSWERS * slowest)), MANY if slowest < SLOW else FEW

    def _common_rates(self, scenario: Scenario) -> list[float]:
        if self._effort.rates:
            return [*self._effort.rates]
        among = self._resident or self._contenders
        return common_rates(self._capacities(scenario, [each.id for each in among]), self._effort.shares)

    def _capacities(self, scenario: Scenario, among: Sequence[str]) -> list[float]:
        """Return the known capacities of contenders without many failures, in responses per second."""
        found: dict[str, list[Cell]] = {}
        for cell in self._bench.record.cells:
            if (cell.scenario, cell.phase) == (scenario.name, "capacity") and cell.contender in among:
                found.setdefault(cell.contender, []).append(cell)
        return [
            throughput(cells)
            for cells in found.values()
            if sum(cell.measured.failures for cell in cells)
            <= UNTROUBLED * sum(cell.measured.answered for cell in cells)
            and throughput(cells) > 0
        ]


def _usual(contender: Entry) -> float:
    """Return the usual duration of a slice, in seconds."""
    return (LONGER if contender.mode == "cgi" else WINDOW) + RAMP + BETWEEN


def _seconds(contender: Entry, scenario: Scenario, effort: Effort, of_slice: float) -> float:
    """Return the total duration of a contender's slices for one scenario, over all starts, with warm-up, in seconds."""
    latency = 0 if scenario.needs_websocket or contender.twin else effort.of_latency
    slices = effort.rounds * (len(numbers_of_clients(scenario, effort)) + latency)
    return effort.starts * (slices * of_slice + _warm_up(effort, of_slice))


def _warm_up(effort: Effort, of_slice: float) -> float:
    """Return the longest duration of a warm-up in seconds: at least one slice."""
    return max(effort.warm, of_slice) if effort.warm else 0.0


def numbers_of_clients(scenario: Scenario, effort: Effort) -> list[int]:
    """Return the numbers of concurrent clients; each is measured."""
    return sorted({*scenario.connections, *(scenario.more if effort.thorough else ())})
