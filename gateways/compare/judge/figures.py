"""Compute the figures of a contender in one scenario. Pure. Times in figures are in seconds, times in cells in
nanoseconds.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateways.compare.judge.inference import Ratio
from gateways.compare.judge.pairing import per_slice, throughput
from gateways.compare.load.histogram import Histogram
from gateways.compare.record import Cell, Entrant

ENOUGH = 20
"""Minimum number of responses per connection in a window for a test of Little's law. With fewer responses, the edges of
the window distort the result.
"""


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Percentiles in seconds. A percentile is inf if it lies among the failed requests, and None if there are too few
    samples beyond it.
    """

    p50: float | None = None
    p75: float | None = None
    p90: float | None = None
    p99: float | None = None
    p999: float | None = None

    @classmethod
    def of(cls, histogram: Histogram) -> "Percentiles":
        """Return percentiles of a histogram of nanoseconds."""
        return cls(*(seconds(histogram.supported(share)) for share in (0.5, 0.75, 0.9, 0.99, 0.999)))


@dataclass(frozen=True, slots=True)
class Latency:
    """The latencies at one rate. `lag`: the delay within the load client, at the 99th percentile."""

    offered: float
    samples: int
    missing: int
    answer: Percentiles
    first_byte: Percentiles
    lag: float | None
    late: float | None


@dataclass(frozen=True, slots=True)
class Figures:
    """The measurements of one contender.

    rate: verified responses per second. This is the median of the slices. If slices contain few responses, it is the
    rate of all slices together. per_slice: the average number of responses in a slice.
    answered, failed, retried: numbers of requests, including those outside the measured windows; `failed` has a number
    for each kind.
    raised: the number of exceptions in the server's log, by their last line, in slices with failures.
    cpu: the server's CPU time per response, in seconds. cores: the number of cores that the server kept busy. others:
    the number of cores that all other programs kept busy.
    memory: three values in bytes: before the load, the maximum, and after the load. The first and the last value are
    from the same start of the server.
    switches: context switches per response. client: the share of a core that the client used. little: the deviation
    from Little's law, as a share.
    """

    entrant: Entrant
    connections: int
    rate: float
    per_slice: float
    answered: int
    failed: dict[str, int]
    examples: tuple[str, ...]
    reconnects: int
    retried: int
    raised: dict[str, int]
    cpu: float | None
    cores: float | None
    others: float | None
    client: float
    little: float | None
    answer: Percentiles
    first_byte: Percentiles
    gap: Percentiles
    bytes_per_second: float
    memory: tuple[int, int, int]
    threads: int
    processes: int
    switches: float | None
    held: int
    latencies: tuple[Latency, ...] = ()
    ladder: tuple[tuple[int, float], ...] = ()

    @property
    def failures(self) -> int:
        return sum(self.failed.values())

    @property
    def lost_share(self) -> float:
        """Share of requests without the expected response."""
        return self.failures / max(1, self.failures + self.answered)

    @property
    def retried_share(self) -> float:
        """Share of requests that were sent twice."""
        return self.retried / max(1, self.failures + self.answered)


@dataclass(frozen=True, slots=True)
class Row:
    """A contender's figures, compared with those of the others.

    ratio: its throughput relative to the reference. tie: True if no difference from the reference is reported.
    letters: contenders that share a letter are statistically indistinguishable.
    limit: the bottleneck. ranked: False if the load client is the bottleneck, if too many requests failed, or if the
    contender was measured only in part.
    cpu_ratio: its CPU time per response relative to the reference. A busy machine affects this figure least.
    cpu_differs: True if the difference of CPU time exceeds the noise.
    """

    figures: Figures
    ratio: Ratio | None
    tie: bool
    letters: str
    limit: str
    ranked: bool
    cpu_ratio: Ratio | None = None
    cpu_differs: bool = False


