"""Split a response into facets, which are the parts that are compared. Options can ignore or accept a facet by its
name. Pure.

The facets are: problem, status, interim, framing, body, excess, trailers, header:NAME, cookie:NAME,
cookie:NAME;ATTRIBUTE. No client may depend on these further facets: keep-alive, reason, version, header-order,
header-case, header-repetition, list-order, cookie-order. Other modules add places in a body (judge), and
the facets stream and time (timing).
"""

from collections.abc import Sequence

from gateways.diff.answer import Answer
from gateways.requests.coding import decoded
from gateways.requests.cookies import parse
from gateways.requests.request import Headers

FRAMING_HEADERS = frozenset(("content-length", "transfer-encoding"))
"""Headers that belong to the facet "framing". In responses without a body, they are compared like other headers."""

OF_THE_HOP = frozenset(("connection", "keep-alive", "proxy-connection", "upgrade", "trailer"))
"""Headers for the next hop, which a proxy in front of the server removes (RFC 9110, 7.6.1)."""

WORDS = {
    "length": "Content-Length",
    "chunked": "chunked",
    "close": "until the connection closes",
    "none": "no body",
}

UNORDERED = frozenset(
    ("allow", "vary", "access-control-allow-headers", "access-control-allow-methods", "access-control-expose-headers")
)
"""Headers whose value is a set (RFC 9110, 10.2.1 and 12.5.5; Fetch, CORS). Frameworks often join a Python set."""


def facets(answer: Answer) -> dict[str, str]:
    """Return the facets of the response by name, except the body and times."""
    found = {"problem": answer.failure} if answer.problem else {}
    if answer.status is None:
        return found
    found |= {
        "status": str(answer.status),
        "reason": answer.reason,
        "version": answer.version,
        "framing": WORDS[answer.framing],
        "keep-alive": "kept open" if answer.keeps_open else "closed",
    }
    if answer.problem:
        del found["keep-alive"]  # the problem already implies this value
    if answer.interim:
        found["interim"] = "\n".join(" ".join([str(status), *_lines(headers)]) for status, headers in answer.interim)
    if answer.excess:
        found["excess"] = "bytes after the end of the response"
    found |= _headers(answer) | _cookies(answer)
    if answer.trailers:
        found["trailers"] = "\n".join(_lines(answer.trailers))
    return found


def _lines(headers: Headers) -> list[str]:
    return [f"{name.lower()}: {value}" for name, value in headers]


def _headers(answer: Answer) -> dict[str, str]:
    found: dict[str, str] = {}
    names = [name.lower() for name, _ in answer.headers]
    for name in dict.fromkeys(names):
        if name == "set-cookie" or (name in FRAMING_HEADERS and answer.framing != "none"):
            continue
        found[f"header:{name}"] = ", ".join(sorted(_items(answer, name)) if name in UNORDERED else answer.values(name))
    return found


def _items(answer: Answer, name: str) -> list[str]:
    """Return the items of a header whose value is a list (RFC 9110, 5.6.1)."""
    return [item.strip() for value in answer.values(name) for item in value.split(",") if item.strip()]


def _cookies(answer: Answer) -> dict[str, str]:
    found: dict[str, str] = {}
    counts: dict[str, int] = {}
    for value in answer.values("set-cookie"):
        cookie = parse(value)
        counts[cookie.name] = counts.get(cookie.name, 0) + 1
        again = f"#{counts[cookie.name]}" if counts[cookie.name] > 1 else ""
        found[f"cookie:{cookie.name}{again}"] = cookie.value
        for name, text in cookie.attributes:
            found[f"cookie:{cookie.name}{again};{name}"] = text or "set"
    return found


def is_of_body(facet: str) -> bool:
    """Return True for the body, and for a place in the body."""
    return facet.partition(":")[0] == "body"


def is_cookie(facet: str) -> bool:
    """Return True for a cookie's value, False for one of its attributes."""
    return facet.startswith("cookie:") and ";" not in facet


