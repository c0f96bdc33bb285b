"""Represent the timeline as one value, and convert it to JSON (docs/trace-schema.md). Pure: it computes
figures from traces.
"""

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from gateways.events.events import size
from gateways.timeline.generations import Generation
from gateways.trace.document import Trace
from gateways.trace.document import to_json as trace_to_json
from gateways.trace.steps import Step

SCHEMA = "gateways.timeline/1"

REPEATS = 9
"""Number of plain requests. The request with the median time is shown."""

MAKES = {"write": "", "block": "", "stdout": "", "send http.response.body": "body"}
"""The steps by which an app sends a block of the body, each with the key of the block in the event."""


@dataclass(frozen=True, slots=True)
class Run:
    """The traces of one generation: of the plain request with the median time, and of the stream."""

    generation: Generation
    hello: Trace
    stream: Trace

    @property
    def where(self) -> str:
        """Return the process and thread of the app, as text."""
        process, thread = next((step.thread for step in reversed(app_steps(self.hello)) if step.thread[0]), (0, ""))
        if thread == "the program":
            return f"a new process, {process}"
        return f"process {process}, {thread}{', the event loop' if self.generation.mode == 'asgi' else ''}"

    @property
    def calls(self) -> tuple[tuple[str, int], ...]:
        """Return the calls or events of the plain request in order, each with the number of repetitions."""
        names = (step.what.replace("http.", "") for step in app_steps(self.hello))
        return tuple((name, len(list(same))) for name, same in groupby(names))

    @property
    def made(self) -> tuple[float, ...]:
        """The times at which the app sent each block of the stream, in seconds since the first byte of the request."""
        steps = app_steps(self.stream)
        return tuple(step.at for step in steps if _makes(step) and step.at > _head_over(steps))

    @property
    def sent(self) -> tuple[float, ...]:
        """The times at which data of the response body crossed the socket, in seconds."""
        if self.stream.connection is None:
            return ()
        steps = [step for step in self.stream.connection.steps if step.source > step.target and _has_content(step)]
        return tuple(step.at for step in steps)

    @property
    def held(self) -> float | None:
        """Return the longest delay between a block that the app sends and the next data on the socket, in seconds."""
        waits = [min((at - made for at in self.sent if at >= made), default=None) for made in self.made]
        return max((wait for wait in waits if wait is not None), default=None)


@dataclass(frozen=True, slots=True)
class Timeline:
    """The traces of all generations, recorded on one machine, one after the other."""

    runs: tuple[Run, ...]
    hello: str
    stream: str

    @property
    def problem(self) -> str | None:
        """Return the first problem; None if there was no problem."""
        for run in self.runs:
            for trace in (run.hello, run.stream):
                if trace.problem:
                    return f"{run.generation.name}: {trace.problem}"
        return None

    @property
    def end(self) -> float:
        """Return the time until the end of the last stream, in seconds."""
        lasts = [run.stream.connection.last for run in self.runs if run.stream.connection]
        return max((last for last in lasts if last), default=0.0) or 1e-6


def app_steps(trace: Trace) -> list[Step]:
    """Return the steps between server and app during the request."""
    return [step for step in trace.steps if step.interface != "tcp" and step.phase == "request"]


def median(traces: list[Trace]) -> Trace:
    """Return a failed trace if there is one, else the trace with the median total time."""
    failed = [trace for trace in traces if trace.problem]
    ordered = sorted(traces, key=lambda trace: times(trace)[1] or 0.0)
    return failed[0] if failed else ordered[len(ordered) // 2]


def times(trace: Trace) -> tuple[float | None, float | None]:
    """Return the times to the first and the last byte, in seconds."""
    connection = trace.connection
    return (connection.first, connection.last) if connection else (None, None)


def _head_over(steps: list[Step]) -> float:
    """Return the time at which a CGI program has written its response headers, in seconds.

    Return -1.0 if it wrote them together with the body, or not at all.
    """
    written = b""
    for step in steps:
        if step.what == "stdout" and isinstance(step.data, bytes):
            written += step.data
            if written.endswith((b"\r\n\r\n", b"\n\n")):
                return step.at
            if b"\n\n" in written or b"\r\n\r\n" in written:
                break
    return -1.0


def _makes(step: Step) -> bool:
    if step.what not in MAKES:
        return False
    key = MAKES[step.what]
    return bool(size(step.data.get(key) if key else step.data))


def _has_content(step: Step) -> bool:
    lines = (step.text, *(line for _, lines in step.fields for line in lines))
    return any(line.startswith(("chunk", "b'", 'b"')) or " bytes  b" in line or " byte  b" in line for line in lines)


def to_json(timeline: Timeline) -> dict[str, Any]:
    """Return the timeline in the schema."""
    return {
        "schema": SCHEMA,
        "problem": timeline.problem,
        "requests": {"hello": timeline.hello, "stream": timeline.stream},
        "generations": [_run(run) for run in timeline.runs],
    }


def _run(run: Run) -> dict[str, Any]:
    generation = run.generation
    return {
        "name": generation.name,
        "year": generation.year,
        "interface": generation.mode,
        "signature": run.hello.served.signature,
        "where": run.where,
        "calls": [list(call) for call in run.calls],
        "cannot": generation.cannot,
        "blocks": {"made_ms": [_ms(at) for at in run.made], "sent_ms": [_ms(at) for at in run.sent]},
        "held_back_ms": None if run.held is None else _ms(run.held),
        "traces": {"hello": trace_to_json(run.hello), "stream": trace_to_json(run.stream)},
    }


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
