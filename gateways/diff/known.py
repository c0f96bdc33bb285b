"""Explain differences: may a client depend on the facet, and which clause and page of the docs apply? Pure."""

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

from gateways.diff.facets import WORDS
from gateways.diff.judge import ABSENT, SAME, STILL, Found


@dataclass(frozen=True, slots=True)
class Known:
    """An explanation.

    says: the explanation, in one or two sentences. clause: the part of the specification. is_counted: False if no
    client may depend on the facet.
    """

    says: str
    clause: str = ""
    is_counted: bool = True


FORMAL: tuple[tuple[str, Known], ...] = (
    ("reason", Known("A client should ignore the reason phrase.", "RFC 9112, 4", False)),
    ("version", Known("The version applies to one connection; a proxy in front uses its own.", "RFC 9110, 2.5", False)),
    ("keep-alive", Known("A client must be able to reconnect. Without keep-alive, each request needs a new connection.",
                         "RFC 9112, 9.3", False)),
    ("header-case", Known("Names of headers are case-insensitive.", "RFC 9110, 5.1", False)),
    ("header-order", Known("The order of headers with different names has no meaning.", "RFC 9110, 5.3", False)),
    ("list-order", Known("The order of these values has no meaning.", "RFC 9110, 10.2.1 and 12.5.5", False)),
    ("cookie-order", Known("A server should not rely on the order of cookies with different names.",
                           "RFC 6265, 4.2.2", False)),
    ("header-repetition", Known("A repeated header has the same meaning as one header with all values, joined by "
                                "commas.", "RFC 9110, 5.3", False)),
    ("header:server", Known("Each server writes its own name into this header.", "RFC 9110, 10.2.4", False)),
    ("header:via", Known("A proxy adds its name to this header.", "RFC 9110, 7.6.3", False)),
    *((f"header:{name}", Known("A hop-by-hop header applies to one connection only. WSGI apps must not send it.",
                               "RFC 9110, 7.6.1", False))
      for name in ("connection", "keep-alive", "proxy-connection", "upgrade", "trailer")),
)  # fmt: skip
"""Explanations by facet, for differences that are shown but not counted."""

STATUSES: dict[str, Known] = {
    "411": Known("The new server requires a Content-Length and does not decode a chunked request body.",
                 "RFC 9110, 15.5.12"),
    "413": Known("The new server has a lower limit for request bodies.", "RFC 9110, 15.5.14"),
    "414": Known("The new server has a lower limit for the request line.", "RFC 9110, 15.5.15"),
    "417": Known("The new server does not support Expect: 100-continue.", "RFC 9110, 15.5.18"),
    "431": Known("The new server has a lower limit for request headers.", "RFC 6585, 5"),
    "400": Known("The new server or the app refuses the request. Compare the limits and strictness of both servers.",
                 "RFC 9110, 15.5.1"),
    "500": Known("The app or the new server failed. The log of the new server has the traceback.",
                 "RFC 9110, 15.6.1"),
    "501": Known("The new server, or the interface that it speaks, does not support the request.",
                 "RFC 9110, 15.6.2"),
    "502": Known("A CGI program sent no valid response headers.", "RFC 3875, 6.2"),
    "503": Known("The new stack has reached its maximum number of requests.", "RFC 9110, 15.6.4"),
    "504": Known("The new stack timed out.", "RFC 9110, 15.6.5"),
}  # fmt: skip
"""Explanations by status of the new stack."""

COOKIE = Known("Browsers act on each attribute of Set-Cookie, so all of them must reach the client.", "RFC 6265, 4.1")
CUT = Known(
    "A response that ends early must not look complete, because the client must detect the failure.", "RFC 9112, 8"
)
STREAM = Known("The new stack delays blocks. Its server, and a proxy in front, must send each block immediately.",
               "PEP 3333, Buffering and Streaming; ASGI, Response Body")  # fmt: skip
NO_LENGTH = Known(
    "Both kinds of framing are valid. Without a Content-Length, a client cannot show progress.", "RFC 9112, 6.3"
)
GAINED_LENGTH = Known("The new stack also sends the length of the body.", "RFC 9110, 8.6", is_counted=False)
CLOSE = Known("The end of the connection marks the end of the body, so a truncated response looks complete.",
              "RFC 9112, 6.3 and 8")  # fmt: skip
HEAD_LENGTH = Known("A server may leave this header out of a response to HEAD.", "RFC 9110, 9.3.2")
EXCESS = Known("Bytes after the end of a response damage the next response on the connection.", "RFC 9112, 6.3")
DATE = Known("A server that has a clock must send Date.", "RFC 9110, 6.6.1")
TWICE = Known("The header occurs twice, because the app and the server both send it.", "RFC 9110, 5.3")
ONCE = Known(
    "The header occurs once, because the new server does not add its own header to the header of the app.",
    "RFC 9110, 5.3",
)
NO_VALIDATOR = Known("Without this header, clients download an unchanged response again.", "RFC 9110, 8.8")
UNCONDITIONAL = Known("The new stack ignores the condition, so clients download an unchanged response again.",
                      "RFC 9110, 13.1")  # fmt: skip
