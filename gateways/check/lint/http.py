"""Check a response of any interface against HTTP's rules for Content-Length and empty bodies. List the hop-by-hop
headers. Pure.
"""

from collections.abc import Iterable, Iterator

from gateways.check.lint.breach import Breach

HOP_BY_HOP = frozenset(
    (
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)
"""Hop-by-hop headers. PEP 3333 cites RFC 2616, 13.5.1; its successor is RFC 9110, 7.6.1 and 7.8."""


def body(method: str, status: int, headers: Iterable[tuple[str, str]], length: int, whole: bool) -> Iterator[Breach]:
    """Yield the breaches of a response with a body of `length` bytes. `whole`: True if the response was read
    to its end.
    """
    declared = [value.strip() for name, value in headers if name.lower() == "content-length"]
    if method == "HEAD" or status in (204, 304) or 100 <= status < 200:
        if length and method != "HEAD":
            yield Breach(
                f"a {status} response with a body of {length:,} bytes",
                f"RFC 9110, 15.3.5, 15.4.5: a {status} response has no body; on a persistent connection, the client "
                "reads these bytes as the beginning of the next response",
                "return no body with this status",
            )
        return
    for value in declared:
        if not value.isascii() or not value.isdigit():
            yield Breach(f"Content-Length: {value!r}", "RFC 9110, 8.6: decimal digits", "e.g. Content-Length: 42")
        elif length > int(value) or (whole and length < int(value)):
            yield Breach(
                f"Content-Length is {int(value):,}, the body has {length:,} bytes",
                "RFC 9110, 8.6: it must be the length of the body; servers truncate a longer body, and close the "
                "connection after a shorter body",
                "count bytes, not characters: len(text.encode()); or leave the header to the server",
            )
    if len(set(declared)) > 1:
        yield Breach(f"several values of Content-Length: {declared}", "RFC 9110, 8.6: one value", "send one")
