"""Convert access logs of web servers to requests. Knows apachelogs, which reads the lines of a known format.

A log contains no cookies and no bodies, and in most formats only the headers Referer and User-Agent. So requests that
need a body cannot be replayed.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gateways.failure import Failure
from gateways.requests import json_log
from gateways.requests.request import TOKEN, Headers, Request, checked_header, target_of
from gateways.requests.server_log import Logged, logged
from gateways.requests.traffic import LeftOut, Traffic

if TYPE_CHECKING:
    from apachelogs import LogEntry, LogParser

COMMON = '%h %l %u %t "%r" %>s %b'
COMBINED = f'{COMMON} "%{{Referer}}i" "%{{User-Agent}}i"'
FORMATS = {"combined": COMBINED, "common": COMMON, "vhost_combined": f"%v:%p {COMBINED}"}
"""Formats by name, as Apache httpd writes them (mod_log_config). nginx writes "combined" by default."""

HEADERS = ("Referer", "User-Agent")
NEED_A_BODY = frozenset(("POST", "PUT", "PATCH"))


class _Unfit(ValueError):
    """The line cannot be replayed. The text is the reason."""


def read(text: str, origin: str, log_format: str | None = None) -> Traffic:
    """Return the requests in an access log.

    log_format: a name of FORMATS, or a format string of Apache's LogFormat; If it is None, each line is tried in the
    known formats. If none fits, the request is found by the names of JSON fields (json_log.py) or by its pattern
    (server_log.py).

    Raises: Failure: no line has that format, or the format is invalid.
    """
    parsers = _parsers(log_format)
    requests: list[Request] = []
    out: list[LeftOut] = []
    ways: Counter[str] = Counter()
    for number, written in enumerate(re.split("\r\n?|\n", text), 1):
        if not written.strip():
            continue
        where = f"{origin}, line {number}"
        line = json_log.text_of(written) if log_format is None else written
        entry: LogEntry | Logged | None = _entry(line, parsers)
        way = "format"
        if entry is None and log_format is None:
            entry, way = _by_names_or_pattern(line)
        if entry is None:
            out.append(LeftOut(where, line[:100], "not a line of the log's format"))
            continue
        ways[way] += 1
        try:
            requests.append(_request(entry, where))
        except _Unfit as why:
            out.append(
                LeftOut(where, line[:100] if isinstance(entry, Logged) else (entry.request_line or "-")[:100], str(why))
            )
    if out and not ways:
        raise Failure(_unknown(out[0], log_format))
    return Traffic(tuple(requests), left_out=tuple(out), notes=tuple(_notes(origin, ways)))


def _unknown(first: LeftOut, log_format: str | None) -> str:
    if log_format:
        known = f"is not a line in the format {log_format!r}"
    else:
        known = (
            f"is not a line in a known format ({', '.join(FORMATS)}, JSON with the method, path and status, or a line "
            'with "GET / HTTP/1.1" and the status)'
        )
    return f"{first.where}: {first.what!r} {known}; name the format of the log with --log-format, e.g. '{COMMON}'"


def _by_names_or_pattern(line: str) -> tuple[Logged | None, str]:
    entry = json_log.entry_of(line)
    if entry is not None and (found := json_log.logged(entry)) is not None:
        return found, "names"
    return logged(line), "pattern"


def _notes(origin: str, ways: "Counter[str]") -> Iterator[str]:
    if count := ways["names"]:
        lines = "1 line is a JSON object" if count == 1 else f"{count:,} lines are JSON objects"
        yield f"{origin}: {lines}; the requests were found by the names of the fields"
    if count := ways["pattern"]:
        lines = "1 line is" if count == 1 else f"{count:,} lines are"
        yield (
            f"{origin}: {lines} in a format other than {', '.join(FORMATS)}; the requests were found by their pattern"
        )


def _parsers(log_format: str | None) -> "list[LogParser]":
    from apachelogs import InvalidDirectiveError, LogParser, UnknownDirectiveError

    texts = list(FORMATS.values()) if log_format is None else [FORMATS.get(log_format, log_format)]
    try:
        parsers = [LogParser(each) for each in texts]
    except (InvalidDirectiveError, UnknownDirectiveError) as error:
        raise Failure(f"the log format {log_format!r} is not valid: {error}") from None
    if not any(directive in texts[0] for directive in ("%r", "%U")):
        raise Failure(
            f"the log format {log_format!r} has neither %r nor %U, so it does not contain the request target; "
            f"names of formats: {', '.join(FORMATS)}"
        )
    return parsers


def _entry(line: str, parsers: "list[LogParser]") -> "LogEntry | None":
    from apachelogs import InvalidEntryError

    line = _OCTET.sub(_escaped, line)
    for parser in parsers:
        try:
            entry: LogEntry = parser.parse(line)
        except (InvalidEntryError, ValueError):
            continue
        parsers.remove(parser)  # try this format first: the other lines probably have it too
        parsers.insert(0, parser)
        return entry
    return None


_OCTET = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|.)|[^\x00-\x7f]")


def _escaped(match: re.Match[str]) -> str:
    r"""Return the text for a byte that is raw or escaped as \xNN. A printable byte becomes its character. Any other
    byte becomes a backslash and a character.

    apachelogs can read \xNN in two ways. In a line of a different format it tries both, so each \xNN doubles its time.
    """
    if match[0][0] == "\\" and not match[1]:
        return match[0]  # an escape such as \t or \"
    char = chr(int(match[1], 16)) if match[1] else match[0]
    if char == "\n":
        return r"\n"
    return char if "\x20" <= char <= "\x7e" and char not in '"\\' else f"\\{char}"


def _request(entry: "LogEntry | Logged", where: str) -> Request:
    status: int | None
    if isinstance(entry, Logged):
        method, target, status = entry.method, _path(entry.method, entry.target), entry.status
        headers = _headers((*entry.headers, ("Referer", entry.referer), ("User-Agent", entry.agent)))
    else:
        method, target = _asked(entry)
        status = getattr(entry, "final_status", None) or getattr(entry, "status", None)
        given: Mapping[str, str | None] = getattr(entry, "headers_in", {})
        headers = _headers((name, given.get(name)) for name in HEADERS)
    if method in NEED_A_BODY:
        raise _Unfit(f"an access log does not contain the body of a {method}")
    return Request(method, target, headers, recorded=status, origin=where)


def _asked(entry: "LogEntry") -> tuple[str, str]:
    """Return method and target, from %r, or from %m, %U and %q."""
    line = getattr(entry, "request_line", None)
    if line is None and getattr(entry, "request_uri", None):
        line = (
            f"{entry.request_method or 'GET'} {entry.request_uri}{getattr(entry, 'request_query', '') or ''} HTTP/1.1"
        )
    parts = (line or "").split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/") or not TOKEN.fullmatch(parts[0]):
        raise _Unfit("it is not an HTTP request")
    return parts[0], _path(parts[0], parts[1])


def _path(method: str, target: str) -> str:
    """Return the target of a request to this server. In the text, each byte of the log is one character."""
    if target.startswith(("http://", "https://")):
        url = urlsplit(target)
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    if not target.startswith("/"):
        raise _Unfit(f"the target of a {method} is not a path")
    return target_of(target.encode("latin-1").decode("utf-8", "surrogateescape"))


def _headers(found: Iterable[tuple[str, str | None]]) -> Headers:
    headers: list[tuple[str, str]] = []
    for name, value in found:
        if value:
            try:
                headers.append(checked_header(name, value))
            except ValueError:
                raise _Unfit(f"its {name} cannot be sent") from None
    return tuple(headers)
