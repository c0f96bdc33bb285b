"""Histograms of durations, in buckets whose width grows with the value. Pure.

To merge histograms of the same quantity, add their counts. The percentiles of several runs are computed from the merged
histogram, never from other percentiles. The width of a bucket is at most 1/64 of its lower bound, and a value is
reported as the middle of its bucket, so the error is below 0.8 %.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Self

BITS = 6
EXACT = 2 << BITS  # each smaller value has its own bucket

BEYOND = 10
"""Minimum number of samples above a reported percentile. For example, the 99th percentile needs 1,000 samples."""


def bucket(value: int) -> int:
    """Return the number of the bucket of a non-negative value."""
    if value < EXACT:
        return value
    shift = value.bit_length() - BITS - 1
    return (shift << BITS) + (value >> shift)


def middle(number: int) -> float:
    """Return the value at the middle of a bucket."""
    if number < EXACT:
        return number
    shift = (number >> BITS) - 1
    return (((number & (1 << BITS) - 1) + (1 << BITS)) << shift) + ((1 << shift) - 1) / 2


class Histogram:
    """The counts of values in nanoseconds. A missing value counts as larger than all other values."""

    __slots__ = ("_buckets", "missing", "total")

    def __init__(self, values: Iterable[int] = (), missing: int = 0) -> None:
        values = [max(0, value) for value in values]
        self._buckets: Counter[int] = Counter(map(bucket, values))
        self.total = sum(values)
        self.missing = missing

    @classmethod
    def merged(cls, histograms: Iterable["Histogram"]) -> Self:
        """Return the sum of the histograms."""
        whole = cls()
        for each in histograms:
            whole._buckets.update(each._buckets)  # noqa: SLF001 - the same class
            whole.total += each.total
            whole.missing += each.missing
        return whole

    @property
    def seen(self) -> int:
        """Return the number of values, without missing ones."""
        return self._buckets.total()

    def __len__(self) -> int:
        return self.seen + self.missing

    def mean(self) -> float | None:
        """Return the exact mean of the values; None without values."""
        return self.total / self.seen if self.seen else None

    def percentile(self, share: float) -> float | None:
        """Return a percentile: the value that `share` (0 to 1) of all values do not exceed.

        Returns inf if the percentile is a missing value, None if the histogram is empty.
        """
        rank = max(1, math.ceil(share * len(self) - 1e-9))
        if not len(self):
            return None
        for number, upto in self._upto():
            if upto >= rank:
                return middle(number)
        return math.inf

    def supported(self, share: float) -> float | None:
        """Return the percentile; None if fewer than BEYOND samples are above it."""
        return self.percentile(share) if len(self) * (1 - share) >= BEYOND - 1e-9 else None

    def curve(self) -> list[tuple[float, float]]:
        """For each bucket that is not empty, return its value and the share of all values up to this value."""
        return [(middle(number), upto / len(self)) for number, upto in self._upto()]

    def _upto(self) -> Iterable[tuple[int, int]]:
        upto = 0
        for number, count in sorted(self._buckets.items()):
            upto += count
            yield number, upto

    def to_json(self) -> dict[str, Any]:
        """Return JSON types. `buckets` lists number, count, number, count ... of the buckets that are not empty."""
        flat = [item for pair in sorted(self._buckets.items()) for item in pair]
        return {"missing": self.missing, "total": self.total, "buckets": flat}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return a histogram from the result of to_json()."""
        histogram = cls(missing=data["missing"])
        histogram.total = data["total"]
        flat = data["buckets"]
        histogram._buckets.update(dict(zip(flat[::2], flat[1::2], strict=True)))
        return histogram

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Histogram) and self.to_json() == other.to_json()

    __hash__ = None  # type: ignore[assignment]
