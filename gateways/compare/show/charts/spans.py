"""Compute charts with one track per contender: ratios with their intervals, and memory. Pure."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateways.compare.judge.analysis import Section
from gateways.compare.judge.figures import Row
from gateways.compare.judge.inference import Ratio
from gateways.compare.judge.words import interval, megabytes, of_clients, times
from gateways.compare.record import Record
from gateways.compare.show.charts.scales import Scale, from_zero, logarithmic


@dataclass(frozen=True, slots=True)
class Span:
    """A track. `marks` are pairs (kind, value) in any order, joined by a line. `faint`: True if the contender is not
    ranked.
    """

    contender: str
    label: str
    text: str
    marks: tuple[tuple[str, float], ...]
    faint: bool = False


@dataclass(frozen=True, slots=True)
class Spans:
    """Tracks of one scenario. `at` is the reference value; `band` is the range of noise around it."""

    title: str
    note: str
    x: Scale
    rows: tuple[Span, ...]
    at: float | None = None
    band: tuple[float, float] | None = None


def ratios(record: Record, sections: Sequence[Section]) -> list[Spans]:
    """Return up to two charts for each scenario: throughput and CPU time per response, relative to the reference."""
    found = []
    for section in sections:
        rates = [
            _ratio(row, row.ratio, faint=row.tie or not row.ranked, words=_claim(row))
            for row in section.rows
            if row.ratio
        ]
        if rates:
            found.append(_forest(record, section, "responses/s", rates, section.floor, section.twins))
        repeated = any(row.cpu_ratio and row.cpu_ratio.high > row.cpu_ratio.low for row in section.rows)
        costs = [
            _ratio(row, row.cpu_ratio, faint=not row.cpu_differs, words="" if row.cpu_differs else "no difference seen")
            for row in section.rows
            if row.cpu_ratio and repeated
        ]
        if costs:
            found.append(_forest(record, section, "CPU time per response", costs, None, None))
    return found


def _claim(row: Row) -> str:
    if not row.ranked:
        return "at least: limited by the load client" if row.limit == "client" else "not ranked"
    return "no difference seen" if row.tie else ""


def _ratio(row: Row, ratio: Ratio | None, *, faint: bool, words: str) -> Span:
    assert ratio is not None
    entrant = row.figures.entrant
    return Span(entrant.id, entrant.label, _said(ratio, words), _marks(ratio), faint)


def _said(ratio: Ratio, words: str) -> str:
    bounds = interval(ratio)
    return times(ratio.value) + (f" [{bounds}]" if bounds else ", one run") + (f", {words}" if words else "")


def _marks(ratio: Ratio) -> tuple[tuple[str, float], ...]:
    return ("value", ratio.value), *((("low", ratio.low), ("high", ratio.high)) if ratio.high > ratio.low else ())


def _forest(
    record: Record, section: Section, what: str, rows: Sequence[Span], floor: float | None, twins: Ratio | None
) -> Spans:
    reference = record.entrant(section.reference).label
    rows = list(rows)
    if twins:
        marks = _marks(twins)
        rows.append(Span(record.twin, record.entrant(record.twin).label, _said(twins, "the same server"), marks, True))
    band = None if floor is None else (1 / (1 + floor), 1 + floor)
    note = f"1 is {reference}."
    note += " Lines: 95 % intervals." if any(len(row.marks) > 1 for row in rows) else ""
    note += " Shaded: difference between two runs of the same server." if band else ""
    values = [value for row in rows for _, value in row.marks]
    return Spans(
        f"{section.question.name}, {of_clients(*section.numbers)}: {what}",
        note,
        logarithmic([1.0, *values, *(band or ())], lambda value: f"{value:,g}", 1.1),
        tuple(rows),
        at=1.0,
        band=band,
    )


def memory(sections: Iterable[Section]) -> list[Spans]:
    """Return a chart for each scenario: the memory of the servers' processes before the load, at its peak, and at the
    end.
    """
    found = []
    for section in sections:
        rows = [_memory(row) for row in section.rows if row.figures.memory[1]]
        if rows:
            clients = of_clients(*([section.question.behind] if section.question.behind else section.numbers))
            most = max(row.figures.memory[1] for row in section.rows)
            found.append(Spans(f"{section.question.name}, {clients}", "", from_zero(most, megabytes), tuple(rows)))
    return found


def _memory(row: Row) -> Span:
    before, peak, after = row.figures.memory
    entrant = row.figures.entrant
    text = f"{before / 1e6:,.0f} → {peak / 1e6:,.0f} → {after / 1e6:,.0f} MB"
    marks = tuple((kind, float(value)) for kind, value in (("before", before), ("peak", peak), ("after", after)))
    return Span(entrant.id, entrant.label, text, marks)


def widest(span: Span) -> tuple[float, float]:
    """Return the lowest and the highest mark."""
    values = [value for _, value in span.marks if not math.isinf(value)]
    return min(values), max(values)
