"""Find the figures of a comparison by scenario and contender, and the significant differences. Pure.

Knows the tables of a comparison. It must not know the claims that use them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from gateways.compare.judge.analysis import ONE_RUN, Section
from gateways.compare.judge.figures import Figures, Row
from gateways.compare.judge.words import rate, together


class Missing(Exception):
    """A claim needs a figure that was not measured. The message names the figure."""


@dataclass(frozen=True)
class Found:
    """All figures, by scenario and contender.

    `repeated` contains the scenarios that were looked up, with True if the scenario was measured more than once.
    """

    sections: Sequence[Section]
    repeated: dict[str, bool] = field(default_factory=dict)

    def of(self, scenario: str, contender: str, *, failing: bool = False) -> Figures:
        """Return a contender's figures. Raises Missing if the contender was not measured, or lost too many requests."""
        return self.row(scenario, contender, failing=failing)[1].figures

    def row(self, scenario: str, contender: str, *, failing: bool = False) -> tuple[Section, Row]:
        """Return a contender's row, and its section."""
        for section, row in self._rows(scenario):
            by_held_clients = section.headline == "room"  # in that scenario, the number of lost requests is the result
            if row.figures.entrant.id == contender and (failing or by_held_clients or _claimable(row)):
                return section, row
        raise Missing(f"{contender} in {scenario}")

    def all_of(self, scenario: str, mode: str) -> list[Figures]:
        """Return the figures of a mode's contenders, with the best one first."""
        every = [row.figures for _, row in self._rows(scenario) if _claimable(row)]
        found = [each for each in every if each.entrant.mode == mode]
        if not found:
            raise Missing(f"{mode} in {scenario}")
        return sorted(found, key=lambda each: -each.rate)

    def _rows(self, scenario: str) -> Iterator[tuple[Section, Row]]:
        for section in self.sections:
            if section.question.name == scenario:
                self.repeated[scenario] = section.repeated
                yield from ((section, row) for row in section.rows)

    def faster(self, scenario: str, one: str, other: str) -> bool:
        """Return True if `one` has the higher rate and the difference is significant."""
        (section, row), (_, beside) = self.row(scenario, one), self.row(scenario, other)
        return row.figures.rate > beside.figures.rate and section.apart(one, other)

    def beside(self, scenario: str, *contenders: str) -> str:
        """Return the rates of contenders as text. If two contenders do not differ significantly, the text says so."""
        rows = [self.row(scenario, each) for each in contenders]
        text = together([_rate(rows[0][1], " requests/s"), *(_rate(row) for _, row in rows[1:])])
        alike = len(rows) == 2 and not rows[0][0].apart(*contenders)
        return f"{text} (no difference seen)" if alike else text

    def least(self, scenario: str) -> float:
        """Return the smallest factor that counts as a difference."""
        section = next(section for section, _ in self._rows(scenario))
        return 1 + ((section.floor or 0.0) if section.repeated else ONE_RUN)


def _claimable(row: Row) -> bool:
    """Return True if the contender is ranked, or if the load client was its bottleneck."""
    return row.ranked or row.limit == "client"


def _rate(row: Row, unit: str = "") -> str:
    """Return rate and label, with ≥ if the load client was the bottleneck."""
    return f"{'≥ ' if row.limit == 'client' else ''}{rate(row.figures.rate)}{unit} with {row.figures.entrant.label}"
