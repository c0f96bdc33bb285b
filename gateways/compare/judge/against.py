"""Compare two comparisons: find the contenders that have become slower, beyond the noise. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gateways.compare.judge import inference
from gateways.compare.judge.analysis import Section, sections
from gateways.compare.judge.figures import Row
from gateways.compare.judge.inference import Ratio
from gateways.compare.judge.limits import ERRORS
from gateways.compare.judge.pairing import Of, cpu_of, grouped, rates_unpaired
from gateways.compare.judge.words import interval, micros, rate, share, times
from gateways.compare.record import NULL, Cell, Record

LEAST = 0.05
"""Smallest reported change, as a share. Two runs always differ a little."""
ENOUGH = 5
"""Minimum number of runs or slices in each comparison. With fewer, only more lost responses are reported."""


@dataclass(frozen=True, slots=True)
class Change:
    """The change of a contender in a scenario. `regression`: True if the contender has become worse by more
    than the noise.
    """

    what: str
    regression: bool


def changes(new: Record, old: Record) -> list[Change]:
    """Return the changes since the old comparison, for the scenarios that both have and that compare throughput."""
    found = []
    before = {_key(section): section for section in sections(old)}
    for section in sections(new):
        earlier = before.get(_key(section))
        if earlier is not None and section.headline == "rate":
            for row in section.rows:
                own = earlier.row(row.figures.entrant.id)
                if own is not None:
                    found += _changes(new, old, (section, row), (earlier, own))
    return found


def _key(section: Section) -> tuple[str, int]:
    """Return a key that equal sections of two comparisons share.

    For a long run, the key contains the number of clients. For slices, it does not.
    """
    return section.question.name, 0 if section.quick else section.connections


def _changes(new: Record, old: Record, now: tuple[Section, Row], then: tuple[Section, Row]) -> list[Change]:
    section, row = now
    figures, before = row.figures, then[1].figures
    name = f"{section.question.name}, {section.connections:,} clients: {figures.entrant.label}"
    if figures.lost_share > ERRORS and figures.lost_share > 2 * before.lost_share:
        what = f"{name} loses {share(figures.lost_share)} of its responses; before: {share(before.lost_share)}"
        return [Change(what, True)]
    cells = _cells(new, section, row), _cells(old, *then)
    if min(map(len, cells)) < ENOUGH:
        return [Change(f"{name}: too few runs to compare", False)]
    floor = max(LEAST, section.floor or 0.0, then[0].floor or 0.0)
    answers = rates_unpaired(*cells, new.seed)
    machine = rates_unpaired(_null(new, section), _null(old, section), new.seed)
    sentence = f"{name} serves {rate(figures.rate)} requests per second, {{}} times the previous {rate(before.rate)}"
    found = [_judged(sentence, answers, floor, machine, more_is_worse=False)]
    spent = _unpaired(*cells, cpu_of, new.seed)
    if spent is not None:
        sentence = (
            f"{name} needs {micros(figures.cpu)} of CPU per response, {{}} times the previous {micros(before.cpu)}"
        )
        machine = _unpaired(_null(new, section), _null(old, section), cpu_of, new.seed)
        found.append(_judged(sentence, spent, floor, machine, more_is_worse=True))
    return [each for each in found if each is not None]


def _judged(
    sentence: str, ratio: Ratio | None, floor: float, machine: Ratio | None, *, more_is_worse: bool
) -> Change | None:
    """Return the change, which may be "no difference" within the noise. Return None if the ratio is unknown.

    machine: the change of the server that does nothing. Only the machine can have caused this change.
    """
    if ratio is None:
        return None
    if machine is not None and not machine.low <= 1 <= machine.high:
        floor = max(floor, math.expm1(abs(math.log(machine.value))))
    bounds = f" ({interval(ratio)})" if interval(ratio) else ""
    what = sentence.format(times(ratio.value)) + bounds
    if ratio.tie(floor):
        return Change(f"{what}: no difference", False)
    worse = (ratio.value > 1) == more_is_worse
    return Change(f"{what}: {'worse' if worse else 'better'}", worse)


def _unpaired(cells: Sequence[Cell], others: Sequence[Cell], of: Of, seed: int) -> Ratio | None:
    return inference.unpaired(grouped(cells, of), grouped(others, of), seed)


def differences(new: Record, old: Record) -> list[str]:
    """Return other differences between the two comparisons, which may explain a change."""
    pairs = [
        ("the CPU", old.machine.cpu, new.machine.cpu),
        ("the system", old.machine.system, new.machine.system),
        ("Python", old.machine.python, new.machine.python),
        ("the target", old.target, new.target),
    ]
    earlier, later = old.machine.packages, new.machine.packages
    pairs += [(name, earlier.get(name, "absent"), later.get(name, "absent")) for name in sorted(earlier | later)]
    return [f"{what}: {before} before, {after} now" for what, before, after in pairs if before != after]


def _null(record: Record, section: Section) -> list[Cell]:
    return [cell for cell in record.cells if (cell.scenario, cell.contender) == (section.question.name, NULL)]


def _cells(record: Record, section: Section, row: Row) -> list[Cell]:
    """Return the cells from which the throughput of the row is computed."""
    return [
        cell
        for cell in record.cells
        if (cell.scenario, cell.contender) == (section.question.name, row.figures.entrant.id)
        and cell.connections == row.figures.connections
        and not cell.offered
    ]