def format_facets(old: Answer, new: Answer) -> dict[str, tuple[str, str]]:
    """Return the facets of notation that differ: order, case and repetition of the headers that both responses have
    (RFC 9110, 5.1 and 5.3), and the order of list items and of cookies.
    """
    both = {name.lower() for name, _ in old.headers} & {name.lower() for name, _ in new.headers}
    both -= FRAMING_HEADERS | OF_THE_HOP
    pair = [[name for name, _ in each.headers if name.lower() in both] for each in (old, new)]
    found: dict[str, tuple[str, str]] = {}
    cases = [{name.lower(): name for name in names} for names in pair]
    differing = sorted(name for name in both if cases[0][name] != cases[1][name])
    if differing:
        found["header-case"] = (
            ", ".join(cases[0][each] for each in differing),
            ", ".join(cases[1][each] for each in differing),
        )
    orders = [list(dict.fromkeys(name.lower() for name in names)) for names in pair]
    if orders[0] != orders[1]:
        found["header-order"] = ", ".join(orders[0]), ", ".join(orders[1])
    lists = [
        [
            f"{name}: {', '.join(_items(each, name))}"
            for name in sorted(both & UNORDERED)
            if _is_reordered(name, old, new)
        ]
        for each in (old, new)
    ]
    if lists[0]:
        found["list-order"] = "; ".join(lists[0]), "; ".join(lists[1])
    cookies = [_names_of_cookies(each) for each in (old, new)]
    if cookies[0] != cookies[1] and sorted(cookies[0]) == sorted(cookies[1]):
        found["cookie-order"] = ", ".join(cookies[0]), ", ".join(cookies[1])
    repeated = sorted(
        name for name in both - {"set-cookie"}
        if len(old.values(name)) != len(new.values(name)) and ", ".join(old.values(name)) == ", ".join(new.values(name))
    )  # fmt: skip
    if repeated:
        found["header-repetition"] = tuple(  # type: ignore[assignment]
            ", ".join(f"{len(each.values(name))} × {name}" for name in repeated) for each in (old, new)
        )
    return found


def _is_reordered(name: str, old: Answer, new: Answer) -> bool:
    items, others = _items(old, name), _items(new, name)
    return items != others and sorted(items) == sorted(others)


def _names_of_cookies(answer: Answer) -> list[str]:
    return [parse(value).name for value in answer.values("set-cookie")]


def content(answer: Answer) -> bytes:
    """Return the body without its content coding (RFC 9110, 8.4); unchanged if the coding is unknown or does not match
    the data.
    """
    return decoded(answer.body.octets, ", ".join(answer.values("content-encoding")))


def is_damaged(answer: Answer) -> bool:
    """Return True if the body does not have the content coding that its header names, or the coding is unknown."""
    codings = ", ".join(answer.values("content-encoding")).lower()
    is_coded = codings not in ("", "identity") and answer.body.octets != b""
    return is_coded and content(answer) is answer.body.octets


def unnamed_coding(olds: Sequence[Answer], new: Answer) -> str:
    """Return the content coding of the old bodies, if the new body has the same coding but no header that names it;
    else "".
    """
    codings = {", ".join(each.values("content-encoding")) for each in olds}
    if len(codings) > 1 or new.values("content-encoding"):
        return ""
    (coding,) = codings
    return coding if decoded(new.body.octets, coding) != new.body.octets else ""


def media_type(answer: Answer) -> str:
    """Return the media type in lower case, without parameters; "" if absent."""
    return ", ".join(answer.values("content-type")).partition(";")[0].strip().lower()


def text_of(answer: Answer, like: Answer | None = None) -> str | None:
    """Return the body as text; None if it is binary.

    like: the response whose charset is used. If the charsets differ, that is a difference of a header, not of the body.
    """
    octets = content(answer)
    if b"\x00" in octets:
        return None
    parameter = ", ".join((like or answer).values("content-type")).lower().partition("charset=")[2]
    for charset in (parameter.partition(";")[0].strip("\"' "), "utf-8"):
        try:
            return octets.decode(charset or "utf-8")
        except (LookupError, UnicodeDecodeError):
            continue
    return None
