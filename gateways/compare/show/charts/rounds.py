"""Compute charts of rates and memory in the order of measurement. They show drift and disturbances. Pure."""

import math
import statistics
from collections.abc import Mapping, Sequence

from gateways.compare.judge.analysis import Section
from gateways.compare.judge.figures import foreign
from gateways.compare.judge.words import megabytes, number, rate, share
from gateways.compare.record import Cell, Entrant, Record
from gateways.compare.show.charts.cells import of_rounds
from gateways.compare.show.charts.chart import Chart, Guide, Line, Point
from gateways.compare.show.charts.scales import Scale, from_zero, linear

SPREAD = 0.36
"""Height of the largest deviation from the median, as a share of the height of a lane."""
LANE = 46
"""Height of a lane, in pixels."""
Rounds = Sequence[tuple[int, int]]
"""The rounds of a chart, each as the number of the start and the number of the round within that start."""


def strips(record: Record, sections: Sequence[Section]) -> list[Chart]:
    """Return a chart with a lane for each contender, which shows its slices in the order of measurement."""
    return [_strips(record, section) for section in sections if section.quick and of_rounds(record, section)]


def _strips(record: Record, section: Section) -> Chart:
    cells = of_rounds(record, section)
    rounds = _rounds(cells)
    medians = {name: statistics.median(cell.measured.rate for cell in own) for name, own in cells.items()}
    deviations = [abs(_deviation(cell, medians[name])) for name, own in cells.items() for cell in own]
    most = max(math.log(1.05), min(math.log(2), max(deviations)))
    lines, guides = [_others(cells, rounds)], [Guide("other programs", (-0.5, 0.38))]
    if not any(lines[0].points):
        lines, guides = [], []
    for name, own in reversed(cells.items()):  # from the bottom to the top
        middle = len(lines) + 0.38
        label, median = record.entrant(name).label, medians[name]
        at = {(cell.start, cell.round): _in_lane(cell, median, middle, most) for cell in own}
        lines.append(Line(name, label, tuple(at.get(each) for each in rounds)))
        guides.append(Guide(f"{label}: {rate(median)}/s", (-0.5, middle), None, name))
    return Chart(
        title=section.question.name,
        note=f"The height of a lane is ±{share(math.expm1(most))} of the contender's median.",
        across="",
        up="",
        x=_rounds_axis(rounds),
        y=linear(0, len(lines)),
        columns=_round_columns(rounds),
        lines=tuple(reversed(lines)),
        guides=tuple(guides),
        height=LANE * len(lines),
        breaks=_starts(rounds),
    )


def _rounds(cells: Mapping[str, Sequence[Cell]]) -> Rounds:
    return sorted({(cell.start, cell.round) for each in cells.values() for cell in each})


def _deviation(cell: Cell, median: float) -> float:
    return math.log(cell.measured.rate / median) if cell.measured.rate and median else -math.inf


def _in_lane(cell: Cell, median: float, middle: float, most: float) -> Point:
    """Return the point of a slice in its lane. `most`: the deviation from the median at the edge of the lane."""
    deviation = _deviation(cell, median)
    percent = round(math.expm1(deviation) * 100)
    text = f"{rate(cell.measured.rate)}/s" + (f" ({percent:+} %)" if percent else "")
    text += f", {cell.measured.failures} lost" if cell.measured.failures else ""
    return Point(middle + SPREAD * max(-1.0, min(1.0, deviation / most)), text)


def _others(cells: Mapping[str, Sequence[Cell]], rounds: Rounds) -> Line:
    """Return a lane with the average number of cores that other programs kept busy in each round. One core is half a
    lane high.
    """
    points = []
    for each in rounds:
        same = [cell for own in cells.values() for cell in own if (cell.start, cell.round) == each]
        known = [found / cell.measured.window for cell in same if (found := foreign(cell)) is not None]
        busy = statistics.mean(known) if known else None
        points.append(None if busy is None else Point(0.03 + 0.5 * min(1.0, busy), f"{busy:.2f} cores"))
    return Line("", "other programs", tuple(points))


def memory(record: Record, sections: Sequence[Section]) -> list[Chart]:
    """Return the memory of servers after each slice."""
    measured = [(section, of_rounds(record, section)) for section in sections if section.quick]
    return [
        _memory(record, section, cells)
        for section, cells in measured
        if len(_rounds(cells)) > 1 and any(cell.after.memory for own in cells.values() for cell in own)
    ]


def _memory(record: Record, section: Section, cells: Mapping[str, Sequence[Cell]]) -> Chart:
    rounds = _rounds(cells)
    return Chart(
        title=f"{section.question.name}, after each round",
        note="Each start has new servers. If memory grows within a start, the server did not release it.",
        across="",
        up="memory",
        x=_rounds_axis(rounds),
        y=from_zero(max(cell.after.memory for own in cells.values() for cell in own), megabytes),
        columns=_round_columns(rounds),
        lines=tuple(_memory_of(record.entrant(name), own, rounds) for name, own in cells.items()),
        height=200,
        breaks=_starts(rounds),
    )


def _memory_of(entrant: Entrant, cells: Sequence[Cell], rounds: Rounds) -> Line:
    at = {(cell.start, cell.round): cell.after.memory for cell in cells}
    points = tuple(Point(at[each], f"{number(at[each] / 1e6)} MB") if at.get(each) else None for each in rounds)
    return Line(entrant.id, entrant.label, points)


GAP = 0.8
"""Distance between two starts, in rounds."""


def _places(rounds: Rounds) -> list[float]:
    starts = sorted({start for start, _ in rounds})
    return [place + GAP * starts.index(start) for place, (start, _) in enumerate(rounds)]


def _rounds_axis(rounds: Rounds) -> Scale:
    places = _places(rounds)
    first = {start: place for place, (start, _) in reversed(list(zip(places, rounds, strict=True)))}
    names = [
        (place, f"{'' if number else 'start '}{start + 1}")
        for number, (start, place) in enumerate(sorted(first.items()))
    ]
    return linear(-0.5, places[-1] + 0.5, names)


def _starts(rounds: Rounds) -> frozenset[int]:
    """Return the index of the first round of each start."""
    return frozenset(n for n, (start, _) in enumerate(rounds) if n == 0 or start != rounds[n - 1][0])


def _round_columns(rounds: Rounds) -> tuple[tuple[float, str], ...]:
    names = [f"start {start + 1}, round {each + 1}" for start, each in rounds]
    return tuple(zip(_places(rounds), names, strict=True))
