"""Slices in the order in which they were measured: rates, and memory. Drift, and what disturbed, is seen here. Pure."""

import math
import statistics
from collections.abc import Mapping, Sequence

from gateways.compare.analysis import Section
from gateways.compare.charts.cells import of_rounds
from gateways.compare.charts.chart import Chart, Guide, Line, Point
from gateways.compare.charts.scales import Scale, from_zero, linear
from gateways.compare.figures import foreign
from gateways.compare.record import Cell, Entrant, Record
from gateways.compare.words import megabytes, number, rate, share


def strips(record: Record, sections: Sequence[Section]) -> list[Chart]:
    """Each contender's slices in the order in which they were measured: drift, and what disturbed, can be seen."""
    return [_strips(record, section) for section in sections if section.quick and of_rounds(record, section)]


LANE = 1.0
SPREAD = 0.36
"""The part of a lane's height that the largest deviation takes, on either side of the median."""


def _strips(record: Record, section: Section) -> Chart:
    cells = of_rounds(record, section)
    rounds = sorted({(cell.start, cell.round) for each in cells.values() for cell in each})
    medians = {name: statistics.median(cell.measured.rate for cell in own) for name, own in cells.items()}
    deviations = [abs(_deviation(cell, medians[name])) for name, own in cells.items() for cell in own]
    most = max(math.log(1.05), min(math.log(2), max(deviations)))
    lanes = len(cells) + 1
    lines, guides = [], []
    for lane, (name, own) in enumerate(cells.items()):
        middle = lanes - lane - 0.62
        at = {
            (cell.start, cell.round): Point(
                middle + SPREAD * max(-1.0, min(1.0, _deviation(cell, medians[name]) / most)),
                _slice(cell, medians[name]),
            )
            for cell in own
        }
        label = record.entrant(name).label
        lines.append(Line(name, label, tuple(at.get(each) for each in rounds)))
        guides.append(Guide(f"{label}: {rate(medians[name])}/s", (-0.5, middle), None, name))
    lines.append(_others(cells, rounds))
    guides.append(Guide("other programs", (-0.5, 0.38)))
    return Chart(
        title=section.question.name,
        note=f"The full height of a lane is {share(math.expm1(most))} more and less than the contender's median.",
        across="",
        up="",
        x=_rounds_axis(rounds),
        y=linear(0, lanes),
        columns=_round_columns(rounds),
        breaks=_starts(rounds),
        lines=tuple(lines),
        guides=tuple(guides),
        height=46 * lanes,
    )


def _deviation(cell: Cell, median: float) -> float:
    return math.log(cell.measured.rate / median) if cell.measured.rate and median else -math.inf


def _slice(cell: Cell, median: float) -> str:
    lost = f", {cell.measured.failures} lost" if cell.measured.failures else ""
    percent = round(math.expm1(_deviation(cell, median)) * 100)
    return f"{rate(cell.measured.rate)}/s" + (f" ({percent:+} %)" if percent else "") + lost


def _others(cells: Mapping[str, Sequence[Cell]], rounds: Sequence[tuple[int, int]]) -> Line:
    """How many cores everything else kept busy, in the mean of a round's slices; a core is half a lane's height."""
    points = []
    for each in rounds:
        same = [cell for own in cells.values() for cell in own if (cell.start, cell.round) == each]
        known = [found / cell.measured.window for cell in same if (found := foreign(cell)) is not None]
        busy = statistics.mean(known) if known else None
        points.append(None if busy is None else Point(0.03 + 0.5 * min(1.0, busy), f"{busy:.2f} cores"))
    return Line("", "other programs", tuple(points))


def memory(record: Record, sections: Sequence[Section]) -> list[Chart]:
    """What servers took after each of those slices."""
    found = []
    for section in sections:
        cells = of_rounds(record, section) if section.quick else {}
        rounds = sorted({(cell.start, cell.round) for each in cells.values() for cell in each})
        most = max((cell.after.memory for each in cells.values() for cell in each), default=0)
        if most and len(rounds) > 1:
            lines = [_memory_of(record.entrant(name), own, rounds) for name, own in cells.items()]
            found.append(
                Chart(
                    title=f"{section.question.name}, after each round",
                    note="Servers are new in each start: memory that grows within one was not given back.",
                    across="",
                    up="memory",
                    x=_rounds_axis(rounds),
                    y=from_zero(most, megabytes),
                    columns=_round_columns(rounds),
                    breaks=_starts(rounds),
                    lines=tuple(lines),
                    height=200,
                )
            )
    return found


def _memory_of(entrant: Entrant, cells: Sequence[Cell], rounds: Sequence[tuple[int, int]]) -> Line:
    at = {(cell.start, cell.round): cell.after.memory for cell in cells}
    points = tuple(Point(at[each], f"{number(at[each] / 1e6)} MB") if at.get(each) else None for each in rounds)
    return Line(entrant.id, entrant.label, points)


GAP = 0.8
"""The way between two starts, in rounds."""


def _places(rounds: Sequence[tuple[int, int]]) -> list[float]:
    starts = sorted({start for start, _ in rounds})
    return [place + GAP * starts.index(start) for place, (start, _) in enumerate(rounds)]


def _rounds_axis(rounds: Sequence[tuple[int, int]]) -> Scale:
    places = _places(rounds)
    first = {start: place for place, (start, _) in reversed(list(zip(places, rounds, strict=True)))}
    names = [
        (place, f"{'' if number else 'start '}{start + 1}")
        for number, (start, place) in enumerate(sorted(first.items()))
    ]
    return linear(-0.5, places[-1] + 0.5, names)


def _starts(rounds: Sequence[tuple[int, int]]) -> frozenset[int]:
    """The numbers of the first round of each start."""
    return frozenset(n for n, (start, _) in enumerate(rounds) if n == 0 or start != rounds[n - 1][0])


def _round_columns(rounds: Sequence[tuple[int, int]]) -> tuple[tuple[float, str], ...]:
    names = [f"start {start + 1}, round {each + 1}" for start, each in rounds]
    return tuple(zip(_places(rounds), names, strict=True))
