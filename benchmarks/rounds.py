"""Measure contenders in turns. Each round measures each contender once, so a slower machine affects all of them.

Knows medians, ratios and tables. It must not know what is measured.
"""

from __future__ import annotations

import platform
import statistics
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import version

Figures = dict[str, list[float]]


def rounds(contenders: Mapping[str, Callable[[], float]], count: int) -> Figures:
    """Return `count` figures of each contender, measured in turns after one warm-up round."""
    figures: Figures = {name: [] for name in contenders}
    for turn in range(count + 1):
        for name, measure in contenders.items():
            figure = measure()
            if turn:
                figures[name].append(figure)
    return figures


def ratio(figures: Figures, slow: str, fast: str) -> float:
    """Divide `slow`'s figure by `fast`'s figure in each round. Return the median of these ratios."""
    return statistics.median(s / f for s, f in zip(figures[slow], figures[fast], strict=True))


def table(title: str, unit: str, figures: Figures, ours: str, *, more_is_better: bool) -> str:
    """Return a Markdown table with the median, minimum and maximum of each contender, and the relative speed of ours.

    A relative speed above 1 means that ours is faster.
    """
    lines = [f"**{title}**", "", f"| | median {unit} | minimum | maximum | relative speed |", "|---|--:|--:|--:|--:|"]
    for name, values in figures.items():
        times = ratio(figures, ours, name) if more_is_better else ratio(figures, name, ours)
        shown = "" if name == ours else f"{times:.2f} ×"
        low, median, high = (digits(figure) for figure in (min(values), statistics.median(values), max(values)))
        lines.append(f"| {name} | {median} | {low} | {high} | {shown} |")
    return "\n".join(lines) + "\n"


def digits(figure: float) -> str:
    """Return the figure with three digits, or with all digits before the decimal point."""
    return f"{figure:,.{3 if figure < 1 else 2 if figure < 10 else 1 if figure < 100 else 0}f}"


def machine(*packages: str) -> str:
    """Return a line with the versions of Python and `packages`, and the kind of machine."""
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return f"CPython {platform.python_version()}, {sys.platform} {platform.machine()}; {versions}."
