"""Compute a chart of throughput by number of clients, with theoretical maxima. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from gateways.compare.judge import limits
from gateways.compare.judge.analysis import Section
from gateways.compare.judge.figures import Figures
from gateways.compare.judge.words import of_clients, rate, share
from gateways.compare.show.charts.chart import Chart, Guide, Line, Point
from gateways.compare.show.charts.scales import Scale, logarithmic


def throughput(sections: Sequence[Section]) -> list[Chart]:
    """Return throughput by number of clients. Return no chart if there is only one number and no known theoretical
    maximum, or if the load has background clients.
    """
    found = []
    for name, same in groupby(sections, key=lambda section: section.question.name):
        group = list(same)
        service = group[0].question.service
        rates = _rates(group)
        clients = sorted({count for points in rates.values() for count in points})
        if group[0].question.behind or not clients or (service is None and max(map(len, rates.values())) < 2):
            continue
        found.append(_over_clients(name, group, rates, clients, service))
    return found


def _rates(sections: Sequence[Section]) -> dict[str, dict[int, Point]]:
    """Return the points by contender and number of clients. Only the reported number of clients has details beside the
    rate.
    """
    rates: dict[str, dict[int, Point]] = {}
    for section in sections:
        for row in section.rows:
            figures, own = row.figures, rates.setdefault(row.figures.entrant.id, {})
            for count, value in figures.ladder if section.quick else ((figures.connections, figures.rate),):
                main = count == figures.connections
                known = "≥ " if main and row.limit == "client" else ""
                lost = f", {share(figures.lost_share)} lost" if main and figures.failures else ""
                own[count] = Point(value, f"{known}{rate(value)}/s{lost}")
    return rates


def _over_clients(
    name: str,
    sections: Sequence[Section],
    rates: Mapping[str, Mapping[int, Point]],
    clients: Sequence[int],
    service: float | None,
) -> Chart:
    figures = {row.figures.entrant.id: row.figures for section in sections for row in section.rows}
    lines = tuple(
        Line(contender, figures[contender].entrant.label, tuple(own.get(n) for n in clients))
        for contender, own in rates.items()
    )
    least, most = (1, 1000) if len(clients) < 2 else (clients[0], clients[-1])
    guides = _laws(list(figures.values()), service, least, most) if service else []
    values = [point.value for own in rates.values() for point in own.values()]
    values += [end[1] for guide in guides for end in (guide.start, guide.end) if end]
    return Chart(
        title=name,
        note="Grey lines: theoretical maxima (number of clients or threads / waiting time of a request)."
        if guides
        else "",
        across="clients",
        up="responses/s",
        x=_clients_axis(clients, least, most),
        y=logarithmic(values, lambda value: f"{value:,g}", 1.25),
        columns=tuple((n, of_clients(n)) for n in clients),
        lines=lines,
        guides=tuple(guides),
    )


def _clients_axis(clients: Sequence[int], least: int, most: int) -> Scale:
    scale = logarithmic([least, most, *clients], lambda value: f"{value:,.0f}")
    ticks = {float(n) for n in clients} | ({least, most} if len(clients) < 2 else set())
    return replace(scale, ticks=tuple((tick, f"{tick:,.0f}") for tick in sorted(ticks)))


def _laws(figures: Sequence[Figures], service: float, least: int, most: int) -> list[Guide]:
    """Return the guide lines: clients / service time, and threads / service time for each number of threads."""
    found = [Guide("maximum for this number of clients", (least, least / service), (most, most / service))]
    threads = sorted({each.entrant.threads for each in figures if each.entrant.threads})
    limited = [(count, f"{count} thread{'s' if count > 1 else ''}") for count in threads if count < most]
    if any(limits.limit(each, service, None) == "one loop" for each in figures):
        limited.append((1, "one blocked loop"))
    for count, contender in limited:
        allowed = count / service
        found.append(Guide(f"{contender}: {rate(allowed)}/s", (max(count, least), allowed), (most, allowed)))
    return found
