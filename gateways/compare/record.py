"""The record of a comparison, and its JSON file. Pure.

`schema` is its version: the minor number grows when keys are added, the major number when a key changes its meaning.
Reports are computed from the record alone.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, Self

from gateways.compare.load.order import Measured
from gateways.compare.machine import Machine, Placement, Resources
from gateways.compare.made import made
from gateways.compare.question import Question

NAME, MAJOR, MINOR = "gateways-compare", 1, 2
SCHEMA = f"{NAME}/{MAJOR}.{MINOR}"

Phase = Literal["capacity", "latency", "long"]
"""capacity: slices of a closed loop. latency: slices of an open loop at a fixed rate. long: a closed or open loop, on a
server that is started for this run only."""


@dataclass(frozen=True)
class Entrant:
    """A contender.

    command, environment: they start the server; {port} stands for the port.
    files: the texts of the modules and programs that the command needs, by file name. The files are in the folder that
    PYTHONPATH in `environment` names. Without PYTHONPATH, the files no longer exist. To run the command again, write
    them to the current folder.
    workers: the number of worker processes. cores: the number of cores that they can use.
    """

    id: str
    label: str
    mode: str
    server: str
    adapter: str
    threads: int | None
    command: tuple[str, ...]
    environment: dict[str, str]
    twin_of: str = ""
    files: dict[str, str] = field(default_factory=dict)
    workers: int = 1
    cores: int = 1


@dataclass(frozen=True)
class Exclusion:
    """A contender that is not measured in a scenario, and the reason. If the scenario is "", the contender is not
    measured at all.
    """

    contender: str
    scenario: str
    why: str


NULL = "null"
"""Contender id for slices with the server that does nothing. These slices show the limit of the load client."""


@dataclass(frozen=True)
class Cell:
    """One slice, or one long run. offered: the rate at which requests were due; 0 for a closed loop.

    before, after: the server's resources before and after the measurement. peak: their maximum during a long run; for a
    slice, the larger of the two.
    """

    scenario: str
    phase: Phase
    contender: str
    start: int
    round: int
    connections: int
    offered: float
    measured: Measured
    before: Resources
    after: Resources
    peak: Resources

    def to_json(self) -> dict[str, Any]:
        plain = {each.name: getattr(self, each.name) for each in fields(self)}
        taken = {name: asdict(plain[name]) for name in ("before", "after", "peak")}
        return plain | taken | {"measured": self.measured.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        taken = {name: made(Resources, data[name]) for name in ("before", "after", "peak")}
        return made(cls, {**data, **taken, "measured": Measured.from_json(data["measured"])})


@dataclass
class Record:
    """A comparison. Times are ISO 8601; `reference` is the id of the contender with which the others are compared."""

    created: str
    version: str
    seed: int
    target: str
    options: dict[str, Any]
    machine: Machine
    placement: Placement
    reference: str
    finished: str = ""
    interrupted: bool = False
    entrants: list[Entrant] = field(default_factory=list)
    exclusions: list[Exclusion] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)

    def entrant(self, contender: str) -> Entrant:
        return next(each for each in self.entrants if each.id == contender)

    @property
    def remote(self) -> bool:
        """Return True if the comparison did not start the servers. Then only their responses are known."""
        return any(each.mode == "url" for each in self.entrants)

    @property
    def setting(self) -> str:
        """Describe the machines of servers and clients in one or two sentences."""
        if self.remote:
            text = "The servers were already running; only their responses are known"
        else:
            most = max((each.workers for each in self.entrants), default=1)
            workers = "one worker process" if most == 1 else f"{most} worker processes"
            text = f"Loopback, one machine, {workers}, no TLS, no proxy in front"
        hosts = Counter(each["host"] for each in self.options.get("machines", ()))
        by = ", ".join(f"{number} on {host}" for host, number in hosts.items())
        return f"{text}. Measured by {hosts.total()} locust workers: {by}." if hosts else f"{text}."

    @property
    def empty(self) -> bool:
        """Return True if no contender was measured."""
        return all(cell.contender == NULL for cell in self.cells)

    @property
    def twin(self) -> str:
        """Return the id of the twin of the reference; "" without a twin."""
        return next((each.id for each in self.entrants if each.twin_of), "")

    def to_json(self) -> dict[str, Any]:
        plain = {each.name: getattr(self, each.name) for each in fields(self)}
        lists = {name: [asdict(each) for each in plain[name]] for name in ("entrants", "exclusions", "questions")}
        single = {name: asdict(plain[name]) for name in ("machine", "placement")}
        return {"schema": SCHEMA} | plain | single | lists | {"cells": [cell.to_json() for cell in self.cells]}

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Return the record from the result of to_json().

        Raises: ValueError: not a record, or a record of an incompatible version.
        """
        schema = data.get("schema") if isinstance(data, dict) else None
        if not isinstance(schema, str) or not schema.startswith(f"{NAME}/"):
            raise ValueError(f"not a file of gateways compare: its schema is {schema!r} instead of {SCHEMA!r}")
        if schema.partition("/")[2].partition(".")[0] != str(MAJOR):
            raise ValueError(f"its schema is {schema!r}; this version of gateways reads {NAME}/{MAJOR}")
        try:
            return cls._from_json(data)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"damaged: {type(error).__name__}: {error}") from error

    @classmethod
    def _from_json(cls, data: dict[str, Any]) -> Self:
        return made(
            cls,
            data
            | {
                "machine": made(Machine, data["machine"]),
                "placement": Placement(**{name: tuple(cores) for name, cores in data["placement"].items()}),
                "entrants": [made(Entrant, each | {"command": tuple(each["command"])}) for each in data["entrants"]],
                "exclusions": [made(Exclusion, each) for each in data["exclusions"]],
                "questions": [Question.from_json(each) for each in data["questions"]],
                "cells": [Cell.from_json(each) for each in data["cells"]],
            },
        )