def seconds(nanoseconds: float | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / 1e9


def figures(entrant: Entrant, main: Sequence[Cell], every: Sequence[Cell]) -> Figures:
    """Return the figures of a contender in a scenario.

    main: the slices or long runs from which throughput is computed. every: all slices or runs, in chronological order.
    """
    measured = [cell.measured for cell in main]
    window = sum(each.window for each in measured) or 1
    answered = sum(each.answered for each in measured)
    answer, first_byte, gap = (
        Percentiles.of(Histogram.merged(getattr(each, name) for each in measured))
        for name in ("latency", "first_byte", "gap")
    )
    failed, examples = _failures(every)
    last = [cell for cell in every if cell.start == every[-1].start]
    switches = sum(max(0, cell.after.switches - cell.before.switches) for cell in main)
    return Figures(
        entrant=entrant,
        connections=main[0].connections,
        rate=throughput(main),
        per_slice=per_slice(main),
        answered=sum(cell.measured.answered + cell.measured.outside for cell in every),
        failed=failed,
        examples=examples,
        reconnects=sum(cell.measured.reconnects for cell in every),
        retried=sum(cell.measured.retried for cell in every),
        raised=dict(sum((Counter(cell.measured.raised) for cell in every), Counter[str]()).most_common()),
        cpu=_per(main, _spent, _answered),
        cores=_per(main, _spent, _window),
        others=_per(main, foreign, _window),
        client=sum(each.client_cpu for each in measured) / window,
        little=_little(main),
        answer=answer,
        first_byte=first_byte,
        gap=gap,
        bytes_per_second=sum(each.octets for each in measured) / window * 1e9,
        memory=(last[0].before.memory, max(cell.peak.memory for cell in every), last[-1].after.memory),
        threads=max(cell.peak.threads for cell in every),
        processes=max(cell.peak.processes for cell in every),
        switches=switches / answered if answered else None,
        held=min(each.begun - each.lost for each in measured),
        latencies=tuple(_latencies([cell for cell in every if cell.phase == "latency"])),
        ladder=tuple(_ladder([cell for cell in every if cell.phase == "capacity"])),
    )


def _failures(cells: Sequence[Cell]) -> tuple[dict[str, int], tuple[str, ...]]:
    failed: Counter[str] = Counter()
    for cell in cells:
        failed.update(cell.measured.failed)
        if cell.measured.unsent:
            failed["not sent"] += cell.measured.unsent
    examples = dict.fromkeys(example for cell in cells for example in cell.measured.examples)
    return dict(failed), tuple(examples)[:3]


def _per(cells: Sequence[Cell], of: Callable[[Cell], int | None], unit: Callable[[Cell], int]) -> float | None:
    """Return the sum of values divided by the sum of units. Cells without a known value are ignored.

    Return None if no units are left.
    """
    known = [(value, unit(cell)) for cell in cells if (value := of(cell)) is not None]
    units = sum(number for _, number in known)
    return sum(value for value, _ in known) / units if units else None


def _answered(cell: Cell) -> int:
    return cell.measured.answered * 10**9  # times 10**9, because `_per` divides nanoseconds of CPU time by it


def _window(cell: Cell) -> int:
    return cell.measured.window


def _spent(cell: Cell) -> int | None:
    return cell.measured.server_cpu


def foreign(cell: Cell) -> int | None:
    """Return the CPU time of all processes except server and client, in nanoseconds; None if unknown."""
    measured = cell.measured
    if measured.machine_cpu is None or measured.server_cpu is None:
        return None
    return max(0, measured.machine_cpu - measured.server_cpu - measured.client_cpu)


def _little(cells: Sequence[Cell]) -> float | None:
    """Return the deviation from Little's law, by which a closed loop without failures always has one running request
    per client. Return None if there are too few responses.
    """
    closed = [cell for cell in cells if not cell.offered and not cell.measured.failures]
    window = sum(cell.measured.window for cell in closed)
    answers = sum(cell.measured.answered for cell in closed)
    if answers < ENOUGH * len(closed) * cells[0].connections or not window:
        return None
    return sum(cell.measured.busy for cell in closed) / window / cells[0].connections - 1


def _latencies(cells: Sequence[Cell]) -> list[Latency]:
    by_rate: dict[float, list[Cell]] = {}
    for cell in cells:
        by_rate.setdefault(cell.offered, []).append(cell)
    return [_latency(rate, same) for rate, same in sorted(by_rate.items())]


def _latency(rate: float, cells: Sequence[Cell]) -> Latency:
    answer, first, lag, late = (
        Histogram.merged(getattr(cell.measured, name) for cell in cells)
        for name in ("latency", "first_byte", "lag", "late")
    )
    return Latency(
        offered=rate,
        samples=len(answer),
        missing=answer.missing,
        answer=Percentiles.of(answer),
        first_byte=Percentiles.of(first),
        lag=seconds(lag.percentile(0.99)),
        late=seconds(late.percentile(0.99)),
    )


def _ladder(cells: Sequence[Cell]) -> list[tuple[int, float]]:
    by_clients: dict[int, list[Cell]] = {}
    for cell in cells:
        by_clients.setdefault(cell.connections, []).append(cell)
    return [(clients, throughput(same)) for clients, same in sorted(by_clients.items())]


def knee(ladder: Sequence[tuple[int, float]]) -> int:
    """Return the smallest number of clients whose rate is within 5 % of the highest rate."""
    most = max(rate for _, rate in ladder)
    return next(clients for clients, rate in ladder if rate >= 0.95 * most or math.isclose(rate, most))
