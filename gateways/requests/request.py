"""One HTTP request as data. It must not know file formats or clients. Pure."""

import re
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import quote

SAFE = frozenset(("GET", "HEAD", "OPTIONS", "TRACE"))
"""Safe methods, which request no change of state (RFC 9110, 9.2.1)."""

TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
"""Pattern of a method or a field name (RFC 9110, 5.6.2)."""

OF_THE_CONNECTION = frozenset(
    ("connection", "content-length", "host", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding",
     "upgrade")
)  # fmt: skip
"""Names of headers that a client sets for its own connection. In a replay, recorded values would be wrong."""

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Take:
    """A value from a response. In later requests, it replaces `${name}` in the target, the headers and the body.

    source: the place of the value in the response. "regex" finds the value in the body (the first group, or the whole
    match), "header" and "cookie" by name, "json" by a JSON pointer (RFC 6901). pattern: a regular expression that finds
    the value within the text at that place; "" if the whole text is the value.
    """

    name: str
    source: Literal["regex", "header", "json", "cookie"]
    argument: str
    pattern: str = ""

    def within(self, found: str) -> str | None:
        """Return the value within the found text: the first group of the pattern, or the whole match. Return None if
        there is no match. Without a pattern, return the found text.
        """
        match = re.search(self.pattern, found)
        return match and (match[1 if match.re.groups else 0] if self.pattern else found)


@dataclass(frozen=True, slots=True)
class Request:
    """A request that can be sent to any server. The client adds Host, Content-Length and Connection.

    method: "GET".
    target: path and query in ASCII, percent-encoded: "/cart?item=1" (RFC 9112, 3.2.1).
    headers: in order, names unchanged; text is latin-1 (one character for each octet). body: None for a request without
    one. weight: relative frequency in a load test. expect: the required status of the response; None for any. recorded:
    the status in a recording; it may differ with another database. takes: values for later requests. name: label in
    tables; "" for the method and the target. origin: the place in a file, e.g. "shop.har, entry 3"; Traffic.mix()
    ignores it.
    """

    method: str
    target: str
    headers: Headers = ()
    body: bytes | None = None
    weight: float = 1.0
    expect: int | None = None
    recorded: int | None = None
    takes: tuple[Take, ...] = ()
    name: str = ""
    origin: str = ""

    @property
    def label(self) -> str:
        return self.name or f"{self.method} {self.target}"

    @property
    def is_safe(self) -> bool:
        """True if the method is safe (RFC 9110, 9.2.1). A safe request can be repeated."""
        return self.method in SAFE

    def header(self, name: str) -> str | None:
        """Return the first value of a header, or None. The case of the name does not matter."""
        return next((value for each, value in self.headers if each.lower() == name.lower()), None)


def from_origin(request: Request, recorded: str | None, origin: str) -> Request:
    """Return the request that a browser sends if it has opened the site at `origin`, e.g. "http://localhost".

    Origin and Referer are changed from the recorded site to `origin`, because apps reject forms from other sites.
    recorded: the host of the recording; None if unknown.
    """
    if recorded is None or not any(name.lower() in ("origin", "referer") for name, _ in request.headers):
        return request
    site = re.compile(rf"https?://{re.escape(recorded)}(?=/|$)", re.IGNORECASE)
    headers = tuple(
        (name, site.sub(lambda _: origin, value, count=1) if name.lower() in ("origin", "referer") else value)
        for name, value in request.headers
    )
    return replace(request, headers=headers)


def target_of(path: str) -> str:
    """Return the request target for the path and query that a user typed: "/café" becomes "/caf%C3%A9".

    Raises: ValueError: it does not start with a slash.
    """
    if not path.startswith("/"):
        raise ValueError(f"the path {path!r} does not begin with a slash; write '/{path}'")
    octets = path.partition("#")[0].encode("utf-8", "surrogateescape")
    return quote(octets, safe="/%~!$&'()*+,;=:@?[]{}|^\\")


def header_of(line: str) -> tuple[str, str]:
    """Return name and value of a header that a user typed: "Accept: text/html".

    Raises: ValueError: not a header.
    """
    name, colon, value = line.partition(":")
    return checked_header(name, value.strip()) if colon else checked_header(line, "", without_colon=True)


def checked_header(name: object, value: object, *, without_colon: bool = False) -> tuple[str, str]:
    """Return the header if it is valid.

    Raises: ValueError: the name is not a token, or the value is not a string, is not latin-1, or contains a control
    character other than a tab.
    """
    if without_colon or not isinstance(name, str) or not TOKEN.fullmatch(name):
        raise ValueError(f"{name!r} is not a header; write a name, a colon and a value, e.g. 'Accept: text/html'")
    if not isinstance(value, str):
        raise ValueError(f"the value of the header {name} is {value!r}; it must be a string")
    if re.search(r"[\x00-\x08\x0a-\x1f\x7f]", value):
        raise ValueError(f"the value of the header {name} contains a control character: {value!r}")
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        raise ValueError(f"the value of the header {name} contains characters outside latin-1: {value!r}") from None
    return name, value


def checked_method(method: object) -> str:
    """Return the method, in upper case if it is a common one.

    Raises: ValueError: not a token (RFC 9110, 9.1).
    """
    if not isinstance(method, str) or not TOKEN.fullmatch(method):
        raise ValueError(f"{method!r} is not a method; write for example GET")
    return method.upper() if method.upper() in _COMMON else method


_COMMON = SAFE | {"POST", "PUT", "PATCH", "DELETE"}
