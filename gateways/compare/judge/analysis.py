"""Analyse a record. For each scenario, compute, sort and compare the figures of the contenders. Pure."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import cast

from gateways.compare.judge import inference, limits
from gateways.compare.judge.figures import Figures, Row, figures, knee
from gateways.compare.judge.inference import Ratio
from gateways.compare.judge.pairing import compared, cpu_of, rate_of, rates_compared, throughput
from gateways.compare.judge.parts import PartTable, part_tables
from gateways.compare.plan.scenarios import Headline
from gateways.compare.question import Question
from gateways.compare.record import NULL, Cell, Exclusion, Record

FOR_LETTERS = 400
"""Number of resamples per pair of contenders. It is small, because there are many pairs."""
FAILED = 1.0
"""Noise floor, as a share, above which a measurement has failed. If two runs of one server differ by a factor of 2, a
comparison is meaningless."""
ONE_RUN = 1.0
"""Smallest reported difference if each contender ran once, as a share. 1.0 is a factor of 2."""
LEAST_CPU = 0.03
"""Smallest reported difference of CPU time, as a share. Caches and the clock rate cause smaller differences."""


@dataclass(frozen=True, slots=True)
class Section:
    """A scenario with one number of clients.

    connections: the number of clients; the largest number if contenders have different numbers. rows: the best
    contender first, unranked contenders last.
    twins: the comparison of two runs of the same server. floor: the smallest reported difference, as a share. twins and
    floor are None if no server was measured twice, or if each contender ran only once.
    null: the rate with a server that does nothing, which is the maximum of the load client. ceilings: for each
    contender, its rate as a share of that maximum.
    discarded: the number of slices during which the clock was set. out: the contenders that were not measured.
    ties: the pairs without a reported difference. repeated: True if each contender was measured more than once.
    parts: the figures of each request of a mix.
    """

    question: Question
    connections: int
    headline: Headline
    rows: tuple[Row, ...]
    out: tuple[Exclusion, ...]
    reference: str
    floor: float | None
    twins: Ratio | None
    null: float | None
    ceilings: Mapping[str, float]
    discarded: int
    ties: frozenset[frozenset[str]]
    repeated: bool
    parts: tuple[PartTable, ...] = ()

    def apart(self, one: str, other: str) -> bool:
        """Return True if a difference of throughput is reported."""
        return frozenset({one, other}) not in self.ties

    def cost_apart(self, one: Row, other: Row) -> bool:
        """Return True if a difference of CPU time per response is reported."""
        if self.reference in {one.figures.entrant.id, other.figures.entrant.id}:
            return one.cpu_differs or other.cpu_differs
        ratios = one.cpu_ratio, other.cpu_ratio
        if not self.repeated or ratios[0] is None or ratios[1] is None:
            return False
        return ratios[0].high < ratios[1].low or ratios[1].high < ratios[0].low

    @property
    def quick(self) -> bool:
        """True if the contenders took turns and were measured in short slices."""
        return self.question.load != "long"

    @property
    def failed(self) -> bool:
        """True if the measurement failed: two runs of the same server may differ by more than a factor of 2."""
        return _failed(self.twins)

    @property
    def numbers(self) -> list[int]:
        """The numbers of concurrent clients. There are several if contenders have different numbers."""
        return sorted({row.figures.connections for row in self.rows})

    def row(self, contender: str) -> Row | None:
        return next((row for row in self.rows if row.figures.entrant.id == contender), None)


def sections(record: Record) -> list[Section]:
    """Return the sections of the record, in the order of the scenarios."""
    found = []
    for question in record.questions:
        cells = [cell for cell in record.cells if cell.scenario == question.name]
        if question.load == "long":
            numbers = sorted({cell.connections for cell in cells})
            found += [_section(record, question, [cell for cell in cells if cell.connections == n]) for n in numbers]
        elif cells:
            found.append(_section(record, question, cells))
    return found


def _section(record: Record, question: Question, cells: Sequence[Cell]) -> Section:
    valid = [cell for cell in cells if not cell.measured.stepped]
    of = {entrant.id: [cell for cell in valid if cell.contender == entrant.id] for entrant in record.entrants}
    main = {name: found for name, own in of.items() if (found := _main(own))}
    reference = record.reference if record.reference in main else next(iter(main), "")
    seen = {name: figures(record.entrant(name), main[name], of[name]) for name in main}
    seen.pop(record.twin, None)
    repeated = question.load != "long" and len({(cell.start, cell.round) for cell in valid}) > 1
    pairing = _Pairing(main, reference, record.twin, record.seed, repeated=repeated)
    ceilings = _ceilings(main, valid)
    out = [each for each in record.exclusions if each.scenario in {"", question.name} and each.contender != record.twin]
    rows = _rows(question, seen, {each.contender for each in out}, ceilings, pairing)
    order = [row.figures.entrant for row in rows]
    return Section(
        question=question,
        connections=max((each.connections for each in seen.values()), default=0),
        headline=cast(Headline, question.headline),
        rows=tuple(rows),
        out=tuple(out),
        reference=reference,
        floor=inference.noise(pairing.twins) if pairing.twins else None,
        twins=pairing.twins,
        null=_null(valid),
        ceilings=ceilings,
        discarded=len(cells) - len(valid),
        ties=pairing.ties(list(seen)),
        repeated=repeated,
        parts=part_tables(question, [(each, main[each.id], of[each.id]) for each in order]),
    )


def _main(cells: Sequence[Cell]) -> list[Cell]:
    """Return the cells from which throughput is computed: the long runs, or the slices with the best number of clients
    (figures.knee).
    """
    closed = [cell for cell in cells if cell.phase in {"capacity", "long"}]
    if not closed or closed[0].phase == "long":
        return closed
    by_clients = sorted({cell.connections for cell in closed})
    ladder = [(clients, throughput([cell for cell in closed if cell.connections == clients])) for clients in by_clients]
    return [cell for cell in closed if cell.connections == knee(ladder)]


class _Pairing:
    """Compares the slices of contenders with each other."""

    def __init__(
        self, main: Mapping[str, Sequence[Cell]], reference: str, twin: str, seed: int, *, repeated: bool
    ) -> None:
        self.reference, self.repeated = reference, repeated
        self._main, self._seed = main, seed
        self._ties: dict[frozenset[str], bool] = {}
        self.twins = self.rates(twin) if repeated else None
        self._floor = inference.noise(self.twins) if self.twins else 0.0
        twins_cpu = self.costs(twin) if repeated else None
        self._cpu_floor = max(LEAST_CPU, inference.noise(twins_cpu) if twins_cpu else 0.0)

    def rates(self, name: str) -> Ratio | None:
        """Return a contender's responses per second, divided by those of the reference. Return None for the reference,
        or without slices.
        """
        if name not in self._main or name == self.reference:
            return None
        return rates_compared(self._main[name], self._main[self.reference], self._seed)

    def costs(self, name: str) -> Ratio | None:
        """Return a contender's CPU time per response, divided by that of the reference. Return None for the reference,
        or if a CPU time is unknown.
        """
        if name not in self._main or name == self.reference:
            return None
        return compared(self._main[name], self._main[self.reference], cpu_of, self._seed)

    def tie(self, ratio: Ratio | None) -> bool:
        return ratio is not None and ratio.tie(self._floor if self.repeated else ONE_RUN)

    def differs(self, ratio: Ratio | None) -> bool:
        """Return True if a ratio of CPU times differs from 1 by more than the noise."""
        return ratio is not None and self.repeated and not ratio.tie(self._cpu_floor)

    def letters(self, order: Sequence[str]) -> dict[str, str]:
        """Return the letters of each contender. Contenders that share a letter are statistically indistinguishable.

        The result is empty for one contender, or one measurement.
        """
        if not self.repeated or len(order) < 2:
            return {}
        ties = self.ties(order)
        return inference.letters(order, {pair: frozenset(pair) in ties for pair in combinations(order, 2)})

    def ties(self, among: Sequence[str]) -> frozenset[frozenset[str]]:
        """Return the pairs without a reported difference."""
        return frozenset(pair for pair in map(frozenset, combinations(among, 2)) if self._tied(pair))

    def _tied(self, pair: frozenset[str]) -> bool:
        if pair not in self._ties:
            one, other = sorted(pair, key=lambda name: name == self.reference)
            # The table also shows the interval of a pair with the reference, so both need the same number of resamples.
            # Other pairs use fewer resamples, to save time.
            resamples = inference.RESAMPLES if other == self.reference else FOR_LETTERS
            found = rates_compared(self._main[one], self._main[other], self._seed, resamples)
            self._ties[pair] = found is None or self.tie(found)
        return self._ties[pair]


def _rows(
    question: Question, seen: dict[str, Figures], out: set[str], ceilings: Mapping[str, float], pairing: _Pairing
) -> list[Row]:
    ranked = {
        name
        for name, each in seen.items()
        if name not in out and each.lost_share <= limits.ERRORS and not limits.of_client(each, ceilings.get(name))
    }
    order = sorted(seen, key=lambda name: (name not in ranked, _key(question.headline, seen[name])))
    letters = {} if _failed(pairing.twins) else pairing.letters([name for name in order if name in ranked])
    rows = []
    for name in order:
        apart = question.behind or _failed(pairing.twins)
        ratio, cpu = (None, None) if apart else (pairing.rates(name), pairing.costs(name))
        rows.append(
            Row(
                figures=seen[name],
                ratio=ratio,
                tie=name == pairing.reference or pairing.tie(ratio),
                letters=letters.get(name, ""),
                limit=limits.limit(seen[name], question.service, ceilings.get(name), paced=bool(question.behind)),
                ranked=name in ranked,
                cpu_ratio=cpu,
                cpu_differs=pairing.differs(cpu),
            )
        )
    return rows


def _failed(twins: Ratio | None) -> bool:
    return twins is not None and inference.noise(twins) > FAILED


def _null(cells: Sequence[Cell]) -> float | None:
    rates = [cell.measured.rate for cell in cells if cell.contender == NULL]
    return statistics.median(rates) if rates else None


def _ceilings(main: Mapping[str, Sequence[Cell]], cells: Sequence[Cell]) -> dict[str, float]:
    """Return the rate of each contender as a share of the rate with a server that does nothing."""
    found = {}
    for name, own in main.items():
        null = [cell for cell in cells if cell.contender == NULL and cell.connections == own[0].connections]
        ratio = compared(own, null, rate_of, 0, 1)
        if ratio is not None:
            found[name] = ratio.value
    return found


def _key(headline: str, each: Figures) -> tuple[float, ...]:
    if headline == "first byte":
        return (each.first_byte.p50 if each.first_byte.p50 is not None else float("inf"), -each.rate)
    if headline == "room":
        return (-each.held, each.lost_share, each.answer.p99 if each.answer.p99 is not None else float("inf"))
    return (-each.rate,)
