"""Create requests from options of a command: --path, --method, --header, --data, --cookie, --user. Pure."""

import base64
import re
from collections.abc import Sequence

from gateways.requests.request import Request, checked_method, header_of, target_of
from gateways.requests.traffic import Traffic

FORM = "application/x-www-form-urlencoded"


def weighted(text: str) -> tuple[str, float]:
    """Return path and weight of e.g. "/cart=3" or "/search?q=x 3". The default weight is 1.

    A query may contain "=", so after a query the weight follows a space.

    Raises:
        ValueError: the weight is not a finite number above 0.
    """
    match = re.fullmatch(r"(\S+) +(\S+)", text) or re.fullmatch(r"([^?]+)=(\d[\d.]*|0*\.\d+)", text)
    if match is None:
        return text, 1.0
    try:
        weight = float(match[2])
    except ValueError:
        weight = 0.0
    if not 0 < weight < float("inf"):
        raise ValueError(f"the weight {match[2]!r} of {match[1]!r} is not a number above 0; write e.g. '/cart=3'")
    return match[1], weight


def traffic(
    paths: Sequence[str],
    method: str | None = None,
    headers: Sequence[str] = (),
    data: bytes | None = None,
    cookies: Sequence[str] = (),
    user: str | None = None,
    expect: int | None = None,
) -> Traffic:
    """Return one request for each path. The other options apply to all of them.

    data: the body, already read from its file. user: "name:password", sent as in RFC 7617.

    Raises: ValueError: an option is invalid; the text has the fault and a correct value.
    """
    pairs = [header_of(line) for line in headers]
    names = {name.lower() for name, _ in pairs}
    for cookie in cookies:
        if not re.fullmatch(r"[^=;\s]+=[^;]*", cookie):
            raise ValueError(f"the cookie {cookie!r} is not NAME=VALUE; write e.g. 'theme=dark'")
    if cookies:
        pairs.append(("Cookie", "; ".join(cookies)))
    if user is not None:
        if ":" not in user:
            raise ValueError(f"the user {user!r} is not NAME:PASSWORD; write e.g. 'ada:secret'")
        pairs.append(("Authorization", f"Basic {base64.b64encode(user.encode()).decode()}"))
    if data is not None and "content-type" not in names:
        pairs.append(("Content-Type", FORM))
    verb = checked_method(method) if method is not None else "GET" if data is None else "POST"
    requests = []
    for text in paths:
        path, weight = weighted(text)
        requests.append(Request(verb, target_of(path), tuple(pairs), data, weight, expect))
    return Traffic(tuple(requests))
