"""Parse the lines of an access log in a known format, or in a format of Apache's LogFormat. Knows apachelogs, which
converts such a format to a pattern.

For the known formats, this module has faster patterns. They need an eighth of the instructions, and a log may have a
million lines.
"""

import re
from collections.abc import Callable
from typing import Any

from gateways.failure import Failure

COMMON = '%h %l %u %t "%r" %>s %b'
COMBINED = f'{COMMON} "%{{Referer}}i" "%{{User-Agent}}i"'
FORMATS = {"combined": COMBINED, "common": COMMON, "vhost_combined": f"%v:%p {COMBINED}"}
"""Formats by name, as Apache httpd writes them (mod_log_config). nginx writes "combined" by default."""

Entry = tuple[str, int | None, str, str]
"""The request line, the status, Referer and User-Agent of a line. Text has no escapes, and one character for each byte.
Absent text is "", and an absent status is None.
"""

Parser = Callable[[str], Entry | None]
"""Function that returns the entry in a line; None if the line has another format."""

_CHARACTERS = r'[^"\\\x00-\x1f\x7f]*'
_TEXT = rf"{_CHARACTERS}(?:\\.{_CHARACTERS})*"
_TIME = r"\[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\]"
_COMMON = rf'[^ "]+ [^ "]+ (?:-|""|(?:[^"\\]|\\.)+?) {_TIME} "({_TEXT})" (\d\d\d|-) (?:\d+|-)'
_HEADERS = rf' "({_TEXT})" "({_TEXT})"'
_PATTERNS = {
    None: re.compile(rf"{_COMMON}(?:{_HEADERS})?"),  # all three formats, with or without the host of the server
    "combined": re.compile(_COMMON + _HEADERS),
    "common": re.compile(_COMMON),
    "vhost_combined": re.compile(rf'[^ "]+:\d+ {_COMMON}{_HEADERS}'),
}


def parser_of(log_format: str | None) -> Parser:
    """Return the parser for a name of FORMATS, for a format string of Apache's LogFormat, or for all of FORMATS (None).

    Raises: Failure: the format is invalid.
    """
    if log_format is not None and log_format not in FORMATS:
        return _of_apache(log_format)
    pattern = _PATTERNS[log_format]

    def parse(line: str) -> Entry | None:
        match = pattern.fullmatch(line)
        if match is None:
            return None
        request, status, referer, agent = (
            match.group(1, 2, 3, 4) if pattern.groups == 4 else (*match.group(1, 2), "", "")
        )
        return _text(request), None if status == "-" else int(status), _text(referer), _text(agent)

    return parse


def _text(logged: str | None) -> str:
    if logged is None or logged == "-":
        return ""
    return _ESCAPE.sub(_unescaped, logged) if "\\" in logged else logged


_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|(.))")
_CONTROL = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def _unescaped(match: re.Match[str]) -> str:
    return chr(int(match[1], 16)) if match[1] else _CONTROL.get(match[2], match[2])


def _of_apache(log_format: str) -> Parser:
    from apachelogs import InvalidDirectiveError, UnknownDirectiveError
    from apachelogs.directives import format2regex

    try:
        groups, text = format2regex(log_format)
    except (InvalidDirectiveError, UnknownDirectiveError) as error:
        raise Failure(f"the log format {log_format!r} is not valid: {error}") from None
    if not any(directive in log_format for directive in ("%r", "%U")):
        raise Failure(
            f"the log format {log_format!r} has neither %r nor %U, so it does not contain the request target; "
            f"names of formats: {', '.join(FORMATS)}"
        )
    pattern = re.compile(text)
    fields = [(name, number) for number, (names, _, _) in enumerate(groups, 1) if (name := _name(names)) in _FIELDS]

    def parse(line: str) -> Entry | None:
        match = pattern.fullmatch(_OCTET.sub(_escaped, line))
        if match is None:
            return None
        found: dict[str, str] = {}
        for name, number in fields:
            found[name] = found.get(name) or _text(match[number])
        asked = found.get("request_line") or ""
        if not asked and (target := found.get("request_uri")):
            asked = f"{found.get('request_method') or 'GET'} {target}{found.get('request_query') or ''} HTTP/1.1"
        status = found.get("final_status") or found.get("status")
        return asked, int(status) if status else None, found.get("referer") or "", found.get("user-agent") or ""

    return parse


_FIELDS = ("request_line", "request_method", "request_uri", "request_query", "final_status", "status", "referer",
           "user-agent")  # fmt: skip


def _name(names: Any) -> str:
    """Return the name of a field: "request_line", or "referer" for ("headers_in", "Referer"); "" if unknown."""
    if isinstance(names, tuple):
        return names[1].lower() if names[0] == "headers_in" else ""
    return str(names)


_OCTET = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|.)|[^\x00-\x7f]")


def _escaped(match: re.Match[str]) -> str:
    r"""Return a raw byte, or an escape \xNN, as a backslash and a character. A printable byte becomes that character.
    Other escapes stay unchanged.

    The patterns of apachelogs can match \xNN in two ways. On a line of a different format, they try both, so each \xNN
    doubles the time.
    """
    if match[0][0] == "\\" and not match[1]:
        return match[0]  # an escape such as \t or \"
    char = chr(int(match[1], 16)) if match[1] else match[0]
    if char == "\n":
        return r"\n"
    return char if "\x20" <= char <= "\x7e" and char not in '"\\' else f"\\{char}"
