"""Take traces: start a server in a separate process with a tap in front, send a request, and collect the events.

Knows processes, the queue of events and the timeout. It must not know the meaning of events, or how a trace is drawn.
"""

import http.client
import platform
import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from gateways.events.events import Batch
from gateways.events.recorder import GATHER
from gateways.failure import Failure
from gateways.requests.request import Request as Recorded
from gateways.requests.session import Session
from gateways.requests.values import Missing
from gateways.serving.adapting import ADAPTERS
from gateways.serving.listen import bind
from gateways.serving.probe import Known
from gateways.serving.process import START, EventQueue, ServerEvent, ServerProcess, end_all
from gateways.serving.server import Mode, side
from gateways.trace.client import Request, answered, ask, of_recorded
from gateways.trace.document import Line, Served, Trace, all_steps
from gateways.trace.steps import Lifespans, by_request, lifespans_of, of_batches, of_connection
from gateways.trace.tap import MAX_BYTES, Tap
from gateways.trace.wire import Piece

SETTLE = 1.0
"""Timeout for the app to finish its work after the response, in seconds."""

BEGINNINGS = ("environment", "environ", "scope")


@dataclass(frozen=True, slots=True)
class Plan:
    """The target, its server, and the requests.

    seconds: timeout for each response.
    before: requests that are sent first and not traced. Their cookies and values are inserted into `last`.
    last: a request that is traced after `requests`, if given. texts: messages to send. With them, `last` opens a
    WebSocket.
    warm_up: True if the only purpose of `before` is to make the app start. If `before` then gets no response, the
    traced request is sent to a new server.
    """

    known: Known
    mode: Mode
    server: str
    requests: tuple[Request, ...]
    seconds: float
    before: tuple[Recorded, ...] = ()
    last: Recorded | None = None
    texts: tuple[str, ...] = ()
    warm_up: bool = False


@dataclass(slots=True)
class _Recording:
    """The events received so far."""

    batches: list[Batch] = field(default_factory=list)
    earlier: list[Batch] = field(default_factory=list)  # events of the requests in Plan.before
    sent: float = 0.0  # time before the request is sent (time.perf_counter), in seconds
    lines: list[tuple[float, str]] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    problem: str | None = None

    def take(self, event: ServerEvent) -> None:
        if event.batch is not None:
            self.batches.append(event.batch)
        elif event.kind == "line":
            self.lines.append((event.when, event.line))

    @property
    def waiting(self) -> bool:
        """True while the app works on the request. For a CGI program, this is until it exits. The lifespan does not
        count.
        """
        begun: set[tuple[int, str, int]] = set()
        ended: set[tuple[int, str, int]] = set()
        for batch in self.batches:
            for _, _, exchange, kind, data in batch.events:
                key = batch.process, batch.interface, exchange
                if kind in BEGINNINGS and not (kind == "scope" and data.get("type") == "lifespan"):
                    begun.add(key)
                elif kind == ("exit" if batch.interface == "cgi" else "end"):
                    ended.add(key)
        return not begun or bool(begun - ended)


def take(plan: Plan) -> list[Trace]:
    """Start the server, send the requests, stop the server, and return a trace for each request. After a problem, no
    further request is sent. The first trace includes the start of the app; the last trace includes its shutdown.

    Raises:
        Failure: the server is not installed, or a request of `plan.before` that is no warm-up has no response.
    """
    served = _served(plan)
    recordings = [_Recording()]
    incoming: EventQueue = queue.SimpleQueue()
    sock = bind("127.0.0.1", 0)
    process = ServerProcess(plan.mode, plan.server, plan.known.target, "steps", sock, incoming, plan.known.interface)
    again = False
    try:
        recordings[0].problem = _until_ready(incoming, recordings[0])
        requests = plan.requests
        if recordings[0].problem is None and plan.last is not None:
            requests = (*requests, _prepared(plan, process, incoming, recordings[0]))
        for number, request in enumerate(requests):
            if recordings[-1].problem is not None:
                break
            if number:
                recordings.append(_Recording())
            recordings[-1].problem = _ask(request, plan.seconds, process, incoming, recordings[-1])
    except _NotWarmError:
        again = True
    finally:
        ending = time.perf_counter()
        end_all([process])
    if again:
        return take(replace(plan, before=(), warm_up=False))
    while not incoming.empty():
        if (item := incoming.get()) is not None and (
            item.batch or item.when < ending
        ):  # leaves out output of the shutdown
            recordings[-1].take(item)
    parts = [[*each.earlier, *each.batches] for each in recordings]
    for recording, batches in zip(recordings, by_request(parts, [each.sent for each in recordings]), strict=True):
        recording.batches = batches
    lifespans = lifespans_of(batch for recording in recordings for batch in recording.batches)
    inner = plan.known.interface if served.adapter else None
    return [
        _trace(request, inner, lifespans, served, recording)
        for request, recording in zip(requests or (Request("GET", "/"),), recordings, strict=False)
    ]


class _NotWarmError(Exception):
    """The warm-up request has no response. The traced request will show the reason."""


