"""Format numbers for readers. Pure."""

import math
from collections.abc import Sequence

from gateways.compare.judge.inference import Ratio


def number(value: float) -> str:
    """Return a number with three digits: 37,100; 318; 76.3; 0.82."""
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{round(value, 2 - math.floor(math.log10(abs(value)))):,.{min(digits, 2)}f}"


def rate(value: float) -> str:
    """Format responses per second; an integer if it is 10 or more."""
    return number(value) if value >= 100 else f"{value:.0f}" if value >= 10 else f"{value:.1f}"


def duration(seconds: float | None) -> str:
    """Format a time: `0.35 ms`, `2.1 ms`, `51 ms`, `6.8 s`; `never` for infinity, "" for None."""
    if seconds is None:
        return ""
    if math.isinf(seconds):
        return "never"
    if seconds < 0.001:
        return f"{seconds * 1000:.2f} ms"
    if seconds < 1:
        return f"{seconds * 1000:.2g} ms" if seconds < 0.01 else f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s"


def micros(seconds: float | None) -> str:
    """Format CPU time per response: `32 µs`, `24.0 ms`."""
    if seconds is None:
        return ""
    return f"{seconds * 1e6:.0f} µs" if seconds < 0.0009995 else f"{number(seconds * 1e3)} ms"


def megabytes(octets: float) -> str:
    return f"{octets / 1e6:.0f} MB"


def share(value: float) -> str:
    """Format a share: `1.0 %`, `50 %`, `0.02 %`."""
    percent = value * 100
    return f"{percent:.0f} %" if percent >= 10 else f"{percent:.1f} %" if percent >= 0.995 else f"{percent:.2g} %"


def times(value: float) -> str:
    """Format a ratio: `868`, `1.73`, `0.33`, `0.0031`."""
    return number(value) if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"


def fraction(value: float) -> str:
    """Format a small ratio as a fraction: `1/2,000` for 0.0005. The fraction is computed from the rounded ratio, so
    both texts agree.
    """
    return f"1/{rate(float(f'{1 / float(times(value)):.2g}'))}"


def as_many(value: float) -> str:
    """Format a ratio of numbers: `0.40 times as many`; `0.0005 times as many (1/2,000)`."""
    return f"{times(value)} times as many" + (f" ({fraction(value)})" if value < 0.1 else "")


def bounded(ratio: Ratio) -> str:
    """Format a ratio with its interval: `1.73 (1.70–1.76)`, `2.10 (one run)`."""
    return f"{times(ratio.value)} ({interval(ratio) or 'one run'})"


def interval(ratio: Ratio) -> str:
    """Format an interval: `1.70–1.76`; "" after a single measurement."""
    return f"{times(ratio.low)}–{times(ratio.high)}" if ratio.high > ratio.low else ""


def of_clients(*counts: int) -> str:
    """Format numbers of clients: `1 client`, `1,000 clients`; `2 or 64 clients` if the numbers differ."""
    numbers = [f"{count:,}" for count in sorted(counts)]
    alternatives = " or ".join(filter(None, [", ".join(numbers[:-1]), *numbers[-1:]]))
    return f"{alternatives} client{'' if set(counts) == {1} else 's'}"


def together(names: Sequence[str]) -> str:
    """Format a list: `a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]])) if names else ""
