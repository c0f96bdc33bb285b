"""Find values in recorded requests that came from earlier responses: CSRF tokens, bearer tokens, ids of new objects.
Pure.

A recording has the values of its own session, but another server sends different values. If an earlier response of the
recording contains a long value of a request, then the replayed request takes the value from the new response. The names
of values do not matter. Values that come from the client, such as the state of OAuth 2.0, do not change.
"""

import html
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from gateways.requests.cookies import parse
from gateways.requests.request import Headers, Request, Take

LEAST = 16
"""Minimum number of characters of a value."""

TOKEN = re.compile(rf"[A-Za-z0-9_\-.+/=~]{{{LEAST},}}")
SEARCHED = 200_000
"""Number of bytes at the beginning of a request body that are searched for values."""

FIXED = frozenset(
    ("accept", "accept-encoding", "accept-language", "cookie", "if-none-match", "origin", "referer", "user-agent")
)
"""Headers that a browser adds by itself."""


@dataclass(frozen=True, slots=True)
class Response:
    """A recorded response, with its body as text."""

    headers: Headers
    body: str


def correlated(requests: Sequence[Request], responses: Sequence[Response]) -> tuple[tuple[Request, ...], list[str]]:
    """Return the requests with values taken from earlier responses, and a sentence for each value.

    responses: the responses to the requests, in the same order.
    """
    replaced = list(requests)
    notes: list[str] = []
    names: dict[tuple[int, str], str] = {}
    sent_first: dict[str, int] = {}
    values = [list(_values(request)) for request in requests]
    places = _places({value for each in values for value in each}, responses)
    for number, request in enumerate(requests):
        for value in values[number]:
            sent = sent_first.setdefault(value, number)
            found = places.get(value, ())
            source = _source(value, number, request, requests, [(each, responses[each]) for each in found])
            if source is None or _is_of_client(
                value, sent, source[0], [responses[each] for each in found if each < sent]
            ):
                continue
            before, take = source
            key = before, value
            if key not in names:
                names[key] = f"value{len(names) + 1}"
                replaced[before] = replace(
                    replaced[before], takes=(*replaced[before].takes, replace(take, name=names[key]))
                )
                header_value = f"{value[:3]}… ({len(value)} characters)"
                notes.append(f"{request.origin}: {header_value} is taken from the response to {requests[before].label}")
            replaced[number] = _with(replaced[number], value, names[key])
    return tuple(replaced), notes


def _values(request: Request) -> Iterator[str]:
    """Yield long values with letters and digits, which were probably generated."""
    body = (request.body or b"")[:SEARCHED].decode("utf-8", "replace")
    texts = [request.target, body, *(value for name, value in request.headers if name.lower() not in FIXED)]
    if (request.header("content-type") or "").startswith("application/x-www-form-urlencoded"):
        texts[1] = "\n".join(unquote_plus(part) for pair in body.split("&") for part in pair.split("=", 1)[1:])
    texts[0] = "\n".join(unquote_plus(part) for part in re.split(r"[/?&=]", request.target))
    found = (each for text in texts for each in TOKEN.findall(text))
    yield from dict.fromkeys(
        each for each in found if re.search("[0-9]", each) and re.search("[A-Za-z]", each) and "/" not in each[:1]
    )


def _places(wanted: set[str], responses: Sequence[Response]) -> dict[str, list[int]]:
    """Return the numbers of the responses that may contain each value, in order.

    This takes one pass over all responses. A recording may have thousands of values and responses, so a search for each
    value in each response would take too long. In the text, a value ends where a run of its characters ends, so the
    ends of such runs are compared with the ends of the values.
    """
    lengths: dict[str, set[int]] = {}  # the end of a value -> the lengths of the values with this end
    for value in wanted:
        lengths.setdefault(value[-LEAST:], set()).add(len(value))
    places: dict[str, list[int]] = {}
    if not wanted:
        return places
    for number, response in enumerate(responses):
        runs = {run for text in _texts(response) for run in TOKEN.findall(text) if run[-LEAST:] in lengths}
        ends = {run[-length:] for run in runs for length in lengths[run[-LEAST:]]}
        for value in ends & wanted:
            places.setdefault(value, []).append(number)
    return places


