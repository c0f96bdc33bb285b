"""Find the bottleneck of a contender. Pure.

Throughput is at most clients / latency, threads / time per request in a thread, and cores / CPU time per request.
"""

from gateways.compare.judge.figures import Figures
from gateways.compare.judge.words import of_clients

CORE = 0.93
"""A core counts as busy if its load is above this share. The share is below 1, because a process needs time to wake up.
"""
NEAR = 0.15
"""If a rate differs from a theoretical maximum by less than this share, the maximum counts as its limit."""
OWN_CORE, CEILING = 0.8, 0.7
"""The load client may be the bottleneck if it uses more than this share of its core, or of its maximum rate."""
ERRORS = 0.005
"""The limit of a contender is `errors` if a larger share of its requests failed."""


def of_client(figures: Figures, reached: float | None) -> bool:
    """Return True if the load client is the bottleneck, and not the server.

    reached: the contender's rate as a share of the client's maximum.
    """
    return not figures.failures and (figures.client > OWN_CORE or (reached or 0.0) > CEILING)


def limit(figures: Figures, service: float | None, reached: float | None, *, paced: bool = False) -> str:
    """Return the bottleneck: `errors`, `client`, `cpu`, `threads=4`, `one loop`, `clients`, or "" if it is unknown.

    service: the time that the app waits for each response, in seconds; None if unknown. reached: the rate as a share of
    the client's maximum. paced: True if the load has a fixed rate. Then the result is "" unless requests failed.
    """
    if figures.lost_share > ERRORS:
        # With too few threads, some requests time out. Then the bottleneck is the number of threads, and not an error.
        late = set(figures.failed) <= {"timeout", "not sent"}
        return (_waiting(figures, service) if late and service else "") or "errors"
    if paced:
        return ""
    if of_client(figures, reached):
        return "client"
    # On a shared machine, other programs may keep the server's core busy: then the CPU is the limit.
    cores = figures.entrant.cores
    busy = CORE * cores
    if figures.cores is not None and (
        figures.cores >= busy or (figures.cores > 0.5 * cores and _shared(figures) >= busy)
    ):
        return "cpu"
    return _waiting(figures, service) if service else ""


def _waiting(figures: Figures, service: float) -> str:
    threads = _threads(figures)
    if threads and figures.connections > threads and abs(figures.rate * service / threads - 1) < NEAR:
        return f"threads={threads}"
    if _stands_still(figures, service):
        return "one loop"
    return "clients" if abs(figures.rate * service / figures.connections - 1) < NEAR else ""


def _stands_still(figures: Figures, service: float) -> bool:
    """Return True if the app blocks the event loop, and so serves one request at a time."""
    loop = figures.entrant.threads is None and figures.entrant.mode == "asgi"
    return loop and figures.connections > 1 and abs(figures.rate * service / figures.entrant.workers - 1) < NEAR


def _threads(figures: Figures) -> int:
    """Return the number of threads of all worker processes; 0 for event loops."""
    return (figures.entrant.threads or 0) * figures.entrant.workers


def _shared(figures: Figures) -> float:
    return (figures.cores or 0.0) + (figures.others or 0.0)


def allowed(figures: Figures, service: float) -> tuple[float, str]:
    """Return the theoretical maximum and its reason: (80.0, "its 4 threads allow"), (4000.0, "200 clients allow")."""
    threads = _threads(figures)
    if threads and threads < figures.connections:
        name = "its one thread allows" if threads == 1 else f"its {threads} threads allow"
        return threads / service, name
    if _stands_still(figures, service):
        return figures.entrant.workers / service, "its one loop, blocked by the app, allows"
    name = f"{of_clients(figures.connections)} allow{'s' if figures.connections == 1 else ''}"
    return figures.connections / service, name
