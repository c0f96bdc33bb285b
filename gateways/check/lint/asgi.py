"""Tables of the messages that ASGI allows an app to send, with their fields and their order. Pure.

To add a message, add one row to MESSAGES and one entry to ORDER. `Conversation` follows one call of an app.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gateways.check.lint.breach import Breach


@dataclass(frozen=True, slots=True)
class Field:
    """A key of a message: a test for its value, and the rule as text, which names a correct value.

    forgiven: see Breach.
    """

    name: str
    is_right: Callable[[Any], bool]
    rule: str
    required: bool = False
    forgiven: bool = False


def _headers(value: Any) -> bool:
    if not isinstance(value, Iterable) or isinstance(value, (str, bytes, Mapping)):
        return False
    pairs = [tuple(pair) if isinstance(pair, Iterable) else () for pair in value]
    return all(len(pair) == 2 and all(isinstance(each, bytes) for each in pair) for pair in pairs)


def _lower(value: Any) -> bool:
    return not _headers(value) or all(bytes(name).lower() == name and name[:1] != b":" for name, _ in value)


def _clean(value: Any) -> bool:
    return not _headers(value) or not any(set(name + text) & set(b"\r\n\0") for name, text in value)


def _int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _status(value: Any) -> bool:
    return not _int(value) or 200 <= value <= 999


def _bytes(value: Any) -> bool:
    return isinstance(value, bytes)


def _bool(value: Any) -> bool:
    return isinstance(value, bool)


def _str(value: Any) -> bool:
    return isinstance(value, str)


def _str_or_none(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _bytes_or_none(value: Any) -> bool:
    return value is None or isinstance(value, bytes)


_HEADERS = (
    Field("headers", _headers, "an iterable of pairs of bytes, e.g. [(b'content-type', b'text/plain')]"),
    Field("headers", _lower, "names in lower case, e.g. b'content-type'", forgiven=True),
    Field("headers", _clean, "no CR, LF or NUL in names and values (RFC 9110, 5.5)"),
)
_BODY = (
    Field("body", _bytes, "bytes, e.g. b'text'; encode a str first"),
    Field("more_body", _bool, "a bool; True if more of the body follows"),
)


@dataclass(frozen=True, slots=True)
class Message:
    """A type of message that an app may send: its section of the specification, its keys, and the extension that it
    needs.
    """

    section: str
    fields: tuple[Field, ...] = ()
    extension: str = ""


MESSAGES: dict[str, Message] = {
    "http.response.start": Message(
        "ASGI HTTP, Response Start",
        (
            Field("status", _int, "an int, e.g. 200", required=True),
            Field("status", _status, "a final status, 200 or higher; the server sends 1xx itself"),
            *_HEADERS,
            Field("trailers", _bool, "a bool; True if trailers follow"),
        ),
    ),
    "http.response.body": Message("ASGI HTTP, Response Body", _BODY),
    "http.response.trailers": Message("ASGI Extensions, HTTP Trailers", _HEADERS, "http.response.trailers"),
    "http.response.push": Message("ASGI Extensions, HTTP/2 Server Push", _HEADERS, "http.response.push"),
    "http.response.pathsend": Message("ASGI Extensions, Path Send", (), "http.response.pathsend"),
    "http.response.zerocopysend": Message("ASGI Extensions, Zero Copy Send", (), "http.response.zerocopysend"),
    "http.response.early_hint": Message("ASGI Extensions, Early Hints", (), "http.response.early_hint"),
    "http.response.debug": Message("ASGI Extensions, Debug", (), "http.response.debug"),
    "websocket.accept": Message(
        "ASGI WebSocket, Accept", (Field("subprotocol", _str_or_none, "a str or None, e.g. 'chat'"), *_HEADERS)
    ),
    "websocket.send": Message(
        "ASGI WebSocket, Send",
        (Field("bytes", _bytes_or_none, "bytes or None"), Field("text", _str_or_none, "a str or None")),
    ),
    "websocket.close": Message(
        "ASGI WebSocket, Close",
        (Field("code", _int, "an int, e.g. 1000"), Field("reason", _str_or_none, "a str, e.g. 'bye'")),
    ),
    "websocket.http.response.start": Message(
        "ASGI Extensions, WebSocket Denial Response",
        (Field("status", _int, "an int, e.g. 403", required=True), *_HEADERS),
        "websocket.http.response",
    ),
    "websocket.http.response.body": Message(
        "ASGI Extensions, WebSocket Denial Response", _BODY, "websocket.http.response"
    ),
    "lifespan.startup.complete": Message("ASGI Lifespan, Startup Complete"),
    "lifespan.startup.failed": Message("ASGI Lifespan, Startup Failed", (Field("message", _str, "a str"),)),
    "lifespan.shutdown.complete": Message("ASGI Lifespan, Shutdown Complete"),
    "lifespan.shutdown.failed": Message("ASGI Lifespan, Shutdown Failed", (Field("message", _str, "a str"),)),
}

_SIDE = ("http.response.push", "http.response.early_hint", "http.response.debug")

ORDER: dict[str, dict[str, dict[str, str]]] = {
    "http": {
        "nothing sent": {"http.response.start": "headers sent", **dict.fromkeys(_SIDE, "nothing sent")},
        "headers sent": {
            "http.response.body": "headers sent",
            "http.response.pathsend": "complete",
            "http.response.zerocopysend": "headers sent",
            "http.response.push": "headers sent",
            "http.response.trailers": "headers sent",
        },
        "complete": {"http.response.trailers": "complete"},
    },
    "websocket": {
        "connecting": {
            "websocket.accept": "open",
            "websocket.close": "closed",
            "websocket.http.response.start": "denying",
        },
        "open": {"websocket.send": "open", "websocket.close": "closed"},
        "denying": {"websocket.http.response.body": "denying"},
        "closed": {},
    },
    "lifespan": {
        "starting": {"lifespan.startup.complete": "started", "lifespan.startup.failed": "over"},
        "started": {},
        "stopping": {"lifespan.shutdown.complete": "over", "lifespan.shutdown.failed": "over"},
        "over": {},
    },
}
"""For each scope type and state: the messages that the app may send next, and the state after each message."""

FIRST = {"http": "nothing sent", "websocket": "connecting", "lifespan": "starting"}
DONE = {"http": {"complete"}, "websocket": {"closed", "denied"}, "lifespan": {"starting", "started", "over"}}
LAST = {"http.response.body": "complete", "websocket.http.response.body": "denied"}
"""The state after a body message without more_body."""


class Conversation:
    """One call of an app, followed message by message. `extensions`: the extensions that the scope offers."""

    def __init__(self, scope_type: str, extensions: Iterable[str] = ()) -> None:
        self._type = scope_type
        self._extensions = frozenset(extensions)
        self.state = FIRST[scope_type]

    def received(self, message_type: str) -> None:
        """Record a message from the server."""
        if message_type == "lifespan.shutdown":
            self.state = "stopping"
        elif message_type == "websocket.disconnect":
            self.state = "closed"

    def sent(self, message: Any) -> list[Breach]:
        """Record a message from the app. Return its breaches."""
        kind = message.get("type") if isinstance(message, Mapping) else None
        if not isinstance(kind, str):
            return [
                Breach(f"send({message!r})", "ASGI, Events: a dict with a type that is a str", "send({'type': ...})")
            ]
        row = MESSAGES.get(kind)
        if row is None or not kind.startswith(f"{self._type}."):
            return [self._unknown(kind)]
        breaches = self._step(kind, row, message) + _fields(kind, row, message)
        if kind == "websocket.send" and (message.get("bytes") is None) == (message.get("text") is None):
            rule = f"{row.section}: one of bytes and text must be set; a server sends only one"
            breaches.append(
                Breach("websocket.send with both or neither of bytes and text", rule, "send either bytes or text")
            )
        return breaches

    def _unknown(self, kind: str) -> Breach:
        there = ", ".join(name for name, row in MESSAGES.items() if name.startswith(self._type) and not row.extension)
        return Breach(
            f"send() of type {kind!r} in a scope of type {self._type!r}",
            f"ASGI: an app may send only the message types of its scope; {self._type} has {there}",
            "check the spelling of the type, and that the code handles this scope type",
        )

    def _step(self, kind: str, row: Message, message: Mapping[str, Any]) -> list[Breach]:
        if row.extension and row.extension not in self._extensions:
            rule = f"{row.section}: only where scope['extensions'] has {row.extension!r}"
            return [Breach(f"{kind}, which this server does not offer", rule, "check scope['extensions'] first")]
        allowed = ORDER[self._type].get(self.state, {})
        if kind not in allowed:
            next_ones = ", ".join(allowed) or "nothing"
            rule = f"{row.section}: in the state '{self.state}' an app may send {next_ones}"
            return [
                Breach(
                    f"{kind} in the state '{self.state}'",
                    rule,
                    "send each message once, in the order of the specification",
                )
            ]
        self.state = allowed[kind]
        if kind in LAST and not message.get("more_body", False):
            self.state = LAST[kind]
        return []

    def returned(self) -> list[Breach]:
        """Return a list with the breach if the app returned too early; an empty list if it did not."""
        if self.state in DONE[self._type] or (self._type == "websocket" and self.state == "open"):
            return []
        return [
            Breach(
                f"the app returned in the state '{self.state}'",
                f"ASGI {self._type}: an app must send its whole response before it returns; servers respond with 500 or"
                " cut off the response",
                "await send() of the last message, with more_body False, before returning",
            )
        ]


def _fields(kind: str, row: Message, message: Mapping[str, Any]) -> list[Breach]:
    breaches = []
    for field in row.fields:
        clause = f"{row.section}: {field.name}: {field.rule}"
        if field.name not in message:
            if field.required:
                breaches.append(Breach(f"{kind} without {field.name!r}", clause, f"add {field.name!r}"))
        elif not field.is_right(message[field.name]):
            seen = f"{kind}: {field.name} is {_wrong(field, message[field.name])!r}"
            breaches.append(Breach(seen, clause, f"send {field.rule}", field.forgiven))
    return breaches


def _wrong(field: Field, value: Any) -> Any:
    """Return the invalid headers if the value is a list of headers, else the whole value."""
    pairs = list(value) if isinstance(value, (list, tuple)) else []
    return [pair for pair in pairs if not field.is_right([pair])] or value
