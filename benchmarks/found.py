"""What was found by comparing: figures by scenario and contender, and which differences between them are claimed. Pure.

Knows the tables of a comparison. It must not know what anybody says of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from gateways.compare.judge.analysis import ONE_RUN, Section
from gateways.compare.judge.figures import Figures, Row
from gateways.compare.judge.words import rate


class Missing(Exception):
    """A figure that a claim needs is not there; the text says which."""


@dataclass(frozen=True)
class Found:
    """All figures, by scenario and contender. `repeated`: was each scenario asked for measured more than once?"""

    sections: Sequence[Section]
    repeated: dict[str, bool] = field(default_factory=dict)

    def of(self, scenario: str, contender: str, *, failing: bool = False) -> Figures:
        """Raises Missing if it was not measured, or fails too often to be claimed anything of."""
        return self.row(scenario, contender, failing=failing)[1].figures

    def row(self, scenario: str, contender: str, *, failing: bool = False) -> tuple[Section, Row]:
        """The same, with what it is compared with."""
        for section, row in self._rows(scenario):
            held = section.headline == "room"  # there others that are not answered are the finding
            if row.figures.entrant.id == contender and (failing or held or _claimable(row)):
                return section, row
        raise Missing(f"{contender} in {scenario}")

    def all_of(self, scenario: str, mode: str) -> list[Figures]:
        """Those of a mode, the best first."""
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
        """Does it answer more a second, and is that difference claimed in the table, too?"""
        (section, row), (_, beside) = self.row(scenario, one), self.row(scenario, other)
        return row.figures.rate > beside.figures.rate and section.apart(one, other)

    def beside(self, scenario: str, *contenders: str) -> str:
        """Their rates; of two that cannot be told apart it is said."""
        rows = [self.row(scenario, each) for each in contenders]
        said = ", ".join([f"{_rate(rows[0][1])} a second", *(_rate(row) for _, row in rows[1:])])
        alike = len(rows) == 2 and not rows[0][0].apart(*contenders)
        return f"{said} (no difference seen)" if alike else said

    def least(self, scenario: str) -> float:
        """The factor up to which nothing is claimed."""
        section = next(section for section, _ in self._rows(scenario))
        return 1 + ((section.floor or 0.0) if section.repeated else ONE_RUN)


def _claimable(row: Row) -> bool:
    """Who may do more than the client could ask for is claimed to do that much."""
    return row.ranked or row.limit == "client"


def _rate(row: Row) -> str:
    return f"{row.figures.entrant.label} {'≥ ' if row.limit == 'client' else ''}{rate(row.figures.rate)}"
