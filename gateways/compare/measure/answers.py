"""Check that all contenders send the same responses. Exclude a contender that sends different ones, with the reason.
Pure.
"""

import base64
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateways.compare.load.order import Answer, Seen
from gateways.compare.load.varying import fixed_parts, has, is_reordered, narrowed
from gateways.requests.coding import decoded

SERVER_ERROR = 500
"""Status of the response to an exception in the app. Each server has its own error page: only the status is
verified.
"""

LEAST = 8
"""Minimum length of a session value that is searched for in bodies. Shorter values may occur in bodies by chance."""


@dataclass(frozen=True, slots=True)
class Given:
    """A contender's first and second response to a request."""

    contender: str
    first: Seen
    second: Seen
    request: str = ""


def expected(given: Given) -> Answer:
    """Return the expected response, which has the parts that are equal in both responses.

    If the bodies differ, their constant pieces are expected. Compressed and binary bodies have no expected pieces,
    because two such bodies have equal bytes only by chance.
    """
    first, second = given.first, given.second
    if first.status == SERVER_ERROR:
        return Answer(first.status, None, None)
    if first.sha256 == second.sha256 and first.length == second.length:
        return Answer(first.status, first.length, first.sha256)
    length = first.length if first.length == second.length else None
    if _is_coded(first):
        return Answer(first.status, None, None)
    one, other = _text(first), _text(second)
    if not (one and other):
        return Answer(first.status, length, None)
    return _with_pieces(first.status, fixed_parts(one, other), length if is_reordered(one, other) else None)


def widened(answer: Answer, body: bytes | None, seen: Seen) -> Answer:
    """Return an expected response that matches both `answer` and `seen`, a later response of the first contender.

    For example, a page contains "2 minutes ago", or lists data that other requests have created. If `seen` matches
    `answer` already, or if the later request has failed, return `answer`.

    body: the expected body, if `answer` has its digest.
    """
    if seen.error or seen.status != answer.status or not unequal(Given("", seen, seen), answer):
        return answer
    if _is_coded(seen):
        return Answer(seen.status, None, None)
    known = [body] if answer.sha256 and body else [piece.encode("latin-1") for piece in answer.fixed or ()]
    text = _text(seen)
    if not (known and text):
        return Answer(seen.status, seen.length if seen.length == answer.length else None, None)
    length = answer.length if seen.length == answer.length else None
    if answer.sha256 and not is_reordered(known[0], text):
        length = None
    return _with_pieces(seen.status, narrowed(known, text), length)


def without(answer: Answer, seen: Seen, values: Iterable[str]) -> Answer:
    """Return the expected response without the values of the first contender's session, which no other contender has.

    seen: the first contender's response.
    """
    body = base64.b64decode(seen.body)
    long = [value.encode() for value in values if len(value) >= LEAST]
    if _is_coded(seen):
        has_one = any(value in decoded(body, codings(seen)) for value in long)
        return Answer(answer.status, None, None) if has_one else answer
    known = [body] if answer.sha256 else [piece.encode("latin-1") for piece in answer.fixed or ()]
    pieces = known
    for value in long:
        pieces = [part for piece in pieces for part in piece.split(value)]
    return answer if len(pieces) == len(known) else _with_pieces(answer.status, pieces)


def _with_pieces(status: int, pieces: Sequence[bytes], length: int | None = None) -> Answer:
    """Return the expected response for a body that varies. `length` is its length if only the order of its words
    varies.
    """
    return Answer(status, length, None, tuple(piece.decode("latin-1") for piece in pieces))


def codings(seen: Seen) -> str:
    """Return the value of Content-Encoding; "" if absent."""
    return ", ".join(re.findall(r"(?im)^content-encoding:[ \t]*([^\r\n]*)", seen.head))


def _is_coded(seen: Seen) -> bool:
    return bool(codings(seen))


def _text(seen: Seen) -> bytes:
    """Return the body if it is known and text; else b""."""
    body = base64.b64decode(seen.body)
    return b"" if _is_binary(body) else body


def _is_binary(body: bytes) -> bool:
    """Return True if the body is text neither in UTF-8 nor in another charset that extends ASCII."""
    controls = len(re.findall(rb"[\x00-\x08\x0e-\x1f]", body))
    return b"\x00" in body or controls * 20 > len(body)


def unusable(given: Given, expect: int | None = None) -> str:
    """Return the reason why the responses cannot be measured, or "".

    Without `expect`, the status must be 2xx: a redirect to a login page is fast, but it is not the page to measure.
    """
    for seen in (given.first, given.second):
        if seen.error:
            what = "no response" if not seen.status else "invalid response"
            return f"{what}: {seen.error}{_advice(seen.error)}"
        if seen.status != expect and (expect is not None or not 200 <= seen.status < 300):
            start = " ".join(seen.start.split())[:80]
            want = f"expected {expect}" if expect else f"use --expect {seen.status} to measure this response"
            return f"it responds with {seen.status}{_location(seen)}{f' ({start})' if start else ''}; {want}"
    if given.first.status != given.second.status:
        return f"first response {given.first.status}, second response {given.second.status}"
    return ""


def _location(seen: Seen) -> str:
    """Return the target of a redirect."""
    found = re.search(r"(?im)^location:[ \t]*([^\r\n]*)", seen.head) if 300 <= seen.status < 400 else None
    return f" to {found[1].strip()[:80]}" if found else ""


def _advice(error: str) -> str:
    if error.startswith("TLS: ") and "certificate" in error:
        return "; --ca FILE trusts the certificate's authority, --insecure accepts any certificate"
    return ""


def unequal(given: Given, answer: Answer) -> str:
    """Return a text that says how a contender's responses differ from the expected response, or ""."""
    for seen in (given.first, given.second):
        if seen.status != answer.status:
            return f"it responds with {seen.status}; the others with {answer.status}"
        if answer.length is not None and seen.length != answer.length:
            return f"its response has {seen.length} bytes; the other responses have {answer.length}"
        if answer.sha256 is not None and seen.sha256 != answer.sha256:
            return f"its response starts with {seen.start[:60]!r}, unlike the other responses"
        if answer.fixed is not None and seen.body:
            pieces = [piece.encode("latin-1") for piece in answer.fixed]
            if not has(pieces, base64.b64decode(seen.body)):
                return f"its response starts with {seen.start[:60]!r}, and lacks parts that are in all other responses"
    return ""
