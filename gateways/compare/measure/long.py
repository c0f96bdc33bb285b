"""Measure the long scenarios, one contender at a time. A server is started for each run.

An overloaded server may continue to work for disconnected clients. Such work cannot affect the next run, because each
run has a new server. Knows the order of the runs. It must not know how one measurement is made.
"""

import zlib
from collections.abc import Sequence
from dataclasses import replace

from gateways.compare.measure.bench import Bench, Entry
from gateways.compare.measure.checks import check
from gateways.compare.measure.quick import numbers_of_clients
from gateways.compare.plan.effort import Effort, turns
from gateways.compare.plan.scenarios import Scenario, by_routes

RAMP = 0.2
START = 1.5
"""Approximate time to start and stop a server, in seconds."""


class Long:
    """The long scenarios of a comparison."""

    def __init__(self, bench: Bench, contenders: Sequence[Entry], scenarios: Sequence[Scenario], effort: Effort):
        self._bench, self._scenarios, self._effort = bench, scenarios, effort
        self._contenders = [each for each in contenders if not each.twin]

    @staticmethod
    def planned(contenders: int, scenarios: Sequence[Scenario], effort: Effort) -> float:
        """Return the approximate duration, in seconds."""
        runs = (len(numbers_of_clients(each, effort)) * (_planned(each) + START) for each in scenarios)
        checks = sum(START / contenders + (each.service or 0.1) for each in scenarios) if contenders else 0
        return contenders * (effort.runs * sum(runs) + checks)

    def run(self) -> None:
        for scenarios in by_routes(self._scenarios):
            self._bench.listener.now("sending requests" if self._bench.record.remote else "starting the servers")
            contenders = [each for each in self._contenders if not self._bench.excluded(each.id, "")]
            with self._bench.up(contenders, scenarios[0]):
                for scenario in scenarios:
                    check(self._bench, scenario, contenders)
        for number in range(self._effort.runs):
            for scenario in self._scenarios:
                self._scenario(scenario, number)

    def _scenario(self, scenario: Scenario, number: int) -> None:
        for clients in numbers_of_clients(scenario, self._effort):
            name = f"{self._bench.record.seed}/{scenario.name}/{clients}/{number}"
            for contender in turns(self._bench.left(self._contenders, scenario), name):
                self._run(contender, scenario, clients, number, zlib.crc32(name.encode()))
                self._bench.listener.measured(self._bench.record, _planned(scenario) + START)
                self._bench.listener.keep(self._bench.record)

    def _run(self, contender: Entry, scenario: Scenario, clients: int, number: int, seed: int) -> None:
        behind = scenario.behind
        clients_text = f"{clients} clients" if behind is None else f"{behind.connections} clients {_DOING[behind.kind]}"
        self._bench.listener.now(f"{clients_text}: {contender.label}", scenario.name)
        with self._bench.up([contender], scenario):
            if self._bench.excluded(contender.id, scenario.name):
                return
            order = replace(
                self._bench.order(contender, scenario),
                connections=clients,
                seconds=scenario.seconds,
                ramp=RAMP,
                rate=scenario.rate,
                seed=seed,
            )
            self._bench.measure(contender, scenario, order, number, 0, alone=True)


_DOING = {"slow": "read slowly", "held": "hold a stream"}


def _planned(scenario: Scenario) -> float:
    """Return the duration of a run in seconds, with the wait for the last responses. This wait is long if the server
    runs few requests at a time.
    """
    return RAMP + scenario.seconds + (2.0 if scenario.service else 0.5)
