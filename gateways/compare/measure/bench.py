"""Where measurements are made: the client, the cores, the servers that run now, and the record that all goes into.

Knows servers, those that are started here and those that run already, and how one measurement is made. It must not
know in which order they are made, or why.
"""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from gateways.compare.load.meters import cpu, difference
from gateways.compare.load.order import Answer, Kind, Measured, Order, Part, Request, Seen, Trust
from gateways.compare.measure.asking import learn, sent
from gateways.compare.measure.folder import Folder
from gateways.compare.measure.reached import Reached
from gateways.compare.measure.remote import Site
from gateways.compare.measure.running import Running, await_listening, end
from gateways.compare.measure.warden import Warden
from gateways.compare.plan.contender import Contender
from gateways.compare.plan.scenarios import Scenario
from gateways.compare.plan.target import Target
from gateways.compare.record import NULL, Cell, Exclusion, Phase, Question, Record, Resources
from gateways.failure import Failure
from gateways.requests.session import Session
from gateways.requests.values import Missing

Entry = Contender | Site
"""A contender: a server that is started here, or one that runs already."""


class Asks(Protocol):
    """The load client, or several of them that do together what one is asked for."""

    def see(self, order: Order) -> Seen:
        """The answer to a probe."""

    def measure(self, order: Order) -> Measured:
        """What came of an order."""

    def null(self, length: int, cores: tuple[int, ...]) -> AbstractContextManager[Order | None]:
        """An order for a server that does nothing and answers `length` bytes; None if there is no such server."""

    def facts(self) -> dict[str, Any]:
        """Facts about the load clients, for the options of the record."""


class Listener(Protocol):
    """Receives progress, between measurements."""

    def now(self, what: str, scenario: str = "") -> None:
        """What is being done from now on."""

    def longer(self, seconds: float) -> None:
        """It will take so many seconds more than was planned, as far as is known now."""

    def measured(self, record: Record, planned: float) -> None:
        """Something has been measured that was planned to take so many seconds."""

    def keep(self, record: Record) -> None:
        """A good moment to write it down."""


