"""The bottleneck of a contender: why does it not answer twice as many requests? Pure.

Throughput is at most clients / latency, threads / time that a request holds one, and cores / CPU time per request.
"""

from gateways.compare.judge.figures import Figures
from gateways.compare.judge.words import of_clients

CORE = 0.93
"""The share of a core from which on it is taken for busy: the rest is waking up."""
NEAR = 0.15
"""How near a rate must be to what a law allows to be taken for limited by it."""
OWN_CORE, CEILING = 0.8, 0.7
"""The shares of the client's core, and of what it can do, beyond which it may be the client that limits."""
ERRORS = 0.005
"""The share of failures beyond which nothing else is said of a contender than that it fails."""


def of_client(figures: Figures, reached: float | None) -> bool:
    """Is the client what limits, so that the server may do more? `reached` is the share of what the client can do."""
    return not figures.failures and (figures.client > OWN_CORE or (reached or 0.0) > CEILING)


def limit(figures: Figures, service: float | None, reached: float | None, *, paced: bool = False) -> str:
    """`errors`, `client`, `cpu`, `threads=4`, `one loop`, `clients`, or "" if it is none of them.

    `service` is how many seconds each answer waits, if that is known, `reached` the share of what the client can do. A
    `paced` load has a rate of its own: unless it fails, nothing else limits it.
    """
    if figures.lost_share > ERRORS:
        # With too few threads, some requests wait for too long: the threads are the bottleneck, not an error.
        late = set(figures.failed) <= {"timeout", "not sent"}
        return (_waiting(figures, service) if late and service else "") or "errors"
    if paced:
        return ""
    if of_client(figures, reached):
        return "client"
    # On a shared machine the server's core may be busy with others' work: then that is what limits it.
    if figures.cores is not None and (figures.cores >= CORE or (figures.cores > 0.5 and _shared(figures) >= CORE)):
        return "cpu"
    return _waiting(figures, service) if service else ""


def _waiting(figures: Figures, service: float) -> str:
    threads = figures.entrant.threads
    if threads and figures.connections > threads and abs(figures.rate * service / threads - 1) < NEAR:
        return f"threads={threads}"
    if _stands_still(figures, service):
        return "one loop"
    return "clients" if abs(figures.rate * service / figures.connections - 1) < NEAR else ""


def _stands_still(figures: Figures, service: float) -> bool:
    """Does an event loop wait for each answer, so that there is one at a time?"""
    loop = figures.entrant.threads is None and figures.entrant.mode == "asgi"
    return loop and figures.connections > 1 and abs(figures.rate * service - 1) < NEAR


def _shared(figures: Figures) -> float:
    return (figures.cores or 0.0) + (figures.others or 0.0)


def allowed(figures: Figures, service: float) -> tuple[float, str]:
    """What the law allows, and by what: (80.0, "its 4 threads allow"), (4000.0, "200 clients allow")."""
    threads = figures.entrant.threads
    if threads and threads < figures.connections:
        name = "its one thread allows" if threads == 1 else f"its {threads} threads allow"
        return threads / service, name
    if _stands_still(figures, service):
        return 1 / service, "its one loop, blocked by the app, allows"
    name = f"{of_clients(figures.connections)} allow{'s' if figures.connections == 1 else ''}"
    return figures.connections / service, name
