"""Format a section as a table of text, for the terminal and for Markdown. Pure."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateways.compare.judge.analysis import Section
from gateways.compare.judge.figures import Latency, Row
from gateways.compare.judge.parts import PartRow, PartTable
from gateways.compare.judge.words import duration, interval, megabytes, micros, of_clients, rate, share, times, together
from gateways.compare.plan.scenarios import Headline


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table. bar: the length of its bar, from 0 to 1. dim: True if the contender is not ranked."""

    cells: tuple[str, ...]
    bar: float
    dim: bool


@dataclass(frozen=True, slots=True)
class Table:
    """A table: a title that names the load, a note, columns and lines. The first column names the contender. The other
    columns have figures.
    """

    title: str
    note: str
    columns: tuple[str, ...]
    lines: tuple[Line, ...]


Column = tuple[str, Callable[[Section, Row], str]]


def table(section: Section) -> Table:
    """Return the table of a section. Empty columns are left out."""
    named = [(_named(section, name), of) for name, of in SHOWN[section.headline]]
    columns = [(name, of) for name, of in named if any(of(section, row) for row in section.rows)]
    lines = [
        Line(tuple(of(section, row) for _, of in columns), bar, not row.ranked)
        for row, bar in zip(section.rows, _bars(section), strict=True)
    ]
    return Table(_title(section), _note(section), tuple(name for name, _ in columns), tuple(lines))


MAX_PARTS = 10
"""Maximum number of requests of a mix in a short table. The table shows the requests with the largest weights."""


def of_parts(section: Section, most: int | None = None) -> Table | None:
    """Return the table with a row for each request of a mix; None if there is only one request. `most` limits the
    number of rows.
    """
    if not section.parts:
        return None
    shown = sorted(section.parts, key=lambda each: -each.asked.weight)[:most]
    total = sum(each.asked.weight for each in section.parts)
    lines = [
        Line((_asked(part, total) if row is part.rows[0] else "", *_part_cells(row)), 0.0, bool(row.failed))
        for part in shown
        for row in part.rows
    ]
    offered = max((row.offered for part in shown for row in part.rows), default=0.0)
    median = f"p50 @{rate(offered)}/s" if offered else "p50"
    columns = (
        "request",
        "contender",
        "requests/s",
        median,
        "p90",
        "p99",
        "lost",
    )
    left = len(section.parts) - len(shown)
    note = "Each request of the mix, with its status and its share of all requests."
    note += f" {left:,} more with smaller weights; --html, --markdown and --csv show all." if left else ""
    kept = [at for at in range(len(columns)) if any(line.cells[at] for line in lines)]
    return Table(
        f"{section.question.name}: each request",
        note,
        tuple(columns[at] for at in kept),
        tuple(Line(tuple(line.cells[at] for at in kept), line.bar, line.dim) for line in lines),
    )


def _asked(part: PartTable, total: float) -> str:
    return f"{part.asked.label} → {part.asked.answer.status}, {share(part.asked.weight / total)}"


def _part_cells(row: PartRow) -> tuple[str, ...]:
    times = (row.answer.p50, row.answer.p90, row.answer.p99)
    lost = share(row.lost_share) if row.failed else ""
    return row.entrant.label, rate(row.rate), *map(duration, times), lost


def _bars(section: Section) -> list[float]:
    of = [row.figures.held if section.headline == "room" else row.figures.rate for row in section.rows]
    most = max(of, default=0) or 1
    return [value / most for value in of]


def _title(section: Section) -> str:
    question = section.question
    statuses = sorted({answer.status for answer in question.answers})
    status = f", status {together(list(map(str, statuses)))}" if statuses else ""
    if question.behind:
        return f"{question.name}: {question.behind} clients, while others send requests{status}"
    return f"{question.name}: {question.request} by {of_clients(*section.numbers)}{status}"


def _note(section: Section) -> str:
    groups = " Contenders that share a letter are statistically indistinguishable." * any(
        row.letters for row in section.rows
    )
    client = (
        "" if section.null is None else f" The load client can send up to {rate(section.null)} requests per second."
    )
    return f"The scenario shows {section.question.reveals}.{_floor(section)}{groups}{client}"


def _floor(section: Section) -> str:
    if section.failed:
        return " The measurement failed: two runs of the same server differ by more than 100 %."
    return "" if section.floor is None else f" No difference smaller than {share(section.floor)} is reported."


def _named(section: Section, column: str) -> str:
    """Return the name of a column; `{rate}` is replaced by the rate at which latency was measured."""
    return column.format(rate=rate(_offered(section) or 0))


