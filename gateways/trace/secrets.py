"""A trace without the secrets of its request and response, so that it can be sent to others. Pure.

The values of the headers in SECRET are replaced wherever the trace has them: in the bytes of the socket, in environ and
scope, in what the app answers or writes. Lengths stay those of the original. A secret that the trace holds in another
form (a password in a form, a token that was taken apart) is not recognised.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from gateways.events.events import Body, Opaque
from gateways.trace.document import Trace
from gateways.trace.rows import Fields
from gateways.trace.steps import Connection, Step
from gateways.trace.wire import Headers, Message

SECRET = ("authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key")
"""Header names, in lower case, whose values are secrets."""

MASK = "[redacted]"
LEAST = 4
"""Characters of a value from which on it is replaced everywhere. A shorter one is, where its header's name is."""

_NAMES = "|".join(SECRET)
_IN_HEADS = re.compile(rf"(?im)^((?:{_NAMES}):[ \t]*)[^\r\n]+")
_IN_LISTS = re.compile(rf"(?i)(b?'(?:{_NAMES})', b?)('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")")

Hide = Callable[[str], str]


def redacted(trace: Trace) -> Trace:
    """The trace with MASK in place of secrets."""
    hide = _hiding(_secrets(trace))
    return replace(
        trace,
        asked=hide(trace.asked),
        connection=trace.connection and _connection(trace.connection, hide),
        steps=tuple(_step(step, hide) for step in trace.steps),
        log=tuple(replace(line, text=hide(line.text)) for line in trace.log),
        problem=trace.problem and hide(trace.problem),
    )


def _secrets(trace: Trace) -> set[str]:
    """The values to be replaced, in each spelling that a trace may have."""
    connection = trace.connection
    headers = (*connection.request.headers, *connection.response.headers) if connection else ()
    found = {value for name, text in headers if name.lower() in SECRET for value in _values(name.lower(), text)}
    spelled = {each for value in found for each in (value, repr(value)[1:-1], repr(value.encode())[2:-1])}
    return {value for value in spelled if len(value) >= LEAST}


def _values(name: str, text: str) -> Iterator[str]:
    """The header's value, and the secrets in it."""
    yield text
    if name.endswith("authorization"):
        scheme, _, credentials = text.partition(" ")
        yield credentials
        if scheme.lower() == "basic":
            try:
                user = base64.b64decode(credentials).decode("utf-8", "replace")
            except (binascii.Error, ValueError):
                return
            yield user
            yield user.partition(":")[2]
    elif name in {"cookie", "set-cookie"}:
        pairs = text.split(";")
        for pair in pairs if name == "cookie" else pairs[:1]:
            yield pair.partition("=")[2].strip().strip('"')


def _hiding(secrets: Iterable[str]) -> Hide:
    longest = sorted(secrets, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, longest))) if longest else None

    def hide(text: str) -> str:
        text = _IN_HEADS.sub(rf"\1{MASK}", text)
        text = _IN_LISTS.sub(rf"\1'{MASK}'", text)
        return pattern.sub(MASK, text) if pattern is not None else text

    return hide


def _connection(connection: Connection, hide: Hide) -> Connection:
    return replace(
        connection,
        steps=tuple(_step(step, hide) for step in connection.steps),
        request=_message(connection.request, hide),
        response=_message(connection.response, hide),
    )


def _message(message: Message, hide: Hide) -> Message:
    headers: Headers = tuple((name, MASK if _is_secret(name) else hide(value)) for name, value in message.headers)
    return replace(message, start=hide(message.start), headers=headers)


def _step(step: Step, hide: Hide) -> Step:
    return replace(step, text=hide(step.text), fields=_fields(step.fields, hide), data=_data(step.data, hide))


def _fields(fields: Fields, hide: Hide) -> Fields:
    return tuple(
        (name, (MASK,)) if _is_secret(name) else (name, tuple(hide(line) for line in lines)) for name, lines in fields
    )


def _is_secret(name: object) -> bool:
    """Is it the name of such a header, or that of its meta-variable?"""
    text = name.decode("latin-1") if isinstance(name, bytes) else str(name)
    return text.lower().removeprefix("http_").replace("_", "-") in SECRET


def _data(value: Any, hide: Hide) -> Any:
    """A value of an event, as plain() makes them."""
    match value:
        case str() | Opaque():
            return hide(value) if isinstance(value, str) else Opaque(hide(value.text))
        case bytes():
            return hide(value.decode("latin-1")).encode("latin-1")
        case Body():
            return Body(value.length, _data(value.head, hide))
        case dict():
            return {key: _masked(item) if _is_secret(key) else _data(item, hide) for key, item in value.items()}
        case list() | tuple():
            return _list(value, hide)
        case _:
            return value


def _list(value: Sequence[Any], hide: Hide) -> Sequence[Any]:
    """A list or tuple; of two, it may be a header."""
    made: list[Any]
    if len(value) == 2 and isinstance(value[0], (str, bytes)) and _is_secret(value[0]):
        made = [value[0], _masked(value[1])]
    else:
        made = [_data(item, hide) for item in value]
    return tuple(made) if isinstance(value, tuple) else made


def _masked(value: Any) -> Any:
    return MASK.encode() if isinstance(value, bytes) else MASK
