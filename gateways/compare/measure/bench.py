"""The bench: the load client, the cores, the running servers, and the record of all measurements.

Knows servers (started here or already running), and how to make one measurement. It must not know the order or the
purpose of the measurements.
"""

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from gateways.compare.load.meters import cpu, difference
from gateways.compare.load.order import Answer, Kind, Measured, Order, Part, Request, Seen, Trust
from gateways.compare.machine import Resources
from gateways.compare.measure.folder import Folder
from gateways.compare.measure.reached import Reached
from gateways.compare.measure.remote import Site
from gateways.compare.measure.running import Running, await_listening, end
from gateways.compare.measure.sessions import ended, learn, sent
from gateways.compare.measure.tracebacks import raised
from gateways.compare.measure.warden import Warden
from gateways.compare.plan.contender import Contender
from gateways.compare.plan.scenarios import Scenario
from gateways.compare.plan.target import Target
from gateways.compare.question import Question
from gateways.compare.record import NULL, Cell, Exclusion, Phase, Record
from gateways.failure import Failure
from gateways.requests.request import Request as Recorded
from gateways.requests.session import Session
from gateways.requests.values import Missing
from gateways.serving.shell import run_shell
from gateways.serving.signals import deferred_signals

Entry = Contender | Site
"""A contender whose server is started here, or a running server."""


class LoadClients(Protocol):
    """One load client, or several load clients that share the work of each order."""

    def see(self, order: Order) -> Seen:
        """Return the response to a probe."""

    def measure(self, order: Order) -> Measured:
        """Carry out an order; return the measurement."""

    def null(self, length: int, cores: tuple[int, ...]) -> AbstractContextManager[Order | None]:
        """Return an order to load a server that does nothing and returns `length` bytes; None if there is no such
        server.
        """

    def facts(self) -> dict[str, Any]:
        """Return facts about the load clients. The record stores them in `options`."""


class Listener(Protocol):
    """Receives progress, between measurements."""

    def now(self, what: str, scenario: str = "") -> None:
        """Receive the current activity."""

    def longer(self, seconds: float) -> None:
        """Add a number of seconds to the planned duration."""

    def measured(self, record: Record, planned: float) -> None:
        """Receive the record after a measurement. `planned`: the planned duration of that measurement, in seconds."""

    def keep(self, record: Record) -> None:
        """Save the record, if the user wants a file. Called only between measurements."""


Clients = Callable[[tuple[int, ...], Warden, Listener], AbstractContextManager[LoadClients]]
"""Starts one or more load clients on these cores. They exit at the end of the block."""


