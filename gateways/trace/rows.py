"""Convert events to rows, which have a time, a direction, a name, and data as text. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

from gateways.events.events import Body, Event, Opaque
from gateways.events.printable import printable

Way = Literal["in", "out", ""]
"""Direction: into the app, out of it, or neither."""

BULK = {"read", "write", "block", "receive", "send", "stdin", "stdout"}
"""Kinds of events that occur once for each piece of a body."""

MAX_ROWS = 12
"""Maximum number of consecutive rows of these kinds that are shown."""

Fields = tuple[tuple[str, tuple[str, ...]], ...]
"""Pairs of a name and the lines of its value."""


@dataclass(frozen=True, slots=True)
class Row:
    """One shown step. `at` is in seconds since the start of the exchange."""

    at: float
    way: Way
    what: str
    text: str = ""
    fields: Fields = ()


def rows(events: Iterable[Event], began: float) -> list[Row]:
    """Return the rows for a batch of events of one exchange. For a body in many pieces, only the first pieces and the
    last piece are shown.
    """
    shown: list[Row] = []
    for bulk, run in groupby(events, key=lambda event: event[3] in BULK):
        steps = [step for event in run if (step := row(event, began))]
        if bulk and len(steps) > MAX_ROWS:
            skipped = len(steps) - MAX_ROWS
            steps[MAX_ROWS - 1 : -1] = [Row(steps[-2].at, "", "…", f"{skipped} more steps like these")]
        shown += steps
    return shown


def row(event: Event, began: float) -> Row | None:
    """Return the row for the event; None if the event is only counted."""
    when, _, _, kind, data = event
    if kind not in _KINDS:
        return None
    way, what, shown = _KINDS[kind]
    content = shown(data)
    if isinstance(content, str):
        return Row(when - began, way, what, content)
    return Row(when - began, way, what, "", content)


def show(value: Any) -> str:
    """Return the repr of a value; a long body is shortened and its length added."""
    if isinstance(value, Body):
        return f"{value.head!r}… {value.length:,} {'bytes' if isinstance(value.head, bytes) else 'characters'}"
    if isinstance(value, Opaque):
        return value.text
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {show(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(show, value)) + "]"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(show, value)) + (",)" if len(value) == 1 else ")")
    return repr(value)


def _fields(mapping: dict[Any, Any]) -> Fields:
    return tuple(
        (key if isinstance(key, str) and key.isprintable() else repr(key), _lines(item))
        for key, item in mapping.items()
    )


def _lines(value: Any) -> tuple[str, ...]:
    """Return a line for each element of a list, e.g. of headers; any other value is one line."""
    if not isinstance(value, list) or len(value) < 2:
        return (show(value),)
    first, *rest = map(show, value)
    return (f"[{first},", *(f" {item}," for item in rest[:-1]), f" {rest[-1]}]")


def _read(data: tuple[str, tuple[Any, ...], Any]) -> str:
    method, arguments, result = data
    return f"{method}({', '.join(map(show, arguments))}) → {show(result)}"


def _start_response(data: tuple[Any, Any, bool]) -> str:
    status, headers, exc_info = data
    return f"{show(status)}, {show(headers)}" + (", exc_info" if exc_info else "")


def _returned(data: tuple[str, int | None] | None) -> str:
    if data is None:
        return ""
    name, length = data
    return name if length is None else f"{name} of {length}"


def _process(data: tuple[int, str]) -> str:
    pid, program = data
    return f"{pid} runs {printable(program)}"


def _stream(data: Any) -> str:
    return show(data) if data else "closed"


def _exit(status: int) -> str:
    return f"{status}" if status >= 0 else f"by signal {-status}"


def _answer(data: tuple[int, Any]) -> str:
    status, headers = data
    return f"{status}, {show(headers)}"


def _bare(data: Any) -> str:
    return "" if data is None else printable(str(data))


_KINDS: dict[str, tuple[Way, str, Callable[[Any], str | Fields]]] = {
    "scope": ("in", "scope", _fields),
    "receive": ("in", "receive", show),
    "send": ("out", "send", show),
    "environ": ("in", "environ", _fields),
    "read": ("in", "wsgi.input", _read),
    "start_response": ("out", "start_response", _start_response),
    "write": ("out", "write", show),
    "block": ("out", "block", show),
    "file": ("out", "file", "the app returned the server's own {}, so the server sends the file itself".format),
    "close": ("in", "close", _bare),
    "environment": ("in", "environment", _fields),
    "process": ("in", "process", _process),
    "stdin": ("in", "stdin", _stream),
    "stdout": ("out", "stdout", _stream),
    "stderr": ("out", "stderr", _bare),
    "exit": ("out", "exit", _exit),
    "answer": ("out", "response headers", _answer),
    "returned": ("out", "returned", _returned),
    "raised": ("out", "raised", _bare),
}
