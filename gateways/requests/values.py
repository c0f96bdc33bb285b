"""Take values from a response for later requests, e.g. a CSRF token or a bearer token. Pure."""

import json
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote_plus

from gateways.requests.request import Headers, Take

PLACE = re.compile(r"\$\{([A-Za-z_]\w*)\}")
"""`${name}`. It is replaced only if a request takes a value of that name; other text is unchanged."""

_PLACE_IN_BYTES = re.compile(PLACE.pattern.encode())


class Missing(ValueError):
    """A response does not contain the value that a request takes from it. The text names the value and the place."""


def taken(take: Take, status: int, headers: Headers, body: bytes, cookies: Mapping[str, str]) -> str:
    """Return the value in a response.

    Raises: Missing: not found.
    """
    found: str | None
    if take.source == "header":
        found = next((value for name, value in headers if name.lower() == take.argument.lower()), None)
    elif take.source == "cookie":
        found = cookies.get(take.argument)
    elif take.source == "json":
        found = _at_pointer(body, take.argument)
    else:
        match = re.search(take.argument, body.decode("utf-8", "replace"))
        found = match and match[1 if match.re.groups else 0]
    found = None if found is None else take.within(found)
    if found is None:
        like = f" that matches {take.pattern!r}" if take.pattern else ""
        raise Missing(
            f"the response (status {status}) has no {take.source} {take.argument!r}{like} for ${{{take.name}}}"
        )
    return found


def _at_pointer(body: bytes, pointer: str) -> str | None:
    """Resolve a JSON pointer (RFC 6901): "/data/0/token"; "" is the whole document. Return None if it leads nowhere.

    A value other than a string is returned as JSON.
    """
    try:
        value = json.loads(body)
        for part in pointer.split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            value = value[int(key)] if isinstance(value, list) else value[key]
    except (ValueError, LookupError, TypeError):
        return None
    return value if isinstance(value, str) else json.dumps(value)


def names_in(*texts: str | bytes | None) -> set[str]:
    """Return the names in placeholders."""
    found: set[str] = set()
    for text in texts:
        if isinstance(text, str):
            found.update(PLACE.findall(text))
        elif text is not None:
            found.update(name.decode() for name in _PLACE_IN_BYTES.findall(text))
    return found


def fill_text(text: str, values: Mapping[str, str], *, quoted: bool = False) -> str:
    """Replace the placeholders that have a value. If `quoted` is True, percent-encode the values for a target."""
    if "${" not in text:
        return text
    return PLACE.sub(lambda at: _encoded(values, at[1], at[0], quoted), text)


def _encoded(values: Mapping[str, str], name: str, place: str, quoted: bool) -> str:
    if name not in values:
        return place
    return quote_plus(values[name]) if quoted else values[name]


def fill_body(body: bytes, content_type: str, values: Mapping[str, str]) -> bytes:
    """Insert values into the body, encoded for its media type: percent-encoded in a form, escaped in JSON."""
    if b"${" not in body:
        return body
    kind = content_type.partition(";")[0].strip().lower()

    def put(at: "re.Match[bytes]") -> bytes:
        value = values.get(at[1].decode())
        if value is None:
            return at[0]
        if kind == "application/x-www-form-urlencoded":
            value = quote_plus(value)
        elif kind.endswith(("/json", "+json")):
            value = json.dumps(value)[1:-1]
        return value.encode()

    return _PLACE_IN_BYTES.sub(put, body)


def unknown(names: Iterable[str], takes: Iterable[Take]) -> list[str]:
    """Return the names of placeholders that get no value, because no request takes one."""
    defined = {take.name for take in takes}
    return sorted(name for name in set(names) if name not in defined)
