"""Prepare the user's requests for one server, with the cookies and values of the session on that server. Pure.

After a restart of the server, the client begins a new session, because the server may have lost the old session.
"""

import base64

from gateways.compare.load.order import Request, Seen
from gateways.requests.coding import decoded
from gateways.requests.request import OF_THE_CONNECTION, Headers
from gateways.requests.request import Request as Recorded
from gateways.requests.session import Session

WITH_BODY = frozenset(("POST", "PUT", "PATCH"))
"""Methods whose requests have `Content-Length: 0` if the body is empty (RFC 9110, 8.6)."""


def sent(request: Recorded) -> Request:
    """Return the request in the form that the load client sends, without headers about the recorded connection."""
    headers = tuple(pair for pair in request.headers if pair[0].lower() not in OF_THE_CONNECTION)
    body = request.body if request.body is not None or request.method not in WITH_BODY else b""
    content = None if body is None else base64.b64encode(body).decode()
    return Request(request.target, request.method, headers=headers, content=content)


def learn(session: Session, request: Recorded, seen: Seen) -> None:
    """Store the cookies of a response in the session, and the values that the request takes from the response.

    Raises:
        gateways.requests.values.Missing: a value is missing.
    """
    headers = _headers(seen)
    codings = ", ".join(value for name, value in headers if name.lower() == "content-encoding")
    session.learn(request, seen.status, headers, decoded(base64.b64decode(seen.body), codings))


def ended(session: Session, request: Recorded, seen: Seen) -> str:
    """Return the name of the cookie whose deletion by the response ends the session; "" if there is none."""
    return session.ends(request, seen.status, _headers(seen))


def _headers(seen: Seen) -> Headers:
    lines = (line.partition(":") for line in seen.head.split("\r\n")[1:] if line)
    return tuple((name, value.strip()) for name, _, value in lines)
