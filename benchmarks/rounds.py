"""Contenders in turns: every round measures each once, so that a machine whose speed drifts slows all of them alike.

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
    """`count` figures of each contender, in turns, after one round that does not count."""
    figures: Figures = {name: [] for name in contenders}
    for turn in range(count + 1):
        for name, measure in contenders.items():
            figure = measure()
            if turn:
                figures[name].append(figure)
    return figures


def ratio(figures: Figures, slow: str, fast: str) -> float:
    """How many times `slow`'s figure is of `fast`'s: the median of the rounds' ratios."""
    return statistics.median(s / f for s, f in zip(figures[slow], figures[fast], strict=True))


def table(title: str, unit: str, figures: Figures, ours: str, *, more_is_better: bool) -> str:
    """A Markdown table: each contender's median, least and most, and how many times as good ours is: below 1, worse."""
    lines = [f"**{title}**", "", f"| | median {unit} | least | most | ours, times as good |", "|---|--:|--:|--:|--:|"]
    for name, values in figures.items():
        times = ratio(figures, ours, name) if more_is_better else ratio(figures, name, ours)
        shown = "" if name == ours else f"{times:.2f} ×"
        low, median, high = (digits(figure) for figure in (min(values), statistics.median(values), max(values)))
        lines.append(f"| {name} | {median} | {low} | {high} | {shown} |")
    return "\n".join(lines) + "\n"


def digits(figure: float) -> str:
    """A figure by three digits, and all of those before the point."""
    return f"{figure:,.{3 if figure < 1 else 2 if figure < 10 else 1 if figure < 100 else 0}f}"


def machine(*packages: str) -> str:
    """One line about what was measured on, and with what."""
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return f"CPython {platform.python_version()}, {sys.platform} {platform.machine()}; {versions}."
