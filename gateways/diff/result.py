"""The result of a comparison: differences merged over all requests, noise, and requests that could not be sent.
Pure.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from gateways.diff.facets import is_cookie
from gateways.diff.judge import ABSENT, Found, Judged
from gateways.diff.known import Known, explain


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference, and each request that shows it.

    requests: the indices of these requests. asked: the number of the new stack's responses to these requests. times:
    how many of these responses show the difference.
    accepted: the reason from the file of accepted differences; None if the difference is not accepted.
    """

    found: Found
    requests: tuple[int, ...]
    times: int
    asked: int
    known: Known | None
    accepted: str | None = None

    @property
    def is_counted(self) -> bool:
        """True if a client may depend on the facet, and the difference is not accepted."""
        return self.accepted is None and (self.known is None or self.known.is_counted)


@dataclass(frozen=True, slots=True)
class Side:
    """The names of one stack: the text from the user, the app with its server, and the adapter if there is one."""

    label: str
    what: str
    adapter: str = ""


@dataclass(frozen=True, slots=True)
class SentRequest:
    """A request, and the statuses of both stacks' responses; None if there was no response."""

    label: str
    origin: str
    old: tuple[int | None, ...]
    new: tuple[int | None, ...]

    @property
    def is_answered(self) -> bool:
        """True if at least one stack has responded."""
        return any(status is not None for status in (*self.old, *self.new))


@dataclass(frozen=True, slots=True)
class Result:
    """The result.

    asked: the compared requests, in order. noise: for each facet, the number of requests in which the old stack's own
    responses differed. left_out: lines about requests that were not sent. notes: further sentences. interrupted: True
    if the comparison was stopped before its end.
    unused: accepted differences that did not occur. secrets: values in requests and responses that must not be shown.
    """

    old: Side
    new: Side
    asked: tuple[SentRequest, ...]
    differences: tuple[Difference, ...]
    noise: dict[str, int] = field(default_factory=dict)
    rounds: tuple[int, int] = (2, 2)
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    interrupted: bool = False
    unused: tuple[str, ...] = ()
    strict: bool = False
    secrets: frozenset[str] = frozenset()

    @property
    def counted(self) -> list[Difference]:
        """Return the differences that determine the exit status."""
        return [each for each in self.differences if each.is_counted or (self.strict and each.accepted is None)]

    @property
    def unanswered(self) -> int:
        """The number of requests to which neither stack responded. Such requests prove nothing."""
        return sum(not each.is_answered for each in self.asked)


def together(judged: Sequence[Sequence[Judged]], ignored: Sequence[str] = ()) -> list[Difference]:
    """Return the differences of all requests, the most important first. Equal differences are merged.

    judged: the findings of each request. ignored: patterns of facets to leave out ("header:date", "cookie:*").
    """
    groups: dict[object, Difference] = {}
    for number, each in enumerate(judged):
        for one in each:
            facet = one.found.facet
            if any(fits(facet, pattern) for pattern in ignored):
                continue
            known = explain(one.found, one.status)
            key = _key(one.found, known)
            before = groups.get(key) or Difference(one.found, (), 0, 0, known)
            groups[key] = replace(
                before,
                found=_both(before.found, one.found),
                requests=(*before.requests, number),
                times=before.times + one.times,
                asked=before.asked + one.asked,
            )
    return sorted(groups.values(), key=lambda each: (not each.is_counted, _rank(each.found.facet), each.requests))


def fits(facet: str, pattern: str) -> bool:
    """Return True if a facet matches a pattern, e.g. "header:date", "cookie:*". "body" matches each place in a body."""
    return facet == pattern or fnmatchcase(facet, pattern) or (pattern == "body" and facet.startswith("body:"))


def _key(found: Found, known: Known | None) -> object:
    """Return a key, by which equal differences are merged. Differences are equal if they have the same formal kind, the
    same values, or the same lost or new cookie or header.
    """
    if known is not None and not known.is_counted:
        return found.facet
    if (is_cookie(found.facet) or found.facet.startswith("header:")) and ABSENT in (found.old, found.new):
        return found.facet, found.old == ABSENT
    return found.facet, found.old, found.new


SEVERAL = "several values"


def _both(first: Found, other: Found) -> Found:
    """Merge the equal differences of two requests. If a lost or new header has two values, return SEVERAL and
    show the first value in `lines`.
    """
    if (first.old, first.new) == (other.old, other.new) or not first.facet.startswith("header:"):
        return first
    if first.old == ABSENT:
        return first if first.new == SEVERAL else replace(first, new=SEVERAL, lines=(f"+{first.new}",))
    if first.new == ABSENT:
        return first if first.old == SEVERAL else replace(first, old=SEVERAL, lines=(f"-{first.old}",))
    return first


def _rank(facet: str) -> int:
    order = ("problem", "status", "body", "excess", "stream", "cookie", "header:", "framing", "interim", "trailers")
    return next((number for number, name in enumerate(order) if facet.startswith(name)), len(order))


def count_noise(noise: Iterable[set[str]]) -> dict[str, int]:
    """Count the requests in which each facet was noise. The most frequent facet is first."""
    counts: dict[str, int] = {}
    for each in noise:
        for name in each:
            counts[name] = counts.get(name, 0) + 1
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
