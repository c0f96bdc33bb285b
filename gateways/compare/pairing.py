"""Slices held against those of the same rounds: what of them is compared, and how they are paired. Pure."""

from collections.abc import Callable, Sequence
from itertools import groupby

from gateways.compare import inference
from gateways.compare.inference import Ratio, Starts
from gateways.compare.record import Cell

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


def grouped(cells: Sequence[Cell], of: Of) -> Starts[float]:
    """The values of each start, for what was not measured side by side."""
    return [[value for cell in same if (value := of(cell)) is not None] for same in _starts(cells)]


def _starts(cells: Sequence[Cell]) -> list[list[Cell]]:
    by_start = groupby(sorted(cells, key=lambda cell: cell.start), key=lambda cell: cell.start)
    return [list(same) for _, same in by_start]
