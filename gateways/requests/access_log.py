"""Convert access logs of web servers to requests. Pure.

A log contains no cookies, no bodies, and few headers (in most formats Referer and User-Agent), so requests that need a
body cannot be replayed.

A log may have a million lines, but most of them repeat targets and user agents. So each different text is converted
once, and requests share the result.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import urlsplit

from gateways.failure import Failure
from gateways.requests import json_log
from gateways.requests.log_format import COMMON, FORMATS, Entry, Parser, parser_of
from gateways.requests.request import TOKEN, Headers, Request, checked_header, target_of
from gateways.requests.server_log import Logged, logged
from gateways.requests.traffic import LeftOut, Traffic

NEED_A_BODY = frozenset(("POST", "PUT", "PATCH", "QUERY", "REPORT", "PROPPATCH", "SEARCH", "LOCK"))
"""Methods whose requests normally have a body (RFC 9110; PATCH: RFC 5789; WebDAV: RFC 3253, 4918, 5323)."""

W3C = ("#Software:", "#Version:", "#Fields:")
"""Beginnings of the first line of a log in the W3C Extended Log File Format."""

KEPT = 1 << 16
"""Number of different request lines, targets and headers whose results are kept while a log is read."""


def read(lines: Iterable[str], origin: str, log_format: str | None = None) -> Traffic:
    """Return the requests in an access log.

    lines: each line as text, with one character for each byte.
    log_format: a name of FORMATS, or a format string of Apache's LogFormat. If it is None, each line is tried in the
    known formats. If none fits, the request is found by the names of JSON fields (json_log.py) or by text such as
    "GET /path HTTP/1.1" (server_log.py).

    Raises: Failure: no line has that format, or the format is invalid.
    """
    parse = parser_of(log_format)
    asked_of, target_of_line, headers_of = lru_cache(KEPT)(_asked), lru_cache(KEPT)(_target), lru_cache(KEPT)(_headers)
    requests: list[Request] = []
    out: list[LeftOut] = []
    ways: Counter[str] = Counter()
    for number, line in enumerate(lines, 1):
        entry: Entry | Logged | None = parse(line)
        way, text = "format", line
        if entry is None:
            if not line.strip():
                continue
            if log_format is None:
                entry, way, text = _by_names_or_pattern(line, parse)
        where = f"{origin}, line {number}"
        if entry is None:
            out.append(LeftOut(where, text[:100], "not a line of the log's format"))
            continue
        ways[way] += 1
        if isinstance(entry, Logged):
            method, target, why = entry.method, *target_of_line(entry.method, entry.target)
            headers, status = headers_of(entry.referer, entry.agent, entry.headers), entry.status or None
        else:
            (method, target, why), headers = asked_of(entry[0]), headers_of(*entry[2:])
            text, status = entry[0], entry[1] or None
        if why or isinstance(headers, str):
            out.append(LeftOut(where, text[:100] or "-", why or str(headers)))
        else:
            requests.append(Request(method, target, headers, recorded=status, origin=where))
    if out and not ways:
        raise Failure(_unknown(out[0], log_format))
    return Traffic(tuple(requests), left_out=tuple(out), notes=tuple(_notes(origin, ways)))


def _unknown(first: LeftOut, log_format: str | None) -> str:
    if log_format is None and first.what.startswith(W3C):
        return (
            f"{first.where}: the W3C format (of IIS and CloudFront) is not supported; write the requests as JSON "
            'lines, e.g. {"path": "/"}'
        )
    if log_format:
        known = f"is not a line in the format {log_format!r}"
    else:
        known = (
            f"is not a line in a known format ({', '.join(FORMATS)}, JSON with the method, path and status, or a line "
            'with "GET / HTTP/1.1" and the status)'
        )
    return f"{first.where}: {first.what!r} {known}; name the format of the log with --log-format, e.g. '{COMMON}'"


def _by_names_or_pattern(line: str, parse: Parser) -> tuple[Entry | Logged | None, str, str]:
    """Return the request in a line of an unknown format, how it was found, and the text that contains it.

    The request is None if the line contains no request.
    """
    entry = json_log.entry_of(line)
    inner = json_log.inner_of(entry)
    if inner is not None:
        if (found := parse(inner)) is not None:
            return found, "format", inner
        line, entry = inner, json_log.entry_of(inner)
    if entry is not None and (named := json_log.logged(entry)) is not None:
        return named, "names", line
    return logged(line), "pattern", line


def _notes(origin: str, ways: "Counter[str]") -> Iterator[str]:
    if count := ways["names"]:
        lines = "1 line is a JSON object" if count == 1 else f"{count:,} lines are JSON objects"
        yield f"{origin}: {lines}; the requests were found by the names of the fields"
    if count := ways["pattern"]:
        lines = "1 line is" if count == 1 else f"{count:,} lines are"
        yield (
            f"{origin}: {lines} in a format other than {', '.join(FORMATS)}; the requests were found by text such as"
            ' "GET /path HTTP/1.1"'
        )


def _asked(line: str) -> tuple[str, str, str]:
    """Return method and target of a request line, and the reason if the request cannot be replayed, else ""."""
    parts = line.split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/") or not TOKEN.fullmatch(parts[0]):
        return "", "", "it is not an HTTP request"
    return parts[0], *_target(parts[0], parts[1])


def _target(method: str, target: str) -> tuple[str, str]:
    """Return the target of a request to this server, and the reason if the request cannot be replayed, else "".

    target: the bytes of the log, one character each.
    """
    if target.startswith(("http://", "https://")):
        try:
            url = urlsplit(target)
        except ValueError:
            return "", "its target is not a valid URL"
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    if not target.startswith("/"):
        return "", f"the target of a {method} is not a path"
    if method in NEED_A_BODY:
        return "", f"an access log does not contain the body of a {method}"
    return target_of(target.encode("latin-1").decode("utf-8", "surrogateescape")), ""


def _headers(referer: str, agent: str, others: Headers = ()) -> Headers | str:
    """Return the headers, or the reason if one of them cannot be sent."""
    headers: list[tuple[str, str]] = []
    for name, value in (*others, ("Referer", referer), ("User-Agent", agent)):
        if value:
            try:
                headers.append(checked_header(name, value))
            except ValueError:
                return f"its {name} cannot be sent"
    return tuple(headers)
