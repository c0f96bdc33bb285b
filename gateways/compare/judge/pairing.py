"""Compare the slices of two contenders by pairs from the same round. Pure.

The rate of a slice comes from its number of responses. If slices contain few responses, only the sum over all slices is
meaningful.
"""

import statistics
from collections.abc import Callable, Sequence
from itertools import groupby

from gateways.compare.judge import inference
from gateways.compare.judge.inference import Ratio, Starts
from gateways.compare.record import Cell

FEW = 20
"""Slices are summed if they have fewer responses than this on average. One response would be 5 % of a slice or more."""

Of = Callable[[Cell], float | None]
"""Returns the compared figure of a slice; None if it is unknown."""


def rate_of(cell: Cell) -> float:
    """Return responses per second. An empty slice counts as half a response, because zero has no logarithm."""
    return max(cell.measured.rate, 0.5e9 / max(1, cell.measured.window))


def cpu_of(cell: Cell) -> float | None:
    """Return the server's CPU time per response, in seconds; None if unknown."""
    spent, answered = cell.measured.server_cpu, cell.measured.answered
    return spent / answered / 1e9 if spent and answered else None


def compared(
    cells: Sequence[Cell],
    others: Sequence[Cell],
    of: Of,
    seed: int,
    resamples: int = inference.RESAMPLES,
) -> Ratio | None:
    """Return the figure of `cells` divided by the figure of `others`, from pairs of slices in the same round.

    Return None without such pairs.
    """
    theirs = {(cell.start, cell.round): of(cell) for cell in others}
    pairs = [
        [(own, their) for cell in same if (own := of(cell)) and (their := theirs.get((cell.start, cell.round)))]
        for same in _starts(cells)
    ]
    return inference.ratio(pairs, seed, resamples)


def per_slice(cells: Sequence[Cell]) -> float:
    """Return the average number of verified responses per slice."""
    return _answers(cells) / max(1, len(cells))


def throughput(cells: Sequence[Cell]) -> float:
    """Return responses per second: the median of the slices, or the rate of all slices together if they have
    few responses.
    """
    if per_slice(cells) >= FEW:
        return statistics.median(cell.measured.rate for cell in cells)
    return _answers(cells) * 1e9 / max(1, _window(cells))


def rates_compared(
    cells: Sequence[Cell], others: Sequence[Cell], seed: int, resamples: int = inference.RESAMPLES
) -> Ratio | None:
    """Return the responses per second of `cells` divided by those of `others`.

    The ratio is computed from pairs of slices, or from sums if there are few responses. Return None without pairs.
    """
    return _summed(compared(cells, others, rate_of, seed, resamples), cells, others)


def rates_unpaired(cells: Sequence[Cell], others: Sequence[Cell], seed: int) -> Ratio | None:
    """Return the ratio of responses per second, for slices that were not measured side by side; None without slices."""
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
    """Return the values of each start, for slices that were not measured side by side."""
    return [[value for cell in same if (value := of(cell)) is not None] for same in _starts(cells)]


def _starts(cells: Sequence[Cell]) -> list[list[Cell]]:
    by_start = groupby(sorted(cells, key=lambda cell: cell.start), key=lambda cell: cell.start)
    return [list(same) for _, same in by_start]
