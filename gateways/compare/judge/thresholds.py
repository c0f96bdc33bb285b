"""Thresholds for continuous integration. For example, `p99>200ms` fails a comparison if a contender is slower. Pure."""

import math
import operator
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from gateways.compare.judge.analysis import Section
from gateways.compare.judge.figures import Figures
from gateways.compare.judge.words import duration, micros, rate, share

EXAMPLE = "'p99>200ms', 'lost>0.1%' or 'rate<500'"

UNITS = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0}
PERCENT = {"%": 0.01}
PERCENTILES = ("p50", "p75", "p90", "p99", "p999")
BREACHES: dict[str, Callable[[float, float], bool]] = {">": operator.gt, "<": operator.lt}


@dataclass(frozen=True, slots=True)
class Threshold:
    """A condition that fails a comparison: a figure above (`>`) or below (`<`) the limit.

    figure: p50, p75, p90, p99 or p999 (latency, seconds), cpu (per response, seconds), lost or retried (shares of the
    requests), or rate (responses per second).
    """

    text: str
    figure: str
    sign: str
    limit: float

    def breached(self, value: float) -> bool:
        return BREACHES[self.sign](value, self.limit)


def threshold(text: str) -> Threshold:
    """Parse a threshold.

    Raises:
        ValueError: invalid threshold; the text gives a correct one.
    """
    match = re.fullmatch(r"\s*(\w+)\s*([<>])\s*(\d+(?:\.\d+)?)\s*(\S*)\s*", text)
    figure, sign, number, unit = match.groups() if match else ("", "", "0", "")
    wanted = _units(figure)
    if wanted is None or unit not in wanted:
        raise ValueError(f"{text!r} is not a threshold; write for example {EXAMPLE}")
    return Threshold(text.strip(), figure, sign, float(number) * wanted[unit])


def _units(figure: str) -> dict[str, float] | None:
    if figure in PERCENTILES or figure == "cpu":
        return UNITS
    return {"lost": PERCENT, "retried": PERCENT, "rate": {"": 1.0, "/s": 1.0}}.get(figure)


def breaches(sections: Sequence[Section], thresholds: Sequence[Threshold]) -> list[str]:
    """Return a sentence for each breach of a threshold by a contender, in a scenario or in one request of a mix.

    The latencies are from the highest measured rate, or from the closed loop of a long run. An unknown figure of a
    contender counts as a breach, because a check must not pass without its figure. An unknown figure of one request of
    a mix does not count. The scenario that measures only the server is skipped.
    """
    return [sentence for section in sections for each in thresholds for sentence in _breaches(section, each)]


def _breaches(section: Section, threshold: Threshold) -> Iterator[str]:
    if section.question.role == "server":
        return
    name = section.question.name
    for row in section.rows:
        figures = row.figures
        yield from _judged(f"{name}: {figures.entrant.label}", threshold, _value(section, figures, threshold.figure))
    for part in section.parts:
        for each in part.rows:
            values = {"lost": each.lost_share} | {of: getattr(each.answer, of) for of in PERCENTILES}
            value = values.get(threshold.figure)
            if value is not None:
                yield from _judged(f"{name}: {part.asked.label}: {each.entrant.label}", threshold, value)


def _value(section: Section, figures: Figures, figure: str) -> float | None:
    if figure == "lost":
        return figures.lost_share
    if figure == "retried":
        return figures.retried_share
    if figure == "rate":
        return figures.rate
    if figure == "cpu":
        return figures.cpu
    if not section.quick:
        return getattr(figures.answer, figure)  # type: ignore[no-any-return]
    return getattr(figures.latencies[-1].answer, figure) if figures.latencies else None


def _judged(what: str, threshold: Threshold, value: float | None) -> Iterator[str]:
    if value is None:
        yield (
            f"{what}: {threshold.figure} is unknown (too few samples, or not measured here); --thorough takes more "
            f"samples"
        )
    elif threshold.breached(value):
        yield f"{what}: {threshold.figure} is {_shown(threshold.figure, value)} ({threshold.text})"


def _shown(figure: str, value: float) -> str:
    if figure in {"lost", "retried"}:
        return share(value)
    if figure == "rate":
        return f"{rate(value)} a second"
    return micros(value) if figure == "cpu" and not math.isinf(value) else duration(value)
