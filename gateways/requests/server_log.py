"""Find the request in a log line of an unknown format, by a pattern. Pure.

uvicorn, hypercorn, granian, daphne, Werkzeug, uWSGI, HAProxy and the load balancers of AWS have their own formats.
nginx and Apache httpd often use a format longer than "combined". A container may add a prefix to each line. All these
lines contain the request and the status.
"""

import re
from dataclasses import dataclass

from gateways.requests.request import Headers


@dataclass(frozen=True, slots=True)
class Logged:
    """A logged request: text is latin-1, one character for each byte. referer, agent: "" if not logged. headers: the
    other logged headers.
    """

    method: str
    target: str
    status: int
    referer: str = ""
    agent: str = ""
    headers: Headers = ()


_COLOR = re.compile(r"\x1b\[[0-9;]*m")
_QUOTED = re.compile(
    r'"(?P<method>[A-Z][A-Z-]*) (?P<target>\S+)(?: (?:HTTP/)?\d(?:\.\d)?)?" (?P<status>[1-5]\d\d)\b'
    r'(?: \S+ "(?P<referer>(?:[^"\\]|\\.)*)" "(?P<agent>(?:[^"\\]|\\.)*)")?'
)
_UWSGI = re.compile(
    r"\] (?P<method>[A-Z][A-Z-]*) (?P<target>\S+) => generated \d+ bytes .*\(HTTP/\d(?:\.\d)? (?P<status>[1-5]\d\d)\)"
)
_REQUEST = r'"(?P<method>[A-Z][A-Z-]*) (?P<target>\S+) HTTP/\d(?:\.\d)?"'
_HAPROXY = re.compile(rf"(?<!\d)(?:[-+]?\d+/){{4}}\+?\d+ (?P<status>[1-5]\d\d) \+?\d+ .*{_REQUEST}$")
"""HAProxy's `option httplog`: timers, status, bytes, ..., request line."""

_BALANCER = re.compile(
    r"(?: -?\d+(?:\.\d+)?){3} (?P<status>[1-5]\d\d) (?:[1-5]\d\d|-) \d+ \d+ "
    rf'{_REQUEST}(?: "(?P<agent>(?:[^"\\]|\\.)*)")?'
)
"""The load balancers of AWS: three durations, two statuses, bytes received and sent, request line, user agent."""

_OF_A_CLIENT = re.compile(r"://\S+ $")
"""Text before the request in a log line of a client library: `https://api.example:443 "GET /v1 HTTP/1.1" 200 12`."""

_ESCAPE = re.compile(r'\\(?:x([0-9A-Fa-f]{2})|(["\\]))')


def logged(line: str) -> Logged | None:
    """Return the request in a line; None if the line has no request from a client."""
    line = _COLOR.sub("", line)
    match = _QUOTED.search(line)
    if match is not None and _OF_A_CLIENT.search(line, 0, match.start()):
        return None
    match = match or _UWSGI.search(line) or _HAPROXY.search(line.rstrip()) or _BALANCER.search(line)
    if match is None:
        return None
    found = match.groupdict()
    return Logged(
        found["method"],
        _unescaped(found["target"]),
        int(found["status"]),
        _value(found.get("referer")),
        _value(found.get("agent")),
    )


def _value(text: str | None) -> str:
    return "" if text in (None, "-") else _unescaped(str(text))


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda at: chr(int(at[1], 16)) if at[1] else at[2], text)