def _offered(section: Section) -> float | None:
    """Return the most common rate at which latency was measured. If several are equally common, return the
    middle one. Return None if no latency was measured.
    """
    counts = Counter(latency.offered for row in section.rows for latency in row.figures.latencies)
    common = sorted(offered for offered, count in counts.items() if count == max(counts.values()))
    return common[len(common) // 2] if common else None


def _clients(section: Section, row: Row) -> str:
    return f"{row.figures.connections:,}" if len(section.numbers) > 1 else ""


def _rate(_: Section, row: Row) -> str:
    return ("≥ " if row.limit == "client" else "") + rate(row.figures.rate)


def _ratio(section: Section, row: Row) -> str:
    if row.figures.entrant.id == section.reference:
        return "1"
    if row.ratio is None:
        return ""
    bounds = interval(row.ratio)
    return times(row.ratio.value) + (f" [{bounds}]" if bounds else "") + (" tie" if row.tie else "")


def _latency(of: Callable[[Latency], float | None]) -> Callable[[Section, Row], str]:
    """Return the function for a latency cell. The cell has the latency at the table's rate. If the latency was measured
    only at another rate, the cell names that rate.
    """

    def cell(section: Section, row: Row) -> str:
        offered = _offered(section)
        if offered is None or not row.figures.latencies:
            return ""
        latency = min(row.figures.latencies, key=lambda each: abs(each.offered - offered))
        value = duration(of(latency))
        return f"{value} @{rate(latency.offered)}/s" if value and latency.offered != offered else value

    return cell


def _whole(of: Callable[[Row], float | None]) -> Callable[[Section, Row], str]:
    """Return the function for a latency cell of a long run.

    The cell is empty for slices: the latency in a closed loop is the number of clients divided by the rate, which the
    table already shows.
    """
    return lambda section, row: "" if section.quick else duration(of(row))


def _cpu(_: Section, row: Row) -> str:
    factor = f" ×{times(row.cpu_ratio.value)}" if row.cpu_differs and row.cpu_ratio is not None else ""
    return micros(row.figures.cpu) + factor


def _bytes(_: Section, row: Row) -> str:
    return f"{megabytes(row.figures.bytes_per_second)}/s" if row.figures.bytes_per_second > 10_000_000 else ""


def _threads(_: Section, row: Row) -> str:
    processes = f" in {row.figures.processes}" if row.figures.processes > 1 else ""
    return f"{row.figures.threads}{processes}" if row.figures.threads else ""


_CONTENDER: Column = ("contender", lambda _, row: row.figures.entrant.label)
_WHAT_IT_TAKES: Sequence[Column] = (
    ("memory", lambda _, row: megabytes(row.figures.memory[1]) if row.figures.memory[1] else ""),
    ("threads", _threads),
    ("lost", lambda _, row: share(row.figures.lost_share) if row.figures.failures else ""),
    ("limit", lambda _, row: row.limit),
)
SHOWN: dict[Headline, Sequence[Column]] = {
    "rate": (
        _CONTENDER,
        ("clients", _clients),
        ("requests/s", _rate),
        ("ratio", _ratio),
        ("group", lambda _, row: row.letters),
        ("CPU/request", _cpu),
        ("p50 @{rate}/s", _latency(lambda latency: latency.answer.p50)),
        ("p99", _latency(lambda latency: latency.answer.p99)),
        ("p50", _whole(lambda row: row.figures.answer.p50)),
        ("p90", _whole(lambda row: row.figures.answer.p90)),
        ("body", _bytes),
        *_WHAT_IT_TAKES,
    ),
    "first byte": (
        _CONTENDER,
        ("first byte", _whole(lambda row: row.figures.first_byte.p50)),
        ("p75", _whole(lambda row: row.figures.first_byte.p75)),
        ("gaps", _whole(lambda row: row.figures.gap.p50)),
        ("gaps, p90", _whole(lambda row: row.figures.gap.p90)),
        ("requests/s", _rate),
        *_WHAT_IT_TAKES,
    ),
    "room": (
        _CONTENDER,
        ("held", lambda section, row: f"{row.figures.held} of {section.question.behind}"),
        ("others answered", lambda _, row: share(1 - row.figures.lost_share)),
        ("p50", _whole(lambda row: row.figures.answer.p50)),
        ("p90", _whole(lambda row: row.figures.answer.p90)),
        *_WHAT_IT_TAKES[:2],
    ),
}
"""Columns of a table, by headline of the scenario. The module `columns` has their meanings."""
