"""Compute the steps of a request between lifelines, at the socket and on both sides of an adapter.

Pure: it converts pieces of a connection, and batches of events, to steps. Knows the kinds of events; it must not know
how a step is drawn.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from gateways.events.events import Batch, Body, Event, size
from gateways.events.printable import printable
from gateways.trace.rows import Fields, row, show
from gateways.trace.wire import Message, Piece, Stream

Layer = Literal["transport", "protocol", "application"]
Phase = Literal["before", "request", "after"]

KEPT = 4000
"""Maximum number of bytes of a piece that a step stores."""

MADE = {"scope", "environ", "environment", "process", "answer"}
"""Kinds of events that show how a server or host parsed the bytes."""

OF_PROGRAM = {"stdin", "stdout", "stderr", "exit"}
"""Kinds of events that happen in the process of a CGI program."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step from one lifeline to another, or on a single lifeline if both are the same.

    `at` is in seconds since the request's first byte; `interface` is "tcp", "cgi", "wsgi" or "asgi". `thread` is a
    process id and a thread's name; (0, "") is a step at the socket.
    """

    at: float
    phase: Phase
    layer: Layer
    interface: str
    source: int
    target: int
    what: str
    text: str = ""
    fields: Fields = ()
    thread: tuple[int, str] = (0, "")
    data: Any = None
    wrong: bool = False


@dataclass(frozen=True, slots=True)
class Connection:
    """The data at the socket: its steps, and the received parts of both messages. Times are in seconds, as in
    a Step.
    """

    steps: tuple[Step, ...]
    request: Message
    response: Message
    began: float
    first: float | None = None
    last: float | None = None


def of_connection(pieces: Iterable[Piece], bodiless: bool = False) -> Connection | None:
    """Return the steps at the socket; None if there was no data. `bodiless`: the response to HEAD has no body."""
    taken = list(pieces)
    if not any(piece.data for piece in taken):
        return None
    began = taken[0].at
    streams = {"in": Stream(), "out": Stream(bodiless=bodiless)}
    steps: list[Step] = []
    for piece in taken:
        lines = streams[piece.way].feed(piece.data)
        what = f"{len(piece.data):,} byte{'s' * (len(piece.data) != 1)}" if piece.data else "end"
        ends = (0, 1) if piece.way == "in" else (1, 0)
        text, *more = lines or [""]
        text = text.removeprefix(what).strip()
        below = tuple(("", (line,)) for line in more)
        sender = "client" if piece.way == "in" else "server"
        if not piece.data:
            what, text = f"{sender} closes", "" if text == "closed" else text
        kept = piece.data if len(piece.data) <= KEPT else Body(len(piece.data), piece.data[:KEPT])
        data = {"bytes": kept}
        steps.append(Step(piece.at - began, "request", "transport", "tcp", *ends, what, text, below, (0, ""), data))
    out = [piece.at - began for piece in taken if piece.way == "out" and piece.data]
    first, last = (out[0], out[-1]) if out else (None, None)
    return Connection(tuple(steps), streams["in"].message, streams["out"].message, began, first, last)


Lifespans = frozenset[tuple[int, str, int]]
"""The exchanges that are lifespans. Each has a process, an interface and a number."""


def lifespans_of(batches: Iterable[Batch]) -> Lifespans:
    """Return the lifespans that start in these batches."""
    begun = ((batch, event) for batch in batches for event in batch.events if _begins_lifespan(event))
    return frozenset((batch.process, batch.interface, event[2]) for batch, event in begun)


def by_request(parts: Sequence[Sequence[Batch]], sent: Sequence[float]) -> list[list[Batch]]:
    """Return the batches of several requests. Each event is moved to the request that it belongs to.

    sent: the times just before each request was sent, in ascending order. An exchange belongs to the last request that
    was sent before the exchange began. (Its events do not show this, because on a busy machine they may come after the
    next request was sent.) Exchanges that began before the first request are left out. Lifespan events keep their
    place, because a lifespan is longer than a request.
    """
    lifespans = lifespans_of(batch for part in parts for batch in part)
    began: dict[tuple[int, str, int], float] = {}
    for batch in (batch for part in parts for batch in part):
        for event in batch.events:
            key = batch.process, batch.interface, event[2]
            began[key] = min(event[0], began.get(key, event[0]))
    found: list[list[Batch]] = [[] for _ in parts]
    for number, part in enumerate(parts):
        for batch in part:
            events: dict[int, list[Event]] = {}
            for event in batch.events:
                key = batch.process, batch.interface, event[2]
                owner = number if key in lifespans else bisect_right(sent, began[key]) - 1
                events.setdefault(owner, []).append(event)
            for owner, some in events.items():
                if owner >= 0:
                    found[owner].append(replace(batch, events=tuple(some)))
    return found


def of_batches(batches: Iterable[Batch], inner: str | None, began: float, lifespans: Lifespans) -> list[Step]:
    """Return the steps between server and app, sorted by time.

    `inner` is the app's interface if there is an adapter between app and server.
    """
    named: dict[tuple[int, int], str] = {}
    events: list[tuple[Event, Batch]] = []
    for batch in batches:
        named |= {(batch.process, thread): name for thread, name in batch.threads.items()}
        events += [(event, batch) for event in batch.events]
    programs: dict[tuple[int, int], int] = {}
    ending = False
    steps = []
    for event, batch in sorted(events, key=lambda pair: pair[0][0]):
        step = of_event(event, began, batch.interface)
        if step is None:
            continue
        if (batch.process, batch.interface, event[2]) in lifespans:
            ending = ending or step.what == "receive lifespan.shutdown"
            step = replace(step, phase="after" if ending else "before" if step.at < 0 else "request")
        if batch.interface == inner:
            step = replace(step, source=step.source + 1, target=step.target + 1)
        elif inner is not None:
            step = replace(step, layer="protocol")
        if event[3] == "process":
            programs[batch.process, event[2]] = event[4][0]
        if event[3] in OF_PROGRAM:
            thread = programs.get((batch.process, event[2]), batch.process), "the program"
        else:
            thread = batch.process, named.get((batch.process, event[1]), f"thread {event[1]}")
        steps.append(replace(step, thread=thread))
    return steps


def of_event(event: Event, began: float, interface: str) -> Step | None:
    """Return the step of an event, between lifelines 1 and 2; None if the event is only counted."""
    at, _, _, kind, data = event
    plain = row(event, began)
    if plain is None:
        return None
    layer: Layer = "protocol" if kind in MADE else "application"
    what, text, below = plain.what, plain.text, plain.fields
    if kind in ("receive", "send") and isinstance(data, dict):
        what, text, below = _message(kind, data)
    elif kind == "start_response":
        text, below = show(data[0]) + (", exc_info" if data[2] else ""), _headers(data[1])
    elif kind == "answer":
        text, below = str(data[0]), _headers(data[1])
    elif kind in ("write", "block", "stdin", "stdout"):
        text = _bytes(data)
    ends = (1, 2) if plain.way == "in" else (2, 1)
    wrong = kind == "raised" or (kind == "exit" and data != 0)
    return Step(at - began, "request", layer, interface, *ends, what, text, below, data=data, wrong=wrong)


def _begins_lifespan(event: Event) -> bool:
    return event[3] == "scope" and isinstance(event[4], dict) and event[4].get("type") == "lifespan"


def _message(kind: str, message: dict[str, Any]) -> tuple[str, str, Fields]:
    """Summarise an ASGI message. Return its type, its other keys, and its headers."""
    rest = {key: value for key, value in message.items() if key not in ("type", "headers")}
    parts = [
        _bytes(value) if isinstance(value, (bytes, Body)) else f"{key}={show(value)}"
        for key, value in rest.items()
        if value is not None and (value != b"" or "more_body" not in message)
    ]
    return f"{kind} {message.get('type', '')}", "  ".join(parts), _headers(message.get("headers", []))


def _headers(headers: Any) -> Fields:
    """Format headers as in HTTP; an invalid value is shown unchanged."""
    if not isinstance(headers, (list, tuple)):
        return (("headers", (show(headers),)),) if headers is not None else ()
    pairs = [tuple(pair) for pair in headers if isinstance(pair, (list, tuple))]
    if len(pairs) != len(headers) or any(len(pair) != 2 for pair in pairs):
        return (("headers", (show(list(headers)),)),)
    return tuple((_native(name), (_native(value),)) for name, value in pairs)


def _native(value: Any) -> str:
    return printable(value.decode("latin-1") if isinstance(value, bytes) else str(value))


def _bytes(data: Any) -> str:
    """Return the number of bytes, and the first bytes."""
    if isinstance(data, (bytes, Body)) and size(data):
        number = size(data)
        head = data.head if isinstance(data, Body) else data
        return f"{number:,} byte{'s' * (number != 1)}  {head!r}{'…' * (number > len(head))}"
    return "closed" if data == b"" else show(data)
