"""Compute a chart of latency by percentile, on an axis where 90 %, 99 % and 99.9 % are equally far apart. Pure."""

import math
from collections.abc import Callable, Mapping, Sequence

from gateways.compare.judge.analysis import Section
from gateways.compare.judge.words import duration, of_clients, rate
from gateways.compare.load.histogram import Histogram
from gateways.compare.record import Cell, Entrant, Record
from gateways.compare.show.charts.cells import by_contender, valid
from gateways.compare.show.charts.chart import Chart, Line, Point
from gateways.compare.show.charts.scales import SHARES, logarithmic, nines, percent


def latency(record: Record, sections: Sequence[Section]) -> list[Chart]:
    """Return a chart for each rate at which the latency of several contenders was measured.

    If a section has no such rate, return a chart for its highest rate.
    """
    found = []
    for section in sections:
        cells = [cell for cell in valid(record, section) if cell.offered]
        rates = sorted({cell.offered for cell in cells})
        by_rate = {each: by_contender([cell for cell in cells if cell.offered == each]) for each in rates}
        # A contender that is too slow for the common rates has its own rate. It is drawn in the chart of the nearest
        # common rate.
        common = [each for each in rates if len(by_rate[each]) > 1] or rates[-1:]
        for shown in common:
            own = [each for each in rates if each not in common and min(common, key=_distance(each)) == shown]
            found.append(_at_rate(record, section, shown, {each: by_rate[each] for each in [shown, *own]}))
    return found


def _distance(offered: float) -> Callable[[float], float]:
    return lambda other: abs(math.log(other / offered))


def _at_rate(
    record: Record, section: Section, shown: float, by_rate: Mapping[float, Mapping[str, list[Cell]]]
) -> Chart:
    lines = {}
    for offered, contenders in by_rate.items():
        for name, cells in contenders.items():
            at = "" if offered == shown else f" @{rate(offered)}/s"
            histogram = Histogram.merged(cell.measured.latency for cell in cells)
            lines[name] = record.entrant(name), at, histogram
    behind = f", with {section.question.behind} other clients" if section.question.behind else ""
    others = (
        " Dashed: too slow for this rate, so measured at the lower rate beside the name." if len(by_rate) > 1 else ""
    )
    return _percentiles(
        f"{section.question.name} at {rate(shown)} requests/s{behind}",
        others.strip(),
        list(lines.values()),
    )


def streams(record: Record, sections: Sequence[Section]) -> list[Chart]:
    """Return the charts of the time to the first byte, and of the gaps between pieces of a body."""
    found = []
    for section in sections:
        cells = by_contender(valid(record, section))
        if section.headline != "first byte" or not cells:
            continue
        what = f"{section.question.name}, {of_clients(section.connections)}"
        for title, note, of in _OF_STREAMS:
            merged = [
                (record.entrant(name), "", Histogram.merged(of(cell) for cell in own)) for name, own in cells.items()
            ]
            found.append(_percentiles(f"{what}: {title}", note, merged))
    return found


_OF_STREAMS: Sequence[tuple[str, str, Callable[[Cell], Histogram]]] = (
    ("first byte", "Time from the request to the first byte of the body.", lambda cell: cell.measured.first_byte),
    ("gaps", "Time between arrivals of consecutive pieces of a body.", lambda cell: cell.measured.gap),
)


def _percentiles(title: str, note: str, histograms: Sequence[tuple[Entrant, str, Histogram]]) -> Chart:
    """Return a chart of percentiles. Draw only the percentiles with enough samples above them."""
    shares = [
        each for each in SHARES if any(len(histogram) and _known(histogram, each) for *_, histogram in histograms)
    ]
    lines = []
    for entrant, at, histogram in histograms:
        values = [_known(histogram, each) for each in shares]
        points = tuple(None if value is None else Point(value, duration(value)) for value in values)
        lines.append(Line(entrant.id, entrant.label + at, points, dashed=bool(at)))
    return Chart(
        title=title,
        note=note,
        across="share of requests that are at least this fast",
        up="time",
        x=nines(shares[-1] if shares else 0.0),
        y=logarithmic([point.value for line in lines for point in line.points if point], _time, 1.1),
        columns=tuple((each, percent(each)) for each in shares),
        lines=tuple(line for line in lines if any(line.points)),
    )


def _known(histogram: Histogram, of: float) -> float | None:
    value = histogram.supported(of)
    return None if value is None else value / 1e9


def _time(seconds: float) -> str:
    """Return a label for an axis: `1 ms`, `0.3 ms`, `2 s`."""
    return (
        f"{seconds:.3g} s"
        if seconds >= 1
        else f"{seconds * 1e3:.3g} ms"
        if seconds >= 1e-4
        else f"{seconds * 1e6:.3g} µs"
    )
