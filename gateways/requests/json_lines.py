"""Read and write the project's own file of requests, one JSON object per line (docs/requests.md). Pure.

The caller passes the function that reads a body from another file.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, cast

from gateways.failure import Failure
from gateways.requests.not_json import reason
from gateways.requests.request import Headers, Request, Take, checked_header, checked_method, target_of
from gateways.requests.traffic import Traffic
from gateways.requests.values import names_in, unknown

VERSION = 1
"""Version in the first line: {"gateways-requests": 1}. It increases when an old version would misread a new file."""

HEADING = "gateways-requests"
FIELDS = ("method", "path", "headers", "body", "body_base64", "body_file", "json", "weight", "expect", "take", "login",
          "name", "recorded")  # fmt: skip
SOURCES = ("regex", "header", "json", "cookie")


def read(text: str, origin: str, body_of: Callable[[str], bytes]) -> Traffic:
    """Return the requests in a file.

    origin: the file's name, for messages. body_of: returns the bytes of a file named by `body_file`; raises OSError.

    Raises: Failure: a line is not a request; the text names the line and the fault.
    """
    requests: list[Request] = []
    login: list[Request] = []
    host: str | None = None
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        where = f"{origin}, line {number}"
        try:
            entry = _object(line)
            if HEADING in entry:
                host = _heading(entry)
                continue
            _known(entry, FIELDS)
            request = _request(entry, where, body_of)
            (login if _flag(entry, "login") else requests).append(request)
        except (ValueError, OSError) as error:
            raise Failure(f"{where}: {error}") from error
    return Traffic(tuple(requests), tuple(login), notes=tuple(_unfilled([*login, *requests])), host=host)


def _object(line: str) -> dict[str, Any]:
    try:
        entry = json.loads(line, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON ({reason(error)})") from None
    if not isinstance(entry, dict):
        raise ValueError(f'got {line.strip()[:40]!r}; each line must be a JSON object, e.g. {{"path": "/"}}')
    return entry


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object. json.loads() would drop all but the last value of a repeated name."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise ValueError(
            f"the name {repeated!r} is repeated in an object; write repeated headers as a list, e.g. "
            '[["X-Tag", "a"], ["X-Tag", "b"]]'
        )
    return found


def _heading(entry: dict[str, Any]) -> str | None:
    _known(entry, (HEADING, "host"))
    if isinstance(entry[HEADING], bool) or entry[HEADING] != VERSION:
        raise ValueError(f"unknown version {entry[HEADING]!r} of the format; expected {VERSION}")
    host = entry.get("host")
    return None if host is None else checked_header("Host", host)[1]


def _known(entry: dict[str, Any], fields: tuple[str, ...]) -> None:
    for name in entry:
        if name not in fields:
            raise ValueError(f"unknown field {name!r}; known fields: {', '.join(fields)}")


def _flag(entry: dict[str, Any], name: str) -> bool:
    value = entry.get(name, False)
    if not isinstance(value, bool):
        raise ValueError(f"{name!r} is {value!r}; it must be true or false")
    return value


def _request(entry: dict[str, Any], where: str, body_of: Callable[[str], bytes]) -> Request:
    path = entry.get("path")
    if not isinstance(path, str):
        raise ValueError("the field 'path' is missing" if path is None else f"'path' is {path!r}; it must be a string")
    headers = list(_headers(entry.get("headers", {})))
    body, kind = _body(entry, body_of)
    if kind and not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", kind))
    weight = entry.get("weight", 1)
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight < float("inf"):
        raise ValueError(f"'weight' is {weight!r}; it must be a finite number above 0")
    name = entry.get("name", "")
    if not isinstance(name, str):
        raise ValueError(f"'name' is {name!r}; it must be a string")
    return Request(
        method=checked_method(entry.get("method", "GET" if body is None else "POST")),
        target=target_of(path),
        headers=tuple(headers),
        body=body,
        weight=float(weight),
        expect=_status(entry, "expect"),
        recorded=_status(entry, "recorded"),
        takes=tuple(_takes(entry.get("take", {}))),
        name=name,
        origin=where,
    )


def _status(entry: dict[str, Any], field: str) -> int | None:
    status = entry.get(field)
    if status is not None and (not isinstance(status, int) or not 100 <= status <= 599):
        raise ValueError(f"{field!r} is {status!r}; it must be an int from 100 to 599, e.g. 200")
    return status


def _headers(given: Any) -> Iterator[tuple[str, str]]:
    """Yield the headers. They are given as an object, or as a list of pairs if a name is repeated."""
    if isinstance(given, dict):
        given = list(given.items())
    if not isinstance(given, list):
        raise ValueError(f"'headers' is {given!r}; it must be an object or a list of [name, value]")
    for pair in given:
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise ValueError(f"{pair!r} in 'headers' is not a pair [name, value]")
        yield checked_header(*pair)


def _body(entry: dict[str, Any], body_of: Callable[[str], bytes]) -> tuple[bytes | None, str]:
    """Return the body, and the media type that its field implies. Return None and "" without a body."""
    given = [name for name in ("body", "body_base64", "body_file", "json") if name in entry]
    if len(given) > 1:
        raise ValueError(f"both {given[0]!r} and {given[1]!r} are given; a request has one body")
    if not given:
        return None, ""
    name, value = given[0], entry[given[0]]
    if name == "json":
        return json.dumps(value, ensure_ascii=False).encode(), "application/json"
    if not isinstance(value, str):
        raise ValueError(f"{name!r} is {value!r}; it must be a string")
    if name == "body":
        return value.encode(), "application/x-www-form-urlencoded"
    if name == "body_file":
        return body_of(value), "application/octet-stream"
    try:
        return base64.b64decode(value, validate=True), "application/octet-stream"
    except binascii.Error as error:
        raise ValueError(f"'body_base64' is not base64: {error}") from None


def _takes(given: Any) -> Iterator[Take]:
    if not isinstance(given, dict):
        raise ValueError(f'\'take\' is {given!r}; it must be an object, e.g. {{"token": {{"json": "/access_token"}}}}')
    for name, way in given.items():
        if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
            raise ValueError(f"{name!r} in 'take' is not a valid name; use letters, digits and _")
        how, pattern = way, ""
        if (
            isinstance(way, dict) and len(way) == 2 and "regex" in way
        ):  # a pattern that is applied to the value of the other source
            how = {key: value for key, value in way.items() if key != "regex"}
            pattern = _pattern(name, way["regex"])
        if not isinstance(how, dict) or len(how) != 1 or next(iter(how)) not in SOURCES:
            raise ValueError(f"'take' of {name!r} is {how!r}; it must be one of {', '.join(SOURCES)} with its argument")
        source, argument = next(iter(how.items()))
        if not isinstance(argument, str):
            raise ValueError(f"'take' of {name!r}: {argument!r} is not a string")
        if source == "regex":
            _pattern(name, argument)
        if source == "json" and argument and not argument.startswith("/"):
            raise ValueError(f"'take' of {name!r}: {argument!r} is not a JSON pointer; write e.g. '/{argument}'")
        yield Take(name, source, argument, pattern)


def _pattern(name: str, text: Any) -> str:
    try:
        re.compile(text)
    except (re.error, TypeError) as error:
        raise ValueError(f"'take' of {name!r}: {text!r} is not a regular expression: {error}") from None
    return str(text)


def _unfilled(requests: list[Request]) -> Iterator[str]:
    """Yield a sentence for each placeholder that gets no value, because no earlier request takes one."""
    takes: list[Take] = []
    for each in requests:
        names = names_in(each.target, each.body, *(value for _, value in each.headers))
        for name in unknown(names, takes):
            yield f"{each.origin}: ${{{name}}} is sent unchanged: no earlier request takes a value of that name"
        takes += each.takes


def write(traffic: Traffic) -> str:
    """Return the text of a file with these requests. Omitted requests are not in it.

    read() returns the same requests, but adds a Content-Type to a body without one.
    """
    heading = {HEADING: VERSION, **({"host": traffic.host} if traffic.host else {})}
    entries = [_entry(each, login=True) for each in traffic.login] + [_entry(each) for each in traffic.requests]
    return "".join(f"{json.dumps(each, ensure_ascii=False)}\n" for each in (heading, *entries))


def _entry(request: Request, *, login: bool = False) -> dict[str, Any]:
    entry: dict[str, Any] = {"method": request.method, "path": request.target}
    if request.headers:
        entry["headers"] = _written(request.headers)
    if request.body is not None:
        entry.update(_written_body(request))
    if request.weight != 1:
        entry["weight"] = request.weight
    for field in ("expect", "recorded", "name"):
        if value := getattr(request, field):
            entry[field] = value
    if request.takes:
        entry["take"] = {take.name: _written_take(take) for take in request.takes}
    if login:
        entry["login"] = True
    return entry


def _written(headers: Headers) -> dict[str, str] | list[list[str]]:
    as_object = dict(headers)
    return as_object if len(as_object) == len(headers) else [list(pair) for pair in headers]


def _written_take(take: Take) -> dict[str, str]:
    found: dict[str, str] = {take.source: take.argument}
    return found | ({"regex": take.pattern} if take.pattern else {})


def _written_body(request: Request) -> dict[str, str]:
    body = cast("bytes", request.body)
    try:
        return {"body": body.decode()}
    except UnicodeDecodeError:
        return {"body_base64": base64.b64encode(body).decode()}
