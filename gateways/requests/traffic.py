"""A group of requests from a file or a command line, and the entries that cannot be replayed. Pure."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Literal

from gateways.requests.request import Request

_SENT = attrgetter("method", "target", "headers", "body", "expect", "takes", "name")
"""The fields in which different requests differ. Two entries of a file may be the same request."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

Kind = Literal["options", "har", "access log", "json lines"]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An entry of a file that is not replayed: its place ("shop.log, line 7"), its text, and the reason."""

    where: str
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Traffic:
    """Requests in the order in which they were made.

    requests: the requests to compare, in order. login: the requests to send first, once for each server. Later requests
    use the cookies and values of the login. left_out: entries that cannot be replayed. notes: further remarks for
    readers of the results, one sentence each. host: the Host header of a recording ("shop.example:8000"); None if
    unknown.
    """

    requests: tuple[Request, ...]
    login: tuple[Request, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()
    host: str | None = None

    def __add__(self, other: "Traffic") -> "Traffic":
        return Traffic(
            self.requests + other.requests,
            self.login + other.login,
            self.left_out + other.left_out,
            self.notes + other.notes,
            self.host or other.host,
        )

    def mix(self) -> tuple[Request, ...]:
        """Return each different request once, with the sum of the weights of equal ones, for a load test."""
        weights: dict[tuple[object, ...], float] = {}
        first: dict[tuple[object, ...], Request] = {}
        for request in self.requests:
            key = _SENT(request)
            first.setdefault(key, request)
            weights[key] = weights.get(key, 0.0) + request.weight
        return tuple(replace(request, weight=weights[key]) for key, request in first.items())

    def safe(self, why: str) -> "Traffic":
        """Return the traffic without requests that may change data. Add these to `left_out`, with the reason `why`.

        The login stays, because the user has requested it.
        """
        unsafe = [each for each in self.requests if not each.is_safe]
        out = tuple(LeftOut(each.origin or "command line", each.label, why) for each in unsafe)
        return replace(self, requests=tuple(each for each in self.requests if each.is_safe),
                       left_out=self.left_out + out)  # fmt: skip

    def opening(self) -> tuple[Request, ...]:
        """Return the requests that begin a session, in order: the login, and all requests up to the last one that takes
        values or submits a form. An unsafe request submits a form if its recorded status is 302 or 303
        (Post/Redirect/Get).
        """
        last = [number for number, each in enumerate(self.requests, 1) if each.takes or _submits(each)]
        return self.login + self.requests[: max(last, default=0)]

    @property
    def changes_data(self) -> bool:
        """True if a request, or a request of the login, has an unsafe method (RFC 9110, 9.2.1)."""
        return not all(each.is_safe for each in (*self.login, *self.requests))


def _submits(request: Request) -> bool:
    return not request.is_safe and request.recorded in {302, 303}


def summary(left_out: Iterable[LeftOut]) -> list[str]:
    """Return one line for each reason why entries are omitted: the count, the reason and the first place.

    Control characters are escaped: a client may have sent sequences that change the terminal.
    """
    items = list(left_out)
    counts = Counter(each.why for each in items)
    first = {each.why: each for each in reversed(items)}
    return [
        f"left out: {count} {'entry' if count == 1 else 'entries'} ({why}); first {first[why].where}: "
        + _CONTROL.sub(lambda at: f"\\x{ord(at[0]):02x}", first[why].what)
        for why, count in counts.most_common()
    ]
