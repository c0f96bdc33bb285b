"""The plan of a comparison: two stacks, the requests, and how to send them. It must not know rounds or judgements."""

from dataclasses import dataclass

from gateways.diff.side import Site, Stack
from gateways.requests.request import Request
from gateways.requests.traffic import Traffic

HOST = "localhost"
"""The Host header for both sides, if no recording names one."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan.

    host: the Host header for both sides. seconds: timeout for one response. reset: command that runs before each round.
    ignored: patterns of facets. strict: also count differences that no client may depend on.
    """

    old: Stack | Site
    new: Stack | Site
    traffic: Traffic
    host: str = HOST
    seconds: float = 30.0
    reset: str | None = None
    ignored: tuple[str, ...] = ()
    strict: bool = False

    @property
    def requests(self) -> tuple[Request, ...]:
        return (*self.traffic.login, *self.traffic.requests)

    @property
    def may_repeat(self) -> bool:
        """True if further rounds may be sent to the old stack: all requests are safe, a command resets the data before
        each round, or each round starts the app again. Otherwise each round would change the data of a running server.
        """
        has_site = isinstance(self.old, Site)
        return self.reset is not None or not self.traffic.changes_data or not has_site