WHOLE = Known(
    "The new stack ignores Range, so a client cannot resume a download, or seek in a video.", "RFC 9110, 14.2"
)
PLAIN = Known("The body is no longer compressed. Middleware that compresses may be missing, or bypassed by a server "
              "that sends files itself.", "RFC 9110, 8.4")  # fmt: skip
UNNAMED = Known("The body is compressed, but no header says so. Clients show or store the compressed bytes.",
                "RFC 9110, 8.4")  # fmt: skip
LOCATION = Known("The app builds URLs from the scheme, the Host header and the path at which it is mounted.",
                 "RFC 9110, 10.2.2")  # fmt: skip
TRAILERS = Known("Trailers differ, or only one stack sends them to the client. Not every server forwards trailers.",
                 "RFC 9110, 6.5")  # fmt: skip
CONSTANT = Known("The old stack generates a token for each client. The new stack sends the same token to all clients.",
                 "RFC 6749, 10.10")  # fmt: skip
EARLY = Known("Only one stack sends early hints to the client.", "RFC 8297, 2")


WEAK = Known("A weak validator cannot be used to resume a download. Middleware that compresses makes validators weak.",
             "RFC 9110, 8.8.1 and 13.1.5")  # fmt: skip
CHARSET = Known("The names of media types and charsets are case-insensitive.", "RFC 9110, 8.3", is_counted=False)
SAME_SITE = Known("The value of SameSite is case-insensitive.", "RFC 6265bis, 5.6.7", is_counted=False)


ERROR_PAGE = Known("If an app raises an exception, each server sends its own error page. An app that handles its "
                   "errors sends the same page on all servers.", "RFC 9110, 15.6.1")  # fmt: skip
_OF_ERROR_PAGES = ("header:content-type", "header:content-length")
CHANGES = {("304", "200"): UNCONDITIONAL, ("206", "200"): WHOLE}
"""Explanations of a changed status, by old and new status."""


def explain(found: Found, status: int | None = None) -> Known | None:
    """Return the explanation of a difference; None if unknown. `status`: the status of both responses; None if they
    differ.
    """
    if status == 500 and (found.facet.split(":")[0] == "body" or found.facet in _OF_ERROR_PAGES):
        return ERROR_PAGE
    for facet, known in FORMAL:
        if fnmatchcase(found.facet, facet):
            return known
    if found.facet == "status":
        return CHANGES.get((found.old[:3], found.new[:3]), STATUSES.get(found.new[:3]))
    if found.facet.startswith("header:") and (times := re.match(r"(\d+) ×", found.new)):
        return TWICE if int(times[1]) > 1 else ONCE
    if found.new == SAME or found.facet.startswith("cookie:"):
        return CONSTANT if found.new == SAME else SAME_SITE if _is_other_case(found, ";samesite") else COOKIE
    lengths = {WORDS["length"]: GAINED_LENGTH, WORDS["close"]: CLOSE}
    return {
        "framing": lengths.get(found.new, NO_LENGTH),
        "stream": STREAM,
        "problem": CUT if "middle" in found.new else None,
        "header:date": DATE if ABSENT in (found.old, found.new) else None,
        "header:etag": NO_VALIDATOR if found.new == ABSENT else WEAK if found.new == f"W/{found.old}" else None,
        "header:content-type": CHARSET if _is_other_case(found, "charset=") else None,
        "header:last-modified": NO_VALIDATOR if found.new == ABSENT else None,
        "header:content-encoding": UNNAMED if STILL in found.new else PLAIN if found.new == ABSENT else None,
        "header:location": LOCATION if ABSENT not in (found.old, found.new) else None,
        "trailers": TRAILERS,
        "header:content-length": _head_length(found),
        "excess": EXCESS,
        "interim": EARLY if "103" in found.old + found.new else None,
    }.get(found.facet)


def _is_other_case(found: Found, word: str) -> bool:
    """Return True if the facet or value contains that word, and only letter case and white space differ."""
    old, new = ("".join(each.lower().split()) for each in (found.old, found.new))
    return old == new and word in found.facet + old


def _head_length(found: Found) -> Known | None:
    """Explain a missing or new Content-Length in a response to HEAD. Return None for a new length of 0, and for
    a changed length.
    """
    if found.new == ABSENT:
        return HEAD_LENGTH
    return GAINED_LENGTH if found.old == ABSENT and found.new != "0" else None


_PAGES = {
    "WSGIToASGI": "docs/adapters/wsgi-to-asgi.md",
    "ASGIToWSGI": "docs/adapters/asgi-to-wsgi.md",
    "CGIToASGI": "docs/adapters/cgi-to-asgi.md",
    "CGIToWSGI": "docs/adapters/cgi-to-wsgi.md",
    "WSGIToCGI": "docs/adapters/wsgi-to-cgi.md",
    "ASGIToCGI": "docs/adapters/asgi-to-cgi.md",
}

_OF_ADAPTERS = ("stream", "framing", "problem", "status", "interim", "trailers", "time")
"""Facets that an adapter may change."""


def page_of(found: Found, adapter: str) -> str | None:
    """Return the page about the adapter, if the adapter may cause the difference; else None."""
    return _PAGES.get(adapter) if found.facet in _OF_ADAPTERS else None
