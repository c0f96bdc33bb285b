"""Convert the output of a CGI program to an HTTP response: parse the headers line by line, and forward the body.

Pure: knows RFC 3875, section 6. It must not know how the program runs, and it must not use a pipe, a process, a loop or
a clock.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ..errors import AppProtocolError
from ..mapping.responses import (
    HOP_BY_HOP,
    LAST_STATUS,
    NOT_WHOLE,
    RawHeaders,
    has_body,
    promised_length,
    reason,
)
from .kills import ending

MAX_HEAD, MAX_FIELDS = 128 * 1024, 500  # limits of bytes and fields; they allow long cookies and policies

_FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*(.*)", re.DOTALL).fullmatch
_STATUS = re.compile(rb"([2-9][0-9]{2})(?:[ \t]+(.*))?", re.DOTALL).fullmatch
_NPH = re.compile(rb"HTTP/[0-9](?:\.[0-9])? +(.*)", re.DOTALL).fullmatch
_PATH = re.compile(rb"/(?!/)[^#]*").fullmatch
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]").search
_ONCE = frozenset((b"status", b"location", b"content-type", b"content-length"))  # fields that may occur once (6.3)
_NOT_EMPTY = frozenset((b"content-type", b"content-length"))  # fields that are ignored if their value is empty
# Fields that are not forwarded. The server itself sends its name, the date, and the fields for framing.
_NOT_FORWARDED = HOP_BY_HOP | {b"status", b"server", b"date", b"keep-alive", b"transfer-encoding"}


class CGIHead(NamedTuple):
    """Checked response headers.

    `length` is the Content-Length, or None. `local` is the target of a local redirect (6.2.2), or None. `breaches`
    lists the violations of RFC 3875 that are accepted, as Apache and lighttpd do.
    """

    status: int
    reason: str
    headers: RawHeaders
    length: int | None
    local: str | None
    breaches: tuple[str, ...] = ()


def _bad(got: bytes, wants: str) -> AppProtocolError:
    return AppProtocolError(f"the program wrote {got[:200]!r} in its response headers; {wants}")


def _status(value: bytes) -> tuple[int, str]:
    match = _STATUS(value)
    if not match:
        raise _bad(
            value, "RFC 3875 (6.3.3) requires a three-digit status of 200 or higher, e.g. 'Status: 404 Not Found'"
        )
    code, phrase = int(match[1]), match[2] or b""
    return code, "" if _CONTROL(phrase) else phrase.decode("latin-1").strip()


class HeadParser:
    """Parses the response headers in a program's output (RFC 3875, 6.3).

    Lines end with LF or CRLF, in any combination. The first empty line ends the headers. A program may also write a
    status line, such as "HTTP/1.1 200 OK" (section 5). It is treated as a Status field, because the server writes its
    own status line.

    As in Apache and lighttpd, some harmless violations are accepted. Headers may be missing. A field may be repeated
    with the same value. A Content-Length or a Content-Type may be empty. A status may be 600 to 999. A line may end
    with CR CR LF.
    """

    def __init__(self) -> None:
        self._buffer = b""
        self._size = 0
        self._seen = False  # a line has been read
        self._status: tuple[int, str] | None = None
        self._fields: RawHeaders = []
        self._once: dict[bytes, bytes] = {}
        self._breaches: list[str] = []

    def feed(self, data: bytes) -> tuple[CGIHead, bytes] | None:
        """Return the headers and the data that follows them; None if they are incomplete. Raises AppProtocolError."""
        self._size += len(data)
        lines = (self._buffer + data).split(b"\n")
        for number, line in enumerate(lines[:-1]):
            text = line.rstrip(b"\r")
            if len(line) - len(text) > 1:
                self._note("a line ends in CR CR LF")
            if not text:
                return self._head(), b"\n".join(lines[number + 1 :])
            self._line(text)
        self._buffer = lines[-1]
        if self._size > MAX_HEAD:
            raise _bad(self._buffer, f"response headers are limited to {MAX_HEAD} bytes: end them with an empty line")
        return None

    def end(self) -> AppProtocolError:
        """Return the error for output that ends before the headers are complete."""
        if not self._size:
            return AppProtocolError(
                "the program wrote nothing; RFC 3875 (6.1) requires response headers, an empty line and the body"
            )
        return _bad(self._buffer, "RFC 3875 (6.2) requires an empty line after the last field")

    def _line(self, line: bytes) -> None:
        is_first, self._seen = not self._seen, True
        if is_first and (nph := _NPH(line)):
            self._status = _status(nph[1])
            return
        match = _FIELD(line)
        if not match:
            raise _bad(line, "RFC 3875 (6.3) requires 'Name: value' on one line, and an empty line before the body")
        name, value = match[1], match[2].rstrip(b" \t")
        lower = name.lower()
        if _CONTROL(value) and lower != b"status":  # _status() checks the reason phrase
            raise _bad(line, "remove the control character, because it would split the response (RFC 9110, 5.5)")
        if lower in _ONCE and self._is_redundant(name.decode(), lower, value):
            return
        if lower == b"transfer-encoding" and value.lower() != b"identity":
            raise _bad(line, "the server frames the response (RFC 9112, 6.1): write the body without a transfer coding")
        if lower == b"status":
            self._status = self._status or _status(value)
            if self._status[0] > LAST_STATUS:
                self._note(f"the status is {self._status[0]}, above {LAST_STATUS}")
        elif lower not in _NOT_FORWARDED and not lower.startswith((b"x-cgi-", b"proxy-")):
            self._fields.append((name, value))
        if len(self._fields) > MAX_FIELDS:
            raise _bad(line, f"response headers may have at most {MAX_FIELDS} fields")

    def _is_redundant(self, name: str, lower: bytes, value: bytes) -> bool:
        """Return True if a single-valued field can be ignored, because it is empty or repeats its earlier value.

        Raises AppProtocolError if the value differs from the earlier value.
        """
        if not value and lower in _NOT_EMPTY:
            self._note(f"{name} is empty")
            return True
        before = self._once.get(lower)
        if before is None:
            self._once[lower] = value
            return False
        if before != value:
            raise _bad(value, f"RFC 3875 (6.3) allows {name} only once; the first value was {before[:200]!r}")
        self._note(f"{name} is repeated")
        return True

    def _note(self, breach: str) -> None:
        """Record a harmless violation."""
        if breach not in self._breaches:
            self._breaches.append(breach)

    def _head(self) -> CGIHead:
        if not self._seen:
            self._note("there are no response headers")
        location, length = self._once.get(b"location"), self._once.get(b"content-length")
        if location == b"":
            raise _bad(b"Location:", "RFC 3875 (6.3.2) requires an absolute URI or a path as its value")
        status, phrase = self._status or ((302, "Found") if location else (200, "OK"))
        promised = promised_length([length]) if length is not None else None
        fields = self._fields
        if status == 204:  # RFC 9110, 8.6
            fields = [field for field in fields if field[0].lower() != b"content-length"]
        local = self._local(location)
        return CGIHead(status, phrase or reason(status), fields, promised, local, tuple(self._breaches))

    def _local(self, location: bytes | None) -> str | None:
        """Return the target of a local redirect (path and query); None for other responses.

        A response that has a Status or other fields is not a local redirect, because the client would not get them.
        Content-Type, Content-Length and a body do not count, and are discarded.
        """
        if not location or self._status or not _PATH(location):
            return None
        others = {name.lower() for name, _ in self._fields} - {b"location", b"content-type", b"content-length"}
        return None if others else location.decode("latin-1")


class Answer:
    """One response. Pass all output of the program to `feed`, send the results to the client, then call `end`."""

    def __init__(self, method: str) -> None:
        self.head: CGIHead | None = None
        self._parser = HeadParser()
        self._bodiless = method == "HEAD"
        self._left: int | None = None

    def feed(self, data: bytes) -> bytes:
        """Return the part of `data` that belongs to the body.

        A response to HEAD, and a 204 or 304, have no body. Data beyond Content-Length does not belong to the body.
        """
        if self.head is None:
            parsed = self._parser.feed(data)
            if parsed is None:
                return b""
            self.head, data = parsed
            self._bodiless = self._bodiless or not has_body(self.head.status)
            self._left = 0 if self._bodiless else self.head.length
        if self._left is None:
            return data
        data = data[: self._left]
        self._left -= len(data)
        return data

    @property
    def bodiless(self) -> bool:
        """Return True if only headers are sent. The rest of the program's output is then discarded."""
        return self._bodiless

    @property
    def whole(self) -> bool:
        """Return True if the response is complete. The program may still be running."""
        return self._left == 0

    def end(self, returncode: int | None) -> None:
        """Check that the response is complete. Call it at the end of the output. Raises AppProtocolError if it is not.

        returncode: the program's return code; None while it is running. If the program was killed, or exits with
        NOT_WHOLE, its response is incomplete, and must not look complete. Any other exit status does not affect the
        response, because programs that send complete pages exit with any status. For example, awstats exits with 1,
        php-cgi with 255, a shell script with the status of its last command, and an old C program with a random status.
        """
        if self.head is None:
            raise self._parser.end()
        if self._left:
            raise AppProtocolError(f"the program ended {self._left} bytes before its Content-Length")
        if returncode is not None and (returncode < 0 or returncode == NOT_WHOLE) and not self._bodiless:
            raise AppProtocolError(f"the program {ending(returncode)} in the middle of its response")