@dataclass
class Bench:
    """The resources of one comparison."""

    client: LoadClients
    warden: Warden
    target: Target
    record: Record
    listener: Listener
    folder: Folder
    part: str = ""
    """Subfolder for the modules of this bench's target."""
    host_header: str = ""
    reset: str = ""
    trust: Trust = field(default_factory=Trust)
    running: dict[str, Running | Reached] = field(default_factory=dict)
    alone: dict[tuple[str, str], float] = field(default_factory=dict)
    """Time of the slowest response without load, in seconds, by scenario and contender."""
    drawn: dict[str, list[int]] = field(default_factory=dict)
    """For each scenario, the indices of the requests of the mix that are sent under load."""
    sessions: dict[str, Session] = field(default_factory=dict)
    """Cookies and values of the running server, by contender."""
    references: dict[str, Entry] = field(default_factory=dict)
    """For each scenario, the contender whose responses all others must match."""
    bodies: dict[str, bytes] = field(default_factory=dict)
    """Expected bodies, by digest, except large ones."""
    logouts: set[Recorded] = field(default_factory=set)
    """Requests that end a session. They are not sent again, because later requests need the session."""

    @contextmanager
    def up(self, contenders: Sequence[Entry], scenario: Scenario | None = None) -> Iterator[None]:
        """Run the servers of the contenders during the block. Exclude a contender if its server does not start."""
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
                with deferred_signals():
                    running = Running(launch, where, self.folder.logs, cores)
                    started.append(running)
                    self.warden.watch(running.process.pid)
                self.running[each.id] = running
            for contender, why in await_listening(started).items():
                self.exclude(contender, "", why)
            yield
        finally:
            end(started, self.warden)
            self.running.clear()

    def _reset(self) -> None:
        """Run the command that prepares the data.

        Raises:
            Failure: its exit status is not 0.
        """
        self.listener.now("preparing the data")
        status, last = run_shell(self.reset)
        if status:
            raise Failure(f"--reset: {self.reset!r} exited with status {status}{f': {last}' if last else ''}")

    def exclude(self, contender: str, scenario: str, why: str) -> None:
        """Exclude a contender from a scenario; if `scenario` is "", from all."""
        self.record.exclusions.append(Exclusion(contender, scenario, why))

    def excluded(self, contender: str, scenario: str) -> bool:
        return any(each.contender == contender and each.scenario in {"", scenario} for each in self.record.exclusions)

    def left(self, contenders: Sequence[Entry], scenario: Scenario) -> list[Entry]:
        """Return the contenders of the scenario that are not excluded."""
        return [each for each in contenders if not self.excluded(each.id, scenario.name)]

    def see(self, contender: Entry, scenario: Scenario, number: int = 0) -> Seen:
        """Send one request and return the response. `number`: the index of a request in a mix."""
        if not scenario.mix:
            return self._see(contender, scenario, scenario.request)
        session = self.sessions.setdefault(contender.id, Session())
        return self._see(contender, scenario, sent(session.prepared(scenario.mix[number])))

    def _see(self, contender: Entry, scenario: Scenario, request: Request) -> Seen:
        order = self._ask("probe", contender, request)
        return self.client.see(replace(order, timeout=max(10, scenario.timeout)))

    def log_in_all(self, contenders: Sequence[Entry], scenario: Scenario) -> None:
        """Begin a session with each new server.

        All contenders get the same requests, because otherwise their apps would have different data. This includes a
        logout, which is recognised by the first contender's response and then sent to the others too.
        """
        known = frozenset(self.logouts)
        for contender in contenders:
            self.log_in(contender, scenario, known)

    def log_in(self, contender: Entry, scenario: Scenario, out: AbstractSet[Recorded] | None = None) -> None:
        """Begin a session with a new server. Exclude the contender if a request fails that changes data or takes a
        value, if a status is not the expected one, or if a value is missing.

        out: requests that are not sent. Default: the known logouts.
        """
        if why := self._begin_session(contender, scenario, self.logouts if out is None else out):
            self.exclude(contender.id, scenario.name, why)

    def log_in_again(self, contender: Entry, scenario: Scenario) -> bool:
        """Begin another session with the same server. If the server refuses, keep the session and return False. For
        example, an app may accept a registration only once.
        """
        before = self.sessions[contender.id]
        if not self._begin_session(contender, scenario, self.logouts):
            return True
        self.sessions[contender.id] = before
        return False

    def _begin_session(self, contender: Entry, scenario: Scenario, out: AbstractSet[Recorded]) -> str:
        """Begin a session without the requests `out`. Return the reason if the server refuses the session, else ""."""
        session = self.sessions[contender.id] = Session()
        for recorded in scenario.login:
            if recorded in out:
                continue
            seen = self._see(contender, scenario, sent(session.prepared(recorded)))
            if ended(session, recorded, seen):
                self.logouts.add(recorded)
                return self._begin_session(contender, scenario, {*out, recorded})
            wrong = seen.status != recorded.expect if recorded.expect else _is_refused(recorded, seen)
            try:
                if wrong or seen.error:
                    raise Missing(seen.error or f"it responds with {seen.status}")
                learn(session, recorded, seen)
            except Missing as error:
                return f"login, {recorded.label}: {error}"
        return ""

    def order(self, contender: Entry, scenario: Scenario) -> Order:
        """Return an order for the scenario: WebSocket messages, an open loop if it has a rate, or a closed loop."""
        running, behind = self.running[contender.id], scenario.behind
        kind: Kind = "websocket" if scenario.needs_websocket else "open" if scenario.rate else "closed"
        return replace(
            self._ask(kind, contender, self._request(contender, scenario)),
            mix=self._mix(contender, scenario),
            answer=self.answer_to(scenario),
            timeout=scenario.timeout,
            processes=running.processes,
            behind=behind and replace(behind, request=running.for_server(behind.request)),
        )

    def _request(self, contender: Entry, scenario: Scenario) -> Request:
        """Return the request of the scenario; for a mix, its first request."""
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
            Part(running.for_server(sent(session.prepared(scenario.mix[number]))), part.weight, part.answer)
            for number, part in zip(self.drawn[scenario.name], parts, strict=True)
        )

    def _ask(self, kind: Kind, contender: Entry, request: Request) -> Order:
        running = self.running[contender.id]
        return Order(
            kind,
            running.host,
            running.port,
            running.for_server(request),
            tls=running.tls,
            host_header=self.host_header or running.host_header,
            trust=self.trust,
        )

    def measure(
        self, contender: Entry, scenario: Scenario, order: Order, start: int, number: int, *, alone: bool = False
    ) -> None:
        """Carry out an order and record the measurement. If the server exits, exclude the contender instead.

        alone: True for a long run. Its server was started for this run, and the function samples the server's
        resources.
        """
        running = self.running[contender.id]
        before, logged = running.taken(), running.log_size()
        peak = before
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
        if measured.failures or measured.retried:
            measured.raised = raised(running.log_from(logged))
        after = running.taken()
        phase: Phase = "long" if alone else "latency" if order.rate else "capacity"
        where = (scenario.name, phase, contender.id, start, number, order.connections, order.rate)
        self.record.cells.append(Cell(*where, measured, before, after, peak.most(after)))

    def measure_null(self, scenario: Scenario, order: Order, start: int, number: int) -> None:
        """Carry out an order on the server that does nothing."""
        measured, nothing = self.client.measure(order), Resources()
        where = (NULL, start, number, order.connections, 0.0)
        self.record.cells.append(Cell(scenario.name, "capacity", *where, measured, nothing, nothing, nothing))

    def question(self, scenario: Scenario) -> Question | None:
        """Return the recorded question of a scenario; None before its check."""
        return next((each for each in self.record.questions if each.name == scenario.name), None)

    def answer_to(self, scenario: Scenario) -> Answer | None:
        """Return the expected response; None for a WebSocket, and for a mix, whose requests have their own."""
        question = self.question(scenario)
        return question.answer if question else None

    def length(self, scenario: Scenario) -> int | None:
        """Return the average body length in bytes; None if unknown or without a body."""
        question = self.question(scenario)
        weighed = [(each.weight, each.answer.length) for each in question.parts] if question else []
        if question and question.answer:
            weighed = [(1.0, question.answer.length)]
        known = [(weight, length) for weight, length in weighed if length is not None]
        return round(sum(w * n for w, n in known) / sum(w for w, _ in known)) if known else None


def _count_programs(measured: Measured, spent: int | None) -> None:
    """Set the CPU time of CGI programs in the window to a share of their CPU time in the whole order.

    The CPU time of a program is known only after its exit, which may be after the window.
    """
    every = measured.answered + measured.outside
    measured.server_cpu = None if spent is None or not every else spent * measured.answered // every


def _is_refused(request: Recorded, seen: Seen) -> bool:
    """Return True if a request that changes data or takes a value failed, but not with the recorded status."""
    return seen.status >= 400 and seen.status != request.recorded and bool(request.takes or not request.is_safe)
