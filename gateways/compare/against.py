"""Two comparisons held against each other: what has become slower, beyond what noise explains. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gateways.compare import inference
from gateways.compare.analysis import Section, rate_of, sections
from gateways.compare.figures import Row
from gateways.compare.inference import Starts
from gateways.compare.limits import ERRORS
from gateways.compare.record import NULL, Cell, Record
from gateways.compare.words import interval, micros, rate, share, times

LEAST = 0.03
"""No smaller change is called one, however quiet the machine: two runs are never quite the same."""
ENOUGH = 5
"""Runs, or slices, of both that are needed for a claim."""


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a contender in a scenario. `regression`: it is worse than before, beyond the noise."""

    what: str
    regression: bool


def changes(new: Record, old: Record) -> list[Change]:
    """What differs from the old comparison, in the scenarios that both have measured."""
    found = []
    before = {(section.question.name, section.connections): section for section in sections(old)}
    for section in sections(new):
        earlier = before.get((section.question.name, section.connections))
        if earlier is not None and section.headline == "rate":
            for row in section.rows:
                own = earlier.row(row.figures.entrant.id)
                if own is not None:
                    found += _changes(new, old, (section, row), (earlier, own))
    return found


def _changes(new: Record, old: Record, now: tuple[Section, Row], then: tuple[Section, Row]) -> list[Change]:
    section, row = now
    figures, before = row.figures, then[1].figures
    name = f"{section.question.name}, {section.connections:,} clients: {figures.entrant.label}"
    if figures.lost_share > ERRORS and figures.lost_share > 2 * before.lost_share:
        return [
            Change(f"{name} loses {share(figures.lost_share)} of its answers; it lost {share(before.lost_share)}", True)
        ]
    rates = _rates(new, section, row), _rates(old, *then)
    ratio = inference.unpaired(*rates, new.seed)
    if ratio is None or min(sum(map(len, each)) for each in rates) < ENOUGH:
        return [Change(f"{name}: too few runs to be held against each other", False)]
    floor = max(LEAST, section.floor or 0.0, then[0].floor or 0.0, machine_changed(new, old, section.question.name))
    said = f"{name} answers {rate(figures.rate)} a second, {times(ratio.value)} times the {rate(before.rate)} of before"
    said += f" ({interval(ratio)})" if interval(ratio) else ""
    if ratio.high < 1 and -math.log(ratio.value) > math.log1p(floor):
        return [Change(f"{said}: slower; CPU an answer {micros(figures.cpu)}, was {micros(before.cpu)}", True)]
    if ratio.low > 1 and math.log(ratio.value) > math.log1p(floor):
        return [Change(f"{said}: faster", False)]
    return [Change(f"{said}: no difference seen", False)]


def machine_changed(new: Record, old: Record, scenario: str) -> float:
    """By which share the machine itself is faster or slower than then: the server that does nothing tells."""
    null = inference.unpaired(_grouped(_null(new, scenario)), _grouped(_null(old, scenario)), new.seed)
    return 0.0 if null is None or null.low <= 1 <= null.high else math.expm1(abs(math.log(null.value)))


def differences(new: Record, old: Record) -> list[str]:
    """What else differs between the two, so that a change may have another reason than the app."""
    pairs = [
        ("the CPU", old.machine.cpu, new.machine.cpu),
        ("the system", old.machine.system, new.machine.system),
        ("Python", old.machine.python, new.machine.python),
        ("the target", old.target, new.target),
    ]
    earlier, later = old.machine.packages, new.machine.packages
    pairs += [(name, earlier.get(name, "none"), later.get(name, "none")) for name in sorted(earlier | later)]
    return [f"{what} was {before}, and is {after}" for what, before, after in pairs if before != after]


def _null(record: Record, scenario: str) -> list[Cell]:
    return [cell for cell in record.cells if cell.scenario == scenario and cell.contender == NULL]


def _rates(record: Record, section: Section, row: Row) -> Starts[float]:
    return _grouped(
        [
            cell
            for cell in record.cells
            if (cell.scenario, cell.contender) == (section.question.name, row.figures.entrant.id)
            and cell.connections == row.figures.connections
            and not cell.offered
        ]
    )


def _grouped(cells: Sequence[Cell]) -> Starts[float]:
    """The rates of each start."""
    return [
        [rate_of(cell) for cell in cells if cell.start == start] for start in sorted({cell.start for cell in cells})
    ]
