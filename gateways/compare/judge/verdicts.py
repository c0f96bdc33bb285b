"""Summarise the figures in sentences, which are called verdicts. Pure."""

from collections.abc import Sequence

from gateways.compare.judge import limits
from gateways.compare.judge.analysis import Section
from gateways.compare.judge.figures import Row
from gateways.compare.judge.words import as_many, bounded, duration, megabytes, micros, rate, share, together


def verdicts(sections: Sequence[Section]) -> list[str]:
    """Return the sentences about each scenario that has a result, and then one about the server's share of the cost."""
    sentences = []
    for section in sections:
        rows = [row for row in section.rows if row.ranked]
        if section.failed:
            sentences.append(f"{section.question.name}: the measurement failed, so nothing can be compared.")
            continue
        if section.headline == "room":
            sentences += _held_connections(section)
        elif section.question.service and section.headline == "rate":
            sentences += _waiting(section, rows)
        elif section.headline == "first byte":
            sentences += _first_byte(section, rows)
        elif len(rows) > 1:
            sentences += [*_throughput(section, rows), *_adapters(section)]
        sentences += _losing(section)
    return [*sentences, *_own_share(sections)]


def _own_share(sections: Sequence[Section]) -> list[str]:
    """Return a sentence with the share of the cost of a response that depends on the server."""
    by_role = {section.question.role: section for section in sections}
    if not {"server", "app"} <= set(by_role) or not (rows := by_role["server"].rows):
        return []
    server, app = rows[0].figures, by_role["app"].row(rows[0].figures.entrant.id)
    if app is None or not server.cpu or not app.figures.cpu:
        return []
    own = min(1.0, server.cpu / app.figures.cpu)
    return [
        (
            f"A response costs {micros(app.figures.cpu)} of CPU on {server.entrant.label}; {micros(server.cpu)} of it "
            f"({share(own)}) is the cost of the server. The rest is the cost of the app, which another server cannot "
            f"reduce."
        )
    ]


def _throughput(section: Section, rows: Sequence[Row]) -> list[str]:
    reference = section.row(section.reference)
    best = rows[0]
    if reference is None:
        return []
    base, name = reference.figures.entrant.label, section.question.name
    if best.ratio is None:
        others = [row for row in rows if row.ratio is not None and not row.tie]
        sentence = f"{name}: no contender is faster than {base} ({rate(best.figures.rate)} requests per second)"
        ends = [f"{row.figures.entrant.label} serves {as_many(row.ratio.value)}" for row in others if row.ratio]
        if ends:
            sentence += f"; {together(ends[:1] + ends[1:][-1:])}"
    elif best.tie:
        sentence = f"{name}: no difference between {base} and the fastest, {best.figures.entrant.label}"
    else:
        sentence = f"{name}: {best.figures.entrant.label} serves {bounded(best.ratio)} times as many requests as {base}"
    ties = [row.figures.entrant.label for row in rows if row.tie and row is not reference and row is not best]
    each = "each of " if len(ties) > 1 else ""
    sentence += f"; no difference between {base} and {each}{together(ties)}." if ties else "."
    return [sentence, *_costs(rows, base)]


def _costs(rows: Sequence[Row], base: str) -> list[str]:
    """Return sentences about CPU time per response, which may differ even if rates do not."""
    each = [
        f"{row.figures.entrant.label} needs {bounded(row.cpu_ratio)}"
        for row in rows
        if row.tie and row.cpu_differs and row.cpu_ratio is not None
    ]
    return [f"The CPU time per response differs: {together(each)} times that of {base}."] if each else []


def _adapters(section: Section) -> list[str]:
    """Return sentences about the cost of an adapter, which is the difference between contenders on the same server.
    Only scenarios with small responses show this cost.
    """
    if not section.question.small:
        return []
    sentences = []
    rows = [row for row in section.rows if not row.figures.failures]
    native = {row.figures.entrant.server: row for row in rows if not row.figures.entrant.adapter}
    for row in rows:
        entrant, cpu = row.figures.entrant, row.figures.cpu
        own = native.get(entrant.server)
        if entrant.adapter != "ours" or entrant.mode == "cgi" or own is None or cpu is None or own.figures.cpu is None:
            continue
        adds = cpu - own.figures.cpu
        if section.cost_apart(row, own):
            ends = (
                f"the adapter adds {share(adds / 0.005)} to a response that takes 5 ms"
                if adds > 0
                else "the adapter adds no CPU time"
            )
        else:
            ends = "no difference"
        beside = f"{own.figures.entrant.label} {micros(own.figures.cpu)}"
        sentences.append(f"{entrant.label} needs {micros(cpu)} of CPU time per response, {beside}: {ends}.")
    return sentences


def _waiting(section: Section, rows: Sequence[Row]) -> list[str]:
    service = section.question.service
    assert service is not None
    if not section.rows or section.connections == 1:  # a single client does not wait for others
        return []
    parts = []
    among = rows or section.rows
    held_up = [row for row in section.rows if row.limit.startswith(("threads", "one loop"))] or among
    by_rate = sorted(held_up, key=lambda row: row.figures.rate)
    for row in (by_rate[0], by_rate[-1], among[0]):
        allowed, by = limits.allowed(row.figures, service)
        part = f"{row.figures.entrant.label} serves {rate(row.figures.rate)} requests per second ({by} {rate(allowed)})"
        parts.append(part)
    return [f"{section.question.name}, {section.connections:,} clients: {', '.join(dict.fromkeys(parts))}."]


def _losing(section: Section) -> list[str]:
    """Return a sentence about contenders with lost or wrong responses."""
    losing = [row.figures for row in section.rows if row.figures.lost_share > limits.ERRORS]
    if not losing or section.headline == "room":
        return []
    each = [f"{figures.entrant.label} ({share(figures.lost_share)})" for figures in losing]
    where = section.question.name if section.quick else f"{section.question.name}, {section.connections:,} clients"
    return [f"{where}: not ranked, because responses are lost or wrong: {together(each)}."]


def _first_byte(section: Section, rows: Sequence[Row]) -> list[str]:
    known = [row for row in rows if row.figures.first_byte.p50 is not None]
    if len(known) < 2:
        return []
    parts = [
        f"after {duration(row.figures.first_byte.p50)} from {row.figures.entrant.label}"
        for row in (known[0], known[-1])
    ]
    return [
        (
            f"{section.question.name}, {section.connections} clients: half of them receive the first byte "
            f"{', '.join(parts)}."
        )
    ]


def _held_connections(section: Section) -> list[str]:
    if not section.rows:
        return []
    parts = []
    for row in section.rows[:1] + section.rows[1:][-1:]:
        figures = row.figures
        rest = f"responds to other clients in {duration(figures.answer.p50)}"
        if figures.lost_share > limits.ERRORS:
            rest = (
                "serves no other client"
                if figures.lost_share > 0.99
                else f"loses {share(figures.lost_share)} of the other requests"
            )
        takes = f" and uses {megabytes(figures.memory[1])}" if figures.memory[1] else ""
        parts.append(f"{figures.entrant.label} holds {figures.held}, {rest}{takes}")
    return [f"{section.question.name}, {section.question.behind} clients: {'; '.join(parts)}."]
