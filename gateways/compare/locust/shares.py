"""Split an order among several load clients, and merge their measurements. Pure.

Histograms can be added, and the sum of independent Poisson processes is a Poisson process with the sum of the rates. So
the result equals that of one larger client.
"""

import platform
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gateways.compare.load.histogram import Histogram
from gateways.compare.load.order import EXAMPLES, HISTOGRAMS, Behind, Measured, Order, Seen

SUMS = ("octets", "outside", "due", "unsent", "reconnects", "retried", "busy", "begun", "lost")


@dataclass(frozen=True)
class Crew:
    """The number of workers, and the address to which they connect.

    `bind` is the address of locust's master, for workers on other machines. If it is None, the master uses a port on
    loopback, and the workers are started on this machine.
    """

    workers: int
    bind: tuple[str, int] | None = None

    @property
    def command(self) -> str:
        """Return the command that starts a worker on any machine that can connect to the master."""
        host, port = self.bind or ("127.0.0.1", 0)
        reached = platform.node() if host in {"0.0.0.0", "[::]"} else host
        return f"locust -f - --worker --master-host {reached} --master-port {port}"


def shared(order: Order, number: int) -> list[Order]:
    """Return the order for each of `number` clients; fewer if there are fewer connections than clients.

    The first client reads the clocks of the server's processes, if the server runs on the machine of that client.
    """
    parts = min(number, order.connections)
    connections = portions(order.connections, parts)
    behind = portions(order.behind.connections, parts) if order.behind else [0] * parts
    return [
        replace(
            order,
            connections=own,
            rate=order.rate * own / order.connections,
            seed=order.seed + which,
            processes=() if which else order.processes,
            behind=_behind(order.behind, behind[which]),
        )
        for which, own in enumerate(connections)
    ]


def portions(whole: int, parts: int) -> list[int]:
    """Split a number into integers that differ by at most 1: 10 in 3 parts is 4, 3, 3."""
    return [whole // parts + (which < whole % parts) for which in range(parts)]


def _behind(behind: Behind | None, connections: int) -> Behind | None:
    return replace(behind, connections=connections) if behind and connections else None


def merged(measured: Sequence[Measured]) -> Measured:
    """Return the sum of simultaneous measurements.

    `client_cpu` is the CPU time of the busiest client, which limits the load. With several clients, `machine_cpu`
    is unknown.
    """
    whole = Measured(
        window=round(sum(each.window for each in measured) / len(measured)),
        failed=dict(sum((Counter(each.failed) for each in measured), Counter[str]())),
        examples=[example for each in measured for example in each.examples][:EXAMPLES],
        client_cpu=max(each.client_cpu for each in measured),
        server_cpu=measured[0].server_cpu,
        machine_cpu=measured[0].machine_cpu if len(measured) == 1 else None,
        stepped=any(each.stepped for each in measured),
        opened=min(each.opened for each in measured),
    )
    for name in SUMS:
        setattr(whole, name, sum(getattr(each, name) for each in measured))
    for name in HISTOGRAMS:
        setattr(whole, name, Histogram.merged(getattr(each, name) for each in measured))
    whole.parts = tuple(merged(same) for same in zip(*(each.parts for each in measured), strict=True))
    return whole


def agreed(seen: Sequence[Seen], turn: int) -> Seen:
    """Return the common response of all clients.

    If a response is a failure or an error, return this response. If the responses differ, return a different one at
    each `turn`. The comparison, which calls this twice, then detects the difference.
    """
    for each in seen:
        if each.error or each.status >= 400:
            return each
    different = list({(each.status, each.length, each.sha256): each for each in seen}.values())
    return different[turn % len(different)]
