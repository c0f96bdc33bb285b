"""Compute the figures of each request of a mix. Pure. Times are in seconds."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from gateways.compare.judge.figures import Percentiles
from gateways.compare.load.histogram import Histogram
from gateways.compare.load.order import Measured
from gateways.compare.question import MixRequest, Question
from gateways.compare.record import Cell, Entrant


@dataclass(frozen=True, slots=True)
class PartRow:
    """The figures of one contender for one request of a mix.

    rate: verified responses per second, from the same slices as the throughput of the mix. answer: the latencies of
    requests that are due at the rate `offered`. offered: the highest measured rate; 0 for the closed loop. failed: the
    number of failures of each kind, over all slices.
    """

    entrant: Entrant
    rate: float
    offered: float
    answer: Percentiles
    answered: int
    failed: dict[str, int]

    @property
    def lost_share(self) -> float:
        """Share of requests without the expected response."""
        failures = sum(self.failed.values())
        return failures / max(1, failures + self.answered)


@dataclass(frozen=True, slots=True)
class PartTable:
    """The table of one request of a mix. Its rows are the contenders, in the same order as in the table of the mix."""

    asked: MixRequest
    rows: tuple[PartRow, ...]


Slices = tuple[Entrant, Sequence[Cell], Sequence[Cell]]
"""A contender, the slices from which its throughput is computed, and all its slices in the scenario."""


def part_tables(question: Question, contenders: Sequence[Slices]) -> tuple[PartTable, ...]:
    """Return one table for each request of the mix."""
    return tuple(
        PartTable(asked, tuple(_row(number, *each) for each in contenders))
        for number, asked in enumerate(question.parts)
    )


def _row(number: int, entrant: Entrant, main: Sequence[Cell], every: Sequence[Cell]) -> PartRow:
    offered = max((cell.offered for cell in every), default=0.0)
    timed = [cell for cell in every if cell.offered == offered] if offered else main
    latency = Histogram.merged(cell.measured.parts[number].latency for cell in timed)
    window = sum(cell.measured.window for cell in main)
    failed: Counter[str] = Counter()
    for cell in every:
        failed.update(cell.measured.parts[number].failed)
    return PartRow(
        entrant=entrant,
        rate=sum(cell.measured.parts[number].answered for cell in main) * 1e9 / max(1, window),
        offered=offered,
        answer=Percentiles.of(latency),
        answered=sum(_all(cell.measured.parts[number]) for cell in every),
        failed=dict(failed),
    )


def _all(measured: Measured) -> int:
    return measured.answered + measured.outside
