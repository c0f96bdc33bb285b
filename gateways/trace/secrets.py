"""Remove the secrets of request and response from a trace. You can then share the trace. Pure.

The secrets that gateways.events.secrets finds are replaced everywhere in the trace: in the bytes of the socket, in
environ and scope, in the response and the output of the app. Recorded lengths do not change. A secret with an unknown
name and an unknown form is not recognised.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from gateways.events.events import Body, Opaque
from gateways.events.secrets import MASK, Hide, hiding, is_secret, secrets_in, secrets_of
from gateways.trace.document import Trace
from gateways.trace.rows import Fields
from gateways.trace.steps import Connection, Step
from gateways.trace.wire import Headers, Message


def redacted(trace: Trace) -> Trace:
    """Return the trace with MASK in place of secrets."""
    connection = trace.connection
    headers = (*connection.request.headers, *connection.response.headers) if connection else ()
    found = secrets_of(headers)
    for text in _texts(trace):
        found |= secrets_in(text)
    hide = hiding(found)
    return replace(
        trace,
        asked=hide(trace.asked),
        connection=connection and _connection(connection, hide),
        steps=tuple(_step(step, hide) for step in trace.steps),
        log=tuple(replace(line, text=hide(line.text)) for line in trace.log),
        problem=trace.problem and hide(trace.problem),
    )


def _texts(trace: Trace) -> Iterator[str]:
    """Return every text that may contain a secret."""
    yield trace.asked
    if trace.connection is not None:
        yield trace.connection.request.start
        yield from _of_steps(trace.connection.steps)
    yield from _of_steps(trace.steps)
    yield from (line.text for line in trace.log)


def _of_steps(steps: Iterable[Step]) -> Iterator[str]:
    for step in steps:
        yield step.text
        yield from (line for _, lines in step.fields for line in lines)
        yield from _of_data(step.data)


def _of_data(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case bytes():
            yield value.decode("latin-1")
        case Body():
            yield from _of_data(value.head)
        case dict():
            for item in value.values():
                yield from _of_data(item)
        case list() | tuple():
            for item in value:
                yield from _of_data(item)


def _connection(connection: Connection, hide: Hide) -> Connection:
    return replace(
        connection,
        steps=tuple(_step(step, hide) for step in connection.steps),
        request=_message(connection.request, hide),
        response=_message(connection.response, hide),
    )


def _message(message: Message, hide: Hide) -> Message:
    headers: Headers = tuple((name, MASK if is_secret(name) else hide(value)) for name, value in message.headers)
    return replace(message, start=hide(message.start), headers=headers)


def _step(step: Step, hide: Hide) -> Step:
    return replace(step, text=hide(step.text), fields=_fields(step.fields, hide), data=_data(step.data, hide))


def _fields(fields: Fields, hide: Hide) -> Fields:
    return tuple(
        (name, (MASK,)) if is_secret(name) else (name, tuple(hide(line) for line in lines)) for name, lines in fields
    )


def _data(value: Any, hide: Hide) -> Any:
    """Replace the secrets in a value of an event, which plain() has converted."""
    match value:
        case str() | Opaque():
            return hide(value) if isinstance(value, str) else Opaque(hide(value.text))
        case bytes():
            return hide(value.decode("latin-1")).encode("latin-1")
        case Body():
            return Body(value.length, _data(value.head, hide))
        case dict():
            return {key: _masked(item) if is_secret(key) else _data(item, hide) for key, item in value.items()}
        case list() | tuple():
            return _list(value, hide)
        case _:
            return value


def _list(value: Sequence[Any], hide: Hide) -> Sequence[Any]:
    """Replace the secrets in a list or tuple; a pair may be a header."""
    masked: list[Any]
    if len(value) == 2 and isinstance(value[0], (str, bytes)) and is_secret(value[0]):
        masked = [value[0], _masked(value[1])]
    else:
        masked = [_data(item, hide) for item in value]
    return tuple(masked) if isinstance(value, tuple) else masked


def _masked(value: Any) -> Any:
    return MASK.encode() if isinstance(value, bytes) else MASK
