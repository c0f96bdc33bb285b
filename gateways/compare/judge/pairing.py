"""Slices compared with those of the same rounds: which figure is compared, and how slices are paired. Pure.

A slice's rate is its answers, counted: of those that hold few, it is their sum that says something.
"""

import statistics
from collections.abc import Callable, Sequence
from itertools import groupby

from gateways.compare.judge import inference
from gateways.compare.judge.inference import Ratio, Starts
from gateways.compare.record import Cell

FEW = 20
"""Answers in a slice, on average, below which slices are summed: one more or less is 5 % of them."""

Of = Callable[[Cell], float | None]
"""What is compared of a slice; None if it is not known of this one."""


def rate_of(cell: Cell) -> float:
    """Answers a second; half an answer if there was none, which has a logarithm."""
    return max(cell.measured.rate, 0.5e9 / max(1, cell.measured.window))


def cpu_of(cell: Cell) -> float | None:
    """The server's CPU time for each answer, in seconds."""
    spent, answered = cell.measured.server_cpu, cell.measured.answered
    return spent / answered / 1e9 if spent and answered else None


def compared(
    cells: Sequence[Cell],
    others: Sequence[Cell],
    of: Of,
    seed: int,
    resamples: int = inference.RESAMPLES,
) -> Ratio | None:
    """How many times what it is of the others, round by round."""
    theirs = {(cell.start, cell.round): of(cell) for cell in others}
    pairs = [
        [(own, their) for cell in same if (own := of(cell)) and (their := theirs.get((cell.start, cell.round)))]
        for same in _starts(cells)
    ]
    return inference.ratio(pairs, seed, resamples)


def per_slice(cells: Sequence[Cell]) -> float:
    """How many verified answers a slice holds, on average."""
    return _answers(cells) / max(1, len(cells))


def throughput(cells: Sequence[Cell]) -> float:
    """Answers a second: the median of the slices; of few answers, that of all slices together."""
    if per_slice(cells) >= FEW:
        return statistics.median(cell.measured.rate for cell in cells)
    return _answers(cells) * 1e9 / max(1, _window(cells))


def rates_compared(
    cells: Sequence[Cell], others: Sequence[Cell], seed: int, resamples: int = inference.RESAMPLES
) -> Ratio | None:
    """How many times the others' answers a second, round by round; of few answers, all slices together."""
    return _summed(compared(cells, others, rate_of, seed, resamples), cells, others)


def rates_unpaired(cells: Sequence[Cell], others: Sequence[Cell], seed: int) -> Ratio | None:
    """The same, of slices that were not measured side by side."""
    return _summed(inference.unpaired(grouped(cells, rate_of), grouped(others, rate_of), seed), cells, others)


def _summed(found: Ratio | None, cells: Sequence[Cell], others: Sequence[Cell]) -> Ratio | None:
    both = (cells, others)
    if found is None or min(map(len, both)) < 2 or min(map(per_slice, both)) >= FEW:
        return found
    own, their = (throughput(each) or 0.5e9 / max(1, _window(each)) for each in both)
    return inference.of_few(found, own / their, [[cell.measured.answered for cell in each] for each in both])


def _answers(cells: Sequence[Cell]) -> int:
    return sum(cell.measured.answered for cell in cells)


def _window(cells: Sequence[Cell]) -> int:
    return sum(cell.measured.window for cell in cells)


def grouped(cells: Sequence[Cell], of: Of) -> Starts[float]:
    """The values of each start, for what was not measured side by side."""
    return [[value for cell in same if (value := of(cell)) is not None] for same in _starts(cells)]


def _starts(cells: Sequence[Cell]) -> list[list[Cell]]:
    by_start = groupby(sorted(cells, key=lambda cell: cell.start), key=lambda cell: cell.start)
    return [list(same) for _, same in by_start]
