"""Represent a trace, which is all data about one request, and convert it to JSON (docs/trace-schema.md). Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gateways.events.events import Body, Opaque
from gateways.trace.steps import Connection, Step
from gateways.trace.wire import Message

SCHEMA = "gateways.trace/1"
"""The name and version of the schema. The version changes if a key changes its meaning or is removed."""


@dataclass(frozen=True, slots=True)
class Served:
    """The traced app and its server. `version` and `model` describe the server; `adapter` may be ""."""

    target: str
    interface: str
    signature: str
    mode: str
    server: str
    version: str
    model: str
    adapter: str
    python: str
    gateways: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line that the server, the adapter or the app wrote to stdout or stderr; `at` as in a Step."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Trace:
    """One request. `asked` is its request line; `problem` is the error, or None."""

    served: Served
    asked: str
    connection: Connection | None
    steps: tuple[Step, ...]
    log: tuple[Line, ...]
    problem: str | None

    @property
    def lifelines(self) -> tuple[tuple[str, str], ...]:
        """The layers from the client to the app, each with its implementation."""
        served = self.served
        names = [("TRANSPORT", "socket"), ("PROTOCOL", served.server), ("APPLICATION", served.interface.upper())]
        if served.adapter:
            names.insert(2, ("ADAPTER", served.adapter))
        return tuple(names)

    @property
    def threads(self) -> tuple[tuple[int, str], ...]:
        """Process and name of each thread that took a step, in order of the first step."""
        return tuple(dict.fromkeys(step.thread for step in self.steps if step.thread != (0, "")))

    @property
    def hop(self) -> float | None:
        """Time between the call of the adapter and the call of the app, in seconds; None if a call is missing."""
        calls = [step for step in self.steps if step.phase == "request" and step.what in CALLS]
        outer = next((step.at for step in calls if step.source == 1), None)
        inner = next((step.at for step in calls if step.source == 2), None)
        return None if outer is None or inner is None else inner - outer

    @property
    def note(self) -> str | None:
        """A sentence about events of a WebSocket that this trace cannot show; None if the trace shows everything."""
        served = self.served
        if self.connection is None or self.connection.response.status != SWITCHING:
            return None
        if served.interface == "wsgi":
            beside = f" and the ASGI messages of {served.adapter}" if served.adapter else ""
            return (
                "The app uses its WebSocket through the socket in its environ, which a trace does not observe. "
                f"The trace shows the frames on the client's connection{beside}."
            )
        if served.mode == "wsgi":
            return (
                f"{served.adapter} took the connection over from {served.server} when the app accepted. "
                "The server's call of the app ended with the 101 response, and later frames bypass the server."
            )
        return None


SWITCHING = 101
"""The status that opens a WebSocket (RFC 6455, 4.2.2)."""

CALLS = ("scope", "environ", "environment")
"""The steps that call an app."""


def all_steps(connection: Connection | None, steps: Iterable[Step]) -> tuple[Step, ...]:
    """Return the connection's steps and `steps`, sorted by time. At equal times, steps at the socket come first."""
    both = [*(connection.steps if connection else ()), *steps]
    return tuple(sorted(both, key=lambda step: step.at))


def to_json(trace: Trace) -> dict[str, Any]:
    """Return the trace in the schema."""
    served, connection = trace.served, trace.connection
    return {
        "schema": SCHEMA,
        "gateways": served.gateways,
        "python": served.python,
        "target": {"name": served.target, "interface": served.interface, "signature": served.signature},
        "server": {"name": served.server, "version": served.version, "mode": served.mode, "model": served.model},
        "adapter": {"name": served.adapter, "hop_ms": _ms(trace.hop)} if served.adapter else None,
        "asked": trace.asked,
        "problem": trace.problem,
        "note": trace.note,
        "request": _message(connection.request) if connection else None,
        "response": _response(connection) if connection and connection.response.start else None,
        "lifelines": [{"layer": layer.lower(), "name": name} for layer, name in trace.lifelines],
        "threads": [{"process": process, "name": name} for process, name in trace.threads],
        "steps": [_step(step) for step in trace.steps],
        "log": [{"at_ms": _ms(line.at), "text": line.text} for line in trace.log],
    }


def _message(message: Message) -> dict[str, Any]:
    return {
        "start_line": message.start,
        "headers": [list(pair) for pair in message.headers],
        "framing": message.framing,
        "length": message.length,
        "complete": message.complete,
    }


def _response(connection: Connection) -> dict[str, Any]:
    times = {"first_byte_ms": _ms(connection.first), "total_ms": _ms(connection.last)}
    return {"status": connection.response.status, **_message(connection.response), **times}


def _step(step: Step) -> dict[str, Any]:
    process, thread = step.thread
    return {
        "at_ms": _ms(step.at),
        "phase": step.phase,
        "layer": step.layer,
        "interface": step.interface,
        "from": step.source,
        "to": step.target,
        "what": step.what,
        "text": step.text,
        "fields": [[name, list(lines)] for name, lines in step.fields],
        "process": process or None,
        "thread": thread or None,
        "wrong": step.wrong,
        "data": plain(step.data),
    }


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)


def plain(value: Any) -> Any:
    """Convert a value of an event to JSON. Bytes become {"bytes": text in latin-1}. Shortened bytes also get their
    "length".
    """
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if isinstance(value, bytes):
        return {"bytes": value.decode("latin-1")}
    if isinstance(value, Body):
        return {**plain_head(value.head), "length": value.length}
    if isinstance(value, Opaque):
        return {"object": value.text}
    if isinstance(value, dict):
        return {key if isinstance(key, str) else key.decode("latin-1"): plain(item) for key, item in value.items()}
    return [plain(item) for item in value]


def plain_head(head: bytes | str) -> dict[str, str]:
    """Return the beginning of shortened data."""
    return {"bytes": head.decode("latin-1")} if isinstance(head, bytes) else {"text": head}
