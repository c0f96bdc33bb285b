"""Requests of a user's traffic as one server gets them: with the cookies and values of its own session. Pure.

A server that is started again has a new session: it may have forgotten the old one.
"""

import base64
import zlib

from gateways.compare.load.order import Request, Seen
from gateways.requests.request import OF_THE_CONNECTION
from gateways.requests.request import Request as Recorded
from gateways.requests.session import Session

WITH_BODY = frozenset(("POST", "PUT", "PATCH"))
"""Methods whose requests say that their body is empty (RFC 9110, 8.6)."""


def sent(request: Recorded) -> Request:
    """The request as the load client sends it. What belongs to a connection is the client's own."""
    headers = tuple(pair for pair in request.headers if pair[0].lower() not in OF_THE_CONNECTION)
    body = request.body if request.body is not None or request.method not in WITH_BODY else b""
    content = None if body is None else base64.b64encode(body).decode()
    return Request(request.target, request.method, headers=headers, content=content)


def learn(session: Session, request: Recorded, seen: Seen) -> None:
    """Keep the cookies of an answer, and the values that the request takes from it.

    Raises:
        gateways.requests.values.Missing: a value is not there.
    """
    lines = (line.partition(":") for line in seen.head.split("\r\n")[1:] if line)
    headers = tuple((name, value.strip()) for name, _, value in lines)
    session.learn(request, seen.status, headers, _decoded(base64.b64decode(seen.body), dict(headers)))


def _decoded(body: bytes, headers: dict[str, str]) -> bytes:
    """Without its content coding, if that is gzip or deflate (RFC 9110, 8.4.1)."""
    coding = next((value.lower() for name, value in headers.items() if name.lower() == "content-encoding"), "")
    if coding not in {"gzip", "x-gzip", "deflate"}:
        return body
    try:
        return zlib.decompress(body, 47)  # either format, found by its header
    except zlib.error:
        return body
