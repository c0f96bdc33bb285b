"""From a record to what is shown of it: for each scenario the contenders' figures, sorted and compared. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from gateways.compare import inference, limits
from gateways.compare.figures import Figures, Row, figures, knee
from gateways.compare.inference import Ratio, Starts
from gateways.compare.record import NULL, Cell, Exclusion, Question, Record

Headline = Literal["rate", "first byte", "room"]
"""What a scenario is sorted by: answers a second; time to the first byte; the connections held, and how others fare."""
FOR_LETTERS = 400
"""Resamples for each pair of contenders, of which there are many."""


@dataclass(frozen=True, slots=True)
class Section:
    """A scenario, with one number of clients. The rows are sorted, the best first, those that are not ranked last.

    `twins` compares the same server measured twice, and `floor` is the share below which no difference is claimed for
    it; None if it was not. `ceilings` are the shares that contenders reach of what the client can do. `discarded` are
    the slices during which the clock was set, `out` those that are not measured.
    """

    question: Question
    connections: int
    headline: Headline
    rows: tuple[Row, ...]
    out: tuple[Exclusion, ...]
    reference: str
    floor: float | None
    twins: Ratio | None
    ceilings: Mapping[str, float]
    discarded: int

    @property
    def quick(self) -> bool:
        """Was it measured in slices, by turns?"""
        return self.question.load != "long"

    def row(self, contender: str) -> Row | None:
        return next((row for row in self.rows if row.figures.entrant.id == contender), None)


def sections(record: Record) -> list[Section]:
    """All of it, in the order in which it was asked."""
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
    main = {name: _main(own) for name, own in of.items() if own}
    reference = record.reference if main.get(record.reference) else next((name for name in main if main[name]), "")
    twins = _ratio(main.get(record.twin, []), main.get(reference, []), record.seed)
    floor = inference.noise(twins) if twins else None
    seen = {name: figures(record.entrant(name), main[name], of[name]) for name in main if main[name]}
    seen.pop(record.twin, None)
    ceilings = _ceilings(main, valid)
    out = [each for each in record.exclusions if each.scenario in {"", question.name} and each.contender != record.twin]
    return Section(
        question=question,
        connections=max((each.connections for each in seen.values()), default=0),
        headline=_headline(question),
        rows=tuple(_rows(record, question, seen, main, ceilings, reference, floor or 0.0)),
        out=tuple(out),
        reference=reference,
        floor=floor,
        twins=twins,
        ceilings=ceilings,
        discarded=len(cells) - len(valid),
    )


def _headline(question: Question) -> Headline:
    if question.behind:
        return "room"
    return "first byte" if question.name == "stream" else "rate"


def _main(cells: Sequence[Cell]) -> list[Cell]:
    """Those that throughput is taken from: long runs, or the slices with the number of clients at the knee."""
    closed = [cell for cell in cells if cell.phase in {"capacity", "long"}]
    if not closed or closed[0].phase == "long":
        return closed
    by_clients = sorted({cell.connections for cell in closed})
    ladder = [(clients, _median_rate(closed, clients)) for clients in by_clients]
    return [cell for cell in closed if cell.connections == knee(ladder)]


def _median_rate(cells: Sequence[Cell], clients: int) -> float:
    rates = sorted(cell.measured.rate for cell in cells if cell.connections == clients)
    return rates[len(rates) // 2]


def _rows(
    record: Record,
    question: Question,
    seen: dict[str, Figures],
    main: dict[str, list[Cell]],
    ceilings: Mapping[str, float],
    reference: str,
    floor: float,
) -> list[Row]:
    out = {each.contender for each in record.exclusions if each.scenario in {"", question.name}}
    ranked = {
        name
        for name, each in seen.items()
        if name not in out and each.lost_share <= limits.ERRORS and not limits.of_client(each, ceilings.get(name))
    }
    order = sorted(seen, key=lambda name: (name not in ranked, _key(_headline(question), seen[name])))
    repeated = question.load != "long"
    letters = _letters([name for name in order if name in ranked], main, record.seed, floor) if repeated else {}
    rows = []
    for name in order:
        ratio = _ratio(main[name], main[reference], record.seed) if not question.behind and name != reference else None
        tie = name == reference or (ratio is not None and repeated and ratio.tie(floor))
        limit = limits.limit(seen[name], question.service, ceilings.get(name), paced=bool(question.behind))
        rows.append(Row(seen[name], ratio, tie, letters.get(name, ""), limit, name in ranked))
    return rows


def _ceilings(main: Mapping[str, Sequence[Cell]], cells: Sequence[Cell]) -> dict[str, float]:
    """By contender, the share that it reaches of what the client does with a server that does nothing."""
    found = {}
    for name, own in main.items():
        null = [cell for cell in cells if cell.contender == NULL and own and cell.connections == own[0].connections]
        ratio = _ratio(own, null, 0, 1)
        if ratio is not None:
            found[name] = ratio.value
    return found


def _key(headline: Headline, each: Figures) -> tuple[float, ...]:
    if headline == "first byte":
        return (each.first_byte.p50 if each.first_byte.p50 is not None else float("inf"), -each.rate)
    if headline == "room":
        return (-each.begun, each.lost_share, each.answer.p99 if each.answer.p99 is not None else float("inf"))
    return (-each.rate,)


def _letters(order: Sequence[str], main: dict[str, list[Cell]], seed: int, floor: float) -> dict[str, str]:
    tie = {}
    for number, better in enumerate(order):
        for worse in order[number + 1 :]:
            ratio = _ratio(main[better], main[worse], seed, FOR_LETTERS)
            tie[better, worse] = ratio is None or ratio.tie(floor)
    return inference.letters(order, tie)


def _ratio(
    cells: Sequence[Cell], others: Sequence[Cell], seed: int, resamples: int = inference.RESAMPLES
) -> Ratio | None:
    """Of the slices of the same rounds."""
    rates = {(cell.start, cell.round): rate_of(cell) for cell in others}
    paired = [cell for cell in cells if (cell.start, cell.round) in rates]
    pairs: Starts[tuple[float, float]] = [
        [(rate_of(cell), rates[cell.start, cell.round]) for cell in same]
        for _, same in groupby(sorted(paired, key=lambda cell: cell.start), key=lambda cell: cell.start)
    ]
    return inference.ratio(pairs, seed, resamples)


def rate_of(cell: Cell) -> float:
    """Answers a second; half an answer if there was none, which has a logarithm."""
    return max(cell.measured.rate, 0.5e9 / max(1, cell.measured.window))