def _texts(response: Response) -> Iterator[str]:
    yield from (value for _, value in response.headers)
    yield response.body
    if "\\" in response.body:  # a JSON string may contain escapes
        yield from (leaf for _, leaf in _strings(response.body))


def _source(
    value: str, number: int, request: Request, requests: Sequence[Request], places: Sequence[tuple[int, Response]]
) -> tuple[int, Take] | None:
    """Return the number of the latest earlier response with the value, and how to find the value there; else None.

    A value in a path may be the hash in a file name, so it is taken only from responses to unsafe requests.

    places: the responses that may contain the value, with their numbers.
    """
    in_path = value in request.target.partition("?")[0]
    for before, response in reversed(places):
        if before >= number or (in_path and requests[before].is_safe):
            continue
        take = _take(value, response)
        if take is not None:
            return before, take
    return None


def _is_of_client(value: str, sent: int, before: int, earlier: Sequence[Response]) -> bool:
    """Return True if the client sent the value, with request `sent`, before any response contained it.

    before: the latest response with the value. earlier: the responses before `sent` that may contain the value.
    """
    return sent <= before and not any(_take(value, each) for each in earlier)


def _take(value: str, response: Response) -> Take | None:
    for name, header_value in response.headers:
        if name.lower() == "set-cookie":
            if parse(header_value).value == value:
                return Take("", "cookie", parse(header_value).name)
        elif header_value == value:
            return Take("", "header", name)
        elif pattern := _by_context(value, header_value):
            return Take("", "header", name, pattern)
    pointer = next((where for where, leaf in _strings(response.body) if leaf == value), None)
    if pointer is not None:
        return Take("", "json", pointer)
    pattern = _by_context(value, response.body) if html.escape(value) == value else ""
    return Take("", "regex", pattern) if pattern else None


def _strings(text: str) -> list[tuple[str, str]]:
    """Return the strings of a JSON document, with their JSON pointers; an empty list if the text is not JSON."""
    try:
        return list(_leaves(json.loads(text)))
    except (ValueError, RecursionError):
        return []


def _leaves(document: Any, pointer: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(document, dict):
        for key, value in document.items():
            yield from _leaves(value, f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(document, list):
        for number, value in enumerate(document):
            yield from _leaves(value, f"{pointer}/{number}")
    elif isinstance(document, str):
        yield pointer, document


def _by_context(value: str, text: str) -> str:
    """Return a regular expression that finds the value by the text before it; "" if no such expression finds it.

    The text before the value is as short as possible.
    """
    at = text.find(value)
    if at < 0:
        return ""
    for length in (8, 16, 32, 64, 128):
        pattern = rf"{_pattern_before(text, max(0, at - length), at)}({TOKEN.pattern})"
        match = re.search(pattern, text)
        if match is not None and match[1] == value:
            return pattern
    return ""


def _pattern_before(text: str, start: int, end: int) -> str:
    """Return a regular expression for text[start:end], from its first whole word.

    The expression accepts any value in place of other generated values.
    """
    while 0 < start < end and _WORD.match(text[start - 1]) and _WORD.match(text[start]):
        start += 1
    pieces = _GENERATED.split(text[start:end])
    return _GENERATED.pattern.join(map(re.escape, pieces))


_WORD = re.compile(r"[\w\-]")
_GENERATED = re.compile(r"(?=[\w\-]*\d)[\w\-]{16,}")


def _with(request: Request, value: str, name: str) -> Request:
    """Return the request with a placeholder in place of the value."""
    place = f"${{{name}}}"
    spellings = dict.fromkeys((value, quote_plus(value)))
    target, body = request.target, request.body
    for spelling in spellings:
        target = target.replace(spelling, place)
        body = None if body is None else body.replace(spelling.encode(), place.encode())
    headers = tuple(
        (key, header_value if key.lower() in FIXED else header_value.replace(value, place))
        for key, header_value in request.headers
    )
    return replace(request, target=target, headers=headers, body=body)
