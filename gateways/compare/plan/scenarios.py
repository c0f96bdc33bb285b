"""Scenarios: the requests of a comparison, and the purpose of each. Pure.

Quick scenarios are measured in rounds of short slices, while all servers run. A long scenario has waits, streams, large
bodies or idle connections. After it, a server may still work for clients that have disconnected. So each run of a long
scenario has a new server. To add a scenario, add one row to the table.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from gateways.compare.load.order import Behind, Request
from gateways.compare.plan.contender import Mode
from gateways.events.secrets import hiding, secrets_in
from gateways.requests.request import Request as Recorded
from gateways.requests.traffic import Traffic

WAIT = 0.05
"""Duration of a request in the scenarios that wait, in seconds."""
BIG = 10_000_000
"""Size of a large body, in bytes."""
BLOCKS = 20

Load = Literal["quick", "long", "websocket"]
Headline = Literal["rate", "first byte", "room"]
"""The figure by which a scenario is sorted: responses per second, time to the first byte, or held connections and then
the lost requests and the latency of other clients."""
Role = Literal["", "app", "server"]
"""app: the user's app. server: an app that does nothing, on the same server. The difference between both shows the
server's share of the cost.
"""

EVENTS = Request("/events?count=1000&delay=0.5")
DOWNLOAD = Request(f"/download?bytes={16 * 1024 * 1024}")


@dataclass(frozen=True, slots=True)
class Scenario:
    """A kind of load.

    reveals: the purpose of the scenario, to complete the sentence "The scenario shows ...".
    connections: concurrent clients; each number is measured separately. more: further numbers, which --thorough adds.
    service: time that the app waits for each response, in seconds; it determines the theoretical maximum rate of
    threads and clients.
    seconds: duration of a long measurement.
    timeout: seconds until a request without a response counts as lost.
    behind: background connections. With them, requests are sent at `rate` per second.
    extra_routes: the app needs the routes in plan.apps.
    without: modes that cannot serve it.
    expect: status of the response; None means any from 200 to 299. headline: the sort key of the results.
    role: see Role.
    small: the response costs so little that the cost of an adapter is visible.
    mix: the user's own requests, drawn by weight, instead of `request`. login: the requests that begin a session. They
    are sent first, once for each start of a server.
    """

    name: str
    reveals: str
    request: Request
    load: Load = "quick"
    connections: tuple[int, ...] = (64,)
    more: tuple[int, ...] = ()
    service: float | None = None
    seconds: float = 1.0
    timeout: float = 5.0
    behind: Behind | None = None
    rate: float = 0.0
    extra_routes: bool = False
    without: tuple[Mode, ...] = ()
    expect: int | None = None
    headline: Headline = "rate"
    role: Role = ""
    small: bool = False
    mix: tuple[Recorded, ...] = ()
    login: tuple[Recorded, ...] = ()

    @property
    def asks(self) -> str:
        """The request as text, e.g. "GET /hello". For several requests, the text is their number."""
        if len(self.mix) > 1:
            return f"{len(self.mix)} requests"
        return self.mix[0].label if self.mix else f"{self.request.method} {self.request.target}"

    @property
    def stateful(self) -> bool:
        """Return True if requests need cookies or values from earlier responses."""
        return bool(self.login) or any(each.takes for each in self.mix)

    @property
    def labels(self) -> tuple[str, ...]:
        """Each request of the mix, with its weight: "GET /cart × 3"."""
        return tuple(f"{each.label} × {each.weight:g}" for each in self.mix) if len(self.mix) > 1 else ()

    @property
    def needs_websocket(self) -> bool:
        return self.load == "websocket"


SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            "hello",
            "the fixed cost of a request: HTTP parser, interface, adapter; the app does almost nothing",
            Request("/hello"),
            more=(1, 4, 16, 256),
            small=True,
        ),
        Scenario(
            "json",
            "how much smaller the differences between servers are if the app does a little work",
            Request("/json?a=1&b=2&c=3"),
        ),
        Scenario(
            "wait",
            "which servers run out of threads: each request waits 50 ms, as for a database",
            Request(f"/sleep?seconds={WAIT}"),
            "long",
            connections=(200,),
            more=(1, 16, 1000),
            service=WAIT,
            seconds=2.0,
            timeout=10.0,
        ),
        Scenario(
            "stream",
            "which servers send the first byte immediately: 50 clients each receive 20 blocks, one every 50 ms",
            Request(f"/stream?chunks={BLOCKS}&delay={WAIT}"),
            "long",
            connections=(50,),
            service=WAIT * (BLOCKS - 1),
            seconds=1.5,
            timeout=15.0,
            headline="first byte",
        ),
        Scenario(
            "upload",
            "the cost of a request body of 10 MB: copies, and memory if the server reads it before it calls the app",
            Request("/upload", "POST", BIG),
            "long",
            connections=(4,),
            timeout=15.0,
        ),
        Scenario(
            "download",
            "the cost of a response body of 10 MB, sent block by block",
            Request(f"/download?bytes={BIG}"),
            "long",
            connections=(4,),
            timeout=15.0,
            extra_routes=True,
        ),
        Scenario(
            "slow-readers",
            "whether 50 clients that read slowly delay the responses to others, or fill the server's memory",
            Request("/hello"),
            "long",
            connections=(16,),
            seconds=3.0,
            timeout=2.0,
            headline="room",
            behind=Behind("slow", DOWNLOAD, 50),
            rate=100.0,
            extra_routes=True,
        ),
        Scenario(
            "idle",
            "whether other clients get responses while 300 clients hold an event stream open",
            Request("/hello"),
            "long",
            connections=(16,),
            seconds=3.0,
            timeout=2.0,
            headline="room",
            behind=Behind("held", EVENTS, 300),
            rate=100.0,
        ),
        Scenario(
            "cpu",
            "that no interface makes computation in Python (3 ms) faster; only more processes do",
            Request("/cpu?rounds=8000"),
            connections=(8,),
        ),
        Scenario(
            "websocket",
            "messages per second on open WebSockets; a WSGI app holds a thread for each",
            Request("/ws"),
            "websocket",
            extra_routes=True,
            without=("cgi",),
        ),
        Scenario(
            "blocking",
            "a common mistake: code that blocks for 50 ms, which delays all requests of an async app",
            Request(f"/block?seconds={WAIT}"),
            "long",
            connections=(16,),
            service=WAIT,
            extra_routes=True,
        ),
    )
}


def by_routes(scenarios: Iterable[Scenario]) -> list[list[Scenario]]:
    """Group the scenarios by the form of the app that they need: first without the routes in plan.apps, then with these
    routes.
    """
    groups: tuple[list[Scenario], list[Scenario]] = ([], [])
    for each in scenarios:
        groups[each.extra_routes].append(each)
    return [group for group in groups if group]


USUAL = ("hello", "wait", "stream")
"""Default scenarios. They take about two minutes."""


MAX_REQUESTS = 200
"""Maximum number of requests of a mix, because each of them is sent to every contender twice before the load. The
requests with the largest weights are used.
"""


def of_path(path: str, expect: int | None = None) -> Scenario:
    """Return the scenario of one path of a user's app."""
    return of_traffic(Traffic((Recorded("GET", path, expect=expect),)))


def of_traffic(traffic: Traffic) -> Scenario:
    """Return the scenario of a user's own requests: the most frequent ones, at most MAX_REQUESTS."""
    mix = [_named(each) for each in sorted(traffic.mix(), key=lambda each: -each.weight)[:MAX_REQUESTS]]
    several = len(mix) > 1
    return Scenario(
        "requests" if several else "path",
        f"the cost of {'these requests' if several else 'this path'} of the app, in each way to serve it",
        Request(mix[0].target, mix[0].method),
        more=(1, 4, 16, 256),
        role="app",
        small=True,
        mix=tuple(mix),
        login=traffic.opening(),
    )


def _named(request: Recorded) -> Recorded:
    """Return the request with a label that can be published, because it does not contain the secrets of the target."""
    label = hiding(secrets_in(request.label))(request.label)
    return request if label == request.label else replace(request, name=label)


GATEWAY = replace(
    SCENARIOS["hello"],
    name="gateway",
    reveals="the server's own cost: it serves a hello app instead of the user's app",
    more=(),
    role="server",
    small=False,
)
"""Scenario with an app that does nothing. Compared with the user's app on the same server, it shows the server's share
of the cost.
"""
