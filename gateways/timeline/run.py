"""Run the generations one after the other, each on its own server. Knows how to record traces."""

from collections.abc import Callable

from gateways.serving.probe import Known
from gateways.serving.server import side
from gateways.serving.target import find
from gateways.timeline.document import REPEATS, Run, Timeline, median
from gateways.timeline.generations import GENERATIONS, Generation
from gateways.trace.client import Request
from gateways.trace.run import Plan, take

HELLO = "/hello?name=you"
STREAM = "/stream?chunks=5&delay=0.1"


def run(seconds: float, begins: Callable[[Generation], object]) -> Timeline:
    """Return the timeline. `seconds` is the timeout for each response; `begins` is called before each generation runs.

    Raises:
        Failure: a server is not installed.
    """
    runs = []
    for generation in GENERATIONS:
        begins(generation)
        runs.append(_run(generation, seconds))
    return Timeline(tuple(runs), f"GET {HELLO} HTTP/1.1", f"GET {STREAM} HTTP/1.1")


def _run(generation: Generation, seconds: float) -> Run:
    """Run one generation. The first request does not count, because a new process still imports modules."""
    target = generation.target or side(generation.mode).REFERENCE
    known = Known(target, generation.mode, find(target).signature)
    requests = tuple(Request("GET", path) for path in (HELLO, *[HELLO] * REPEATS, STREAM))
    traces = take(Plan(known, generation.mode, generation.server, requests, seconds))
    *plain, stream = traces[1:] or [traces[0], traces[0]]
    return Run(generation, median(plain or [stream]), stream)