@dataclass
class Bench:
    """One comparison's means."""

    client: Asks
    warden: Warden
    target: Target
    record: Record
    listener: Listener
    folder: Folder
    part: str = ""
    """The part of the folder for the modules of this bench's target."""
    host_header: str = ""
    reset: str = ""
    trust: Trust = field(default_factory=Trust)
    running: dict[str, Running | Reached] = field(default_factory=dict)
    alone: dict[tuple[str, str], float] = field(default_factory=dict)
    """By scenario and contender: the seconds that the slowest answer took when no other request was sent."""
    drawn: dict[str, list[int]] = field(default_factory=dict)
    """By scenario: the numbers of the requests of its mix that are sent under load."""
    sessions: dict[str, Session] = field(default_factory=dict)
    """By contender: the cookies and values of the server that runs now."""

    @contextmanager
    def up(self, contenders: Sequence[Entry], scenario: Scenario | None = None) -> Iterator[None]:
        """Run their servers while the block runs; those that do not start are excluded."""
        extra = scenario is not None and scenario.extra_routes
        cores = self.record.placement.server
        started: list[Running] = []
        if self.reset:
            self._reset()
        try:
            for each in contenders:
                if isinstance(each, Site):
                    self.running[each.id] = Reached(each)
                    continue
                launch = self.target.launch(each, extra=extra)
                where = self.folder.put(launch.files, f"{self.part}extra" if extra else self.part)
                running = Running(launch, where, self.folder.logs, cores)
                self.running[each.id] = running
                started.append(running)
                self.warden.watch(running.process.pid)
            for contender, why in await_listening(started).items():
                self.exclude(contender, "", why)
            yield
        finally:
            end(started, self.warden)
            self.running.clear()

    def _reset(self) -> None:
        """Run the command that prepares the data.

        Raises:
            Failure: it ends with another status than 0.
        """
        self.listener.now("prepares the data")
        done = subprocess.run(self.reset, shell=True, stdin=subprocess.DEVNULL, capture_output=True, check=False)  # noqa: S602
        if done.returncode:
            said = (done.stderr or done.stdout).decode("utf-8", "replace").strip().splitlines()
            last = f": {said[-1]}" if said else ""
            raise Failure(f"--reset: {self.reset!r} exited with status {done.returncode}{last}")

    def exclude(self, contender: str, scenario: str, why: str) -> None:
        """It is not measured any more, in this scenario or ("") in any."""
        self.record.exclusions.append(Exclusion(contender, scenario, why))

    def excluded(self, contender: str, scenario: str) -> bool:
        return any(each.contender == contender and each.scenario in {"", scenario} for each in self.record.exclusions)

    def left(self, contenders: Sequence[Entry], scenario: Scenario) -> list[Entry]:
        """Those that take part in it."""
        return [each for each in contenders if not self.excluded(each.id, scenario.name)]

    def see(self, contender: Entry, scenario: Scenario, number: int = 0) -> Seen:
        """Send one request, of a mix that with the number, and return the answer."""
        if not scenario.mix:
            return self._see(contender, scenario, scenario.request)
        session = self.sessions.setdefault(contender.id, Session())
        return self._see(contender, scenario, sent(session.prepared(scenario.mix[number])))

    def _see(self, contender: Entry, scenario: Scenario, request: Request) -> Seen:
        order = self._ask("probe", contender, request)
        return self.client.see(replace(order, timeout=max(10, scenario.timeout)))

    def log_in(self, contender: Entry, scenario: Scenario) -> None:
        """Begin a session with a server that has just started: send the login, and the requests that take values.

        A contender that does not accept the login is excluded.
        """
        session = self.sessions[contender.id] = Session()
        for recorded in (*scenario.login, *(each for each in scenario.mix if each.takes)):
            seen = self._see(contender, scenario, sent(session.prepared(recorded)))
            wrong = seen.status != recorded.expect if recorded.expect else seen.status >= 400
            try:
                if wrong or seen.error:
                    raise Missing(seen.error or f"it answers {seen.status}")
                learn(session, recorded, seen)
            except Missing as error:
                self.exclude(contender.id, scenario.name, f"login, {recorded.label}: {error}")
                return

    def order(self, contender: Entry, scenario: Scenario) -> Order:
        """An order for what the scenario asks: a closed loop, or an open one if the scenario has a rate."""
        running, behind = self.running[contender.id], scenario.behind
        kind: Kind = "websocket" if scenario.needs_websocket else "open" if scenario.rate else "closed"
        return replace(
            self._ask(kind, contender, self._request(contender, scenario)),
            mix=self._mix(contender, scenario),
            answer=self.answer_to(scenario),
            timeout=scenario.timeout,
            processes=running.processes,
            behind=behind and replace(behind, request=running.asked(behind.request)),
        )

    def _request(self, contender: Entry, scenario: Scenario) -> Request:
        """The only request, or the first of a mix."""
        if not scenario.mix:
            return scenario.request
        return sent(self.sessions.setdefault(contender.id, Session()).prepared(scenario.mix[0]))

    def _mix(self, contender: Entry, scenario: Scenario) -> tuple[Part, ...]:
        if len(scenario.mix) < 2:
            return ()
        running, session = self.running[contender.id], self.sessions.setdefault(contender.id, Session())
        question = self.question(scenario)
        parts = question.parts if question else ()
        return tuple(
            Part(running.asked(sent(session.prepared(scenario.mix[number]))), part.weight, part.answer)
            for number, part in zip(self.drawn[scenario.name], parts, strict=True)
        )

    def _ask(self, kind: Kind, contender: Entry, request: Request) -> Order:
        running = self.running[contender.id]
        return Order(
            kind,
            running.host,
            running.port,
            running.asked(request),
            tls=running.tls,
            host_header=self.host_header or running.host_header,
            trust=self.trust,
        )

    def measure(
        self, contender: Entry, scenario: Scenario, order: Order, start: int, number: int, *, alone: bool = False
    ) -> None:
        """Carry out an order, and record what came of it; if the server has ended meanwhile, exclude it instead.

        `alone`: it is a long run on a server of its own, which is watched meanwhile.
        """
        running = self.running[contender.id]
        before = peak = running.taken()
        spent = cpu(order.processes)
        if alone:
            with running.watched() as seen:
                measured = self.client.measure(order)
            peak = peak.most(seen.most)
        else:
            measured = self.client.measure(order)
        if contender.mode == "cgi" and isinstance(running, Running):
            running.await_programs(len(order.processes))
            _count_programs(measured, difference(cpu(order.processes), spent))
        try:
            running.check()
        except Failure as failure:
            self.exclude(contender.id, "", str(failure))
            return
        after = running.taken()
        phase: Phase = "long" if alone else "latency" if order.rate else "capacity"
        where = (scenario.name, phase, contender.id, start, number, order.connections, order.rate)
        self.record.cells.append(Cell(*where, measured, before, after, peak.most(after)))

    def measure_null(self, scenario: Scenario, order: Order, start: int, number: int) -> None:
        """Carry out an order for the server that does nothing."""
        measured, nothing = self.client.measure(order), Resources()
        where = (NULL, start, number, order.connections, 0.0)
        self.record.cells.append(Cell(scenario.name, "capacity", *where, measured, nothing, nothing, nothing))

    def question(self, scenario: Scenario) -> Question | None:
        """The scenario as it has been recorded; None before its check."""
        return next((each for each in self.record.questions if each.name == scenario.name), None)

    def answer_to(self, scenario: Scenario) -> Answer | None:
        """What every answer must be; None for a WebSocket, and for a mix, whose parts have answers of their own."""
        question = self.question(scenario)
        return question.answer if question else None

    def length(self, scenario: Scenario) -> int | None:
        """Bytes of a body, on average; None if answers have none, or none of a known length."""
        question = self.question(scenario)
        weighed = [(each.weight, each.answer.length) for each in question.parts] if question else []
        if question and question.answer:
            weighed = [(1.0, question.answer.length)]
        known = [(weight, length) for weight, length in weighed if length is not None]
        return round(sum(w * n for w, n in known) / sum(w for w, _ in known)) if known else None


def _count_programs(measured: Measured, spent: int | None) -> None:
    """A program's time is known when it has ended, perhaps after the window: so the whole order's is shared out."""
    every = measured.answered + measured.outside
    measured.server_cpu = None if spent is None or not every else spent * measured.answered // every