def _prepared(plan: Plan, process: ServerProcess, incoming: EventQueue, recording: _Recording) -> Request:
    """Send the requests in `plan.before`, and return the request to trace.

    The events of these requests are not recorded. The events of a lifespan are recorded, because an adapter starts the
    lifespan with the first request.

    Raises:
        Failure: a request has no response, or its response lacks a required value.
    """
    session, quiet = Session(), _Recording()
    for recorded in plan.before:
        try:
            answered(process.address, session, recorded, plan.seconds)
        except (OSError, http.client.HTTPException, Missing) as error:
            if plan.warm_up:
                raise _NotWarmError from error
            raise Failure(
                f"{recorded.label}, sent before the traced request: {str(error) or type(error).__name__}"
            ) from error
        _settle(incoming, quiet)
    if plan.before:
        for item in _incoming(incoming, time.monotonic() + 2 * GATHER):
            if item is not None:
                quiet.take(item)
    recording.earlier = quiet.batches
    assert plan.last is not None
    return of_recorded(session.prepared(plan.last), plan.texts)


def _served(plan: Plan) -> Served:
    from importlib.metadata import version  # imported late, because it is slow to import

    server = side(plan.mode).SERVERS[plan.server]
    adapter = "" if plan.known.interface == plan.mode else ADAPTERS[plan.known.interface, plan.mode]
    return Served(
        target=plan.known.target,
        interface=plan.known.interface,
        signature=plan.known.signature,
        mode=plan.mode,
        server=plan.server,
        version=server.version(),
        model=server.model,
        adapter=adapter,
        python=platform.python_version(),
        gateways=version("gateways"),
    )


def _incoming(incoming: EventQueue, until: float) -> Iterator[ServerEvent | None]:
    """Yield the events until `until` (time.monotonic())."""
    while (left := until - time.monotonic()) > 0:
        try:
            yield incoming.get(timeout=left)
        except queue.Empty:
            return


def _until_ready(incoming: EventQueue, recording: _Recording) -> str | None:
    """Return None, or the reason why the server did not start."""
    for item in _incoming(incoming, time.monotonic() + START + 1):
        if item is None or item.kind == "ready":
            break
        recording.take(item)
        if item.kind == "ended":
            reason = recording.lines[-1][1] if recording.lines else "(no output)"
            return f"the server {item.source.server} did not start: {reason}"
        if item.kind == "late":
            return f"the server is not listening after {START:.0f} seconds"
    for item in _incoming(
        incoming, time.monotonic() + 2 * GATHER
    ):  # wait for the events of the lifespan, which do not belong to a request
        if item is not None:
            recording.take(item)
    return None


def _ask(
    request: Request, seconds: float, process: ServerProcess, incoming: EventQueue, recording: _Recording
) -> str | None:
    """Make the request; return None, or the problem."""
    problems: list[str | None] = []

    def client() -> None:
        problems.append(ask(tap.address, request, seconds))
        incoming.put(None)

    recording.sent = time.perf_counter()
    with Tap(process.address) as tap:
        asking = threading.Thread(target=client, name="gateways-client", daemon=True)
        asking.start()
        dead = _follow(seconds, incoming, recording)
        problem = problems[0] if problems else f"no complete response within {seconds:g} seconds"
        if problems and not dead:
            dead = _settle(incoming, recording)
        asking.join(timeout=0.5 if dead else 0)
        recording.pieces = tap.pieces()
        if tap.full:
            problem = f"more than {MAX_BYTES >> 20} MB crossed the socket; the trace ends there"
    asking.join(timeout=1)
    if dead:
        return "the server process exited; events of its last 20 ms may be missing"
    return problem


def _follow(seconds: float, incoming: EventQueue, recording: _Recording) -> bool:
    """Collect events until the client has finished, or until the timeout. Return True if the server has exited."""
    for item in _incoming(incoming, time.monotonic() + seconds + 0.2):
        if item is None:
            return False
        recording.take(item)
        if item.kind == "ended":
            return True
    return False


def _settle(incoming: EventQueue, recording: _Recording) -> bool:
    """Wait, within limits, until the app finishes its work after the response. Return True if the server has exited."""
    if not recording.waiting:
        return False
    for item in _incoming(incoming, time.monotonic() + SETTLE):
        if item is not None:
            recording.take(item)
            if item.kind == "ended":
                return True
        if not recording.waiting:
            return False
    return False


def _trace(request: Request, inner: str | None, lifespans: Lifespans, served: Served, recording: _Recording) -> Trace:
    connection = of_connection(recording.pieces, bodiless=request.method == "HEAD")
    firsts = [batch.events[0][0] for batch in recording.batches] + [when for when, _ in recording.lines]
    began = connection.began if connection else min(firsts, default=0.0)
    steps = of_batches(recording.batches, inner, began, lifespans)
    return Trace(
        served=served,
        asked=f"WebSocket {request.target}" if request.texts else f"{request.method} {request.target} HTTP/1.1",
        connection=connection,
        steps=all_steps(connection, steps),
        log=tuple(Line(when - began, text) for when, text in recording.lines),
        problem=recording.problem,
    )
