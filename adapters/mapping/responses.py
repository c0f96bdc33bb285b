"""Response headers in the forms of WSGI (str), ASGI (bytes) and CGI (text): checks, and conversions between the forms.

Pure: knows which status and headers PEP 3333, the ASGI HTTP specification and RFC 9110 allow. It must not know when
headers are sent, and it must not use a socket, a thread, a loop or a clock.
"""

from __future__ import annotations

from ..errors import AppProtocolError
from .lengths import MAX_DIGITS, content_length

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

RawHeaders = list[tuple[bytes, bytes]]
Headers = list[tuple[str, str]]

# Exit status of a CGI program whose response is incomplete: EX_SOFTWARE of sysexits.h. All other exit statuses are
# ignored, because RFC 3875 defines none, and many programs that send complete pages exit with a status other than 0.
NOT_WHOLE = 70
NOT_MODIFIED = 304
LAST_STATUS = 599  # RFC 9110, 15: higher statuses are invalid, but some applications use them
NO_CONTENT = 204  # must have no Content-Length (RFC 9110, 8.6), but some applications set it to 0
# Headers that apply to one connection. The server manages them (RFC 9110, 7.6.1; RFC 2616, 13.5.1, cited by PEP 3333).
HOP_BY_HOP = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authentication-info proxy-authorization proxy-connection te"
    b" trailer trailers transfer-encoding upgrade".split()
)
_TOKEN = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"  # RFC 9110, 5.1
# Forbidden characters. PEP 3333 forbids all control characters; RFC 9110 (5.5) allows the tab. CR and LF end a field.
_CONTROLS = bytes([*range(9), *range(10, 32), 127])

_CACHE_ENTRIES, _CACHE_NAME = 1024, 64
_REASONS: dict[int, str] = {}
_LINES: dict[int, str] = {}  # status lines
_STATUSES: dict[str, int] = {}  # checked status lines
_NAMES: dict[str, bytes] = {}  # checked header names -> names in lower case, b"" for hop-by-hop headers
_PAIRS: dict[tuple[str, str], tuple[bytes, bytes]] = {}  # checked headers with frequently used values
_REPEATING = frozenset(
    b"content-type cache-control vary server x-content-type-options x-frame-options referrer-policy"
    b" cross-origin-opener-policy strict-transport-security access-control-allow-origin content-language allow".split()
)
_NATIVE_NAMES: dict[bytes, str] = {}  # checked header names of ASGI applications -> str, "" for hop-by-hop headers


class Head:
    """Status and response headers in ASGI's form.

    `length` is the Content-Length in bytes, or None. `dated` is True if there is a Date header.
    """

    __slots__ = ("dated", "headers", "length", "status")

    def __init__(self, status: int, headers: RawHeaders, length: int | None, dated: bool = False) -> None:
        self.status, self.headers, self.length, self.dated = status, headers, length, dated


def reason(status: int) -> str:
    """Return the reason phrase of a status code; "Unknown" if the status is not registered (RFC 9110)."""
    if not _REASONS:
        from http import HTTPStatus

        _REASONS.update({known.value: known.phrase for known in HTTPStatus})
    return _REASONS.get(status, "Unknown")


def has_body(status: int) -> bool:
    """Return True if a response with this status may have a body (RFC 9110, 6.4.1)."""
    return status >= 200 and status not in (204, 304)


def is_event_stream(headers: Headers) -> bool:
    """Return True for server-sent events (HTML, 9.2.5)."""
    types = [value for name, value in headers if name.lower() == "content-type"]
    return len(types) == 1 and types[0].partition(";")[0].strip().lower() == "text/event-stream"


def _is_token(octets: bytes) -> bool:
    return octets != b"" and not octets.translate(None, _TOKEN)


def _has_controls(octets: bytes) -> bool:
    return octets.translate(None, _CONTROLS) != octets


def _wsgi_status(status: str) -> int:
    if not isinstance(status, str):
        raise AppProtocolError(f"start_response() was given the status {status!r}; PEP 3333 requires a str: '200 OK'")
    code = status[:3]
    is_code = len(code) == 3 and code.isascii() and code.isdigit() and code >= "200"
    if not is_code or status[3:4] not in ("", " ") or _has_controls(status.encode("latin-1", "replace")):
        raise AppProtocolError(
            f"start_response() was given the status {status!r}; PEP 3333 requires three digits (200 or higher), a space"
            f" and a reason, without control characters, e.g. '200 OK'"
        )
    if len(status) <= _CACHE_NAME and len(_STATUSES) < _CACHE_ENTRIES:
        _STATUSES[status] = int(code)
    return int(code)


def _wsgi_name(name: str) -> bytes:
    if not isinstance(name, str):
        raise AppProtocolError(f"start_response() was given the header name {name!r}; PEP 3333 requires a str")
    raw = name.encode("latin-1", "replace").lower()
    if not _is_token(raw) or not name.isascii():
        raise AppProtocolError(
            f"start_response() was given the header name {name!r}; RFC 9110 (5.1) requires letters, digits and"
            f" !#$%&'*+-.^_`|~ only, e.g. 'X-Request-Id'"
        )
    if raw in HOP_BY_HOP:
        raw = b""
    if len(name) <= _CACHE_NAME and len(_NAMES) < _CACHE_ENTRIES:
        _NAMES[name] = raw
    return raw


def _wsgi_value(name: str, value: str) -> bytes:
    """Return the bytes of a value that failed the quick check. Raise an error with the reason if it is invalid."""
    if not isinstance(value, str):
        raise AppProtocolError(
            f"start_response() was given {value!r} as value of {name!r}; PEP 3333 requires a str, e.g. {str(value)!r}"
        )
    if _has_controls(value.encode("latin-1", "replace")):
        raise AppProtocolError(
            f"start_response() was given {value!r} as value of {name!r}; remove its control characters, because CR, LF"
            f" or NUL would split the response (RFC 9110, 5.5)"
        )
    try:
        return value.strip(" \t").encode("latin-1")
    except UnicodeEncodeError:
        raise AppProtocolError(
            f"start_response() was given {value!r} as value of {name!r}; PEP 3333 requires latin-1:"
            f" encode the value as in RFC 8187, or with .encode('utf-8').decode('latin-1')"
        ) from None


def promised_length(values: list[bytes]) -> int:
    """Return the length in bytes from an application's Content-Length headers. Raises AppProtocolError if invalid."""
    if len(values) == 1 and values[0].isdigit() and len(values[0]) <= MAX_DIGITS:  # a faster check for the usual case
        return int(values[0])
    return content_length([value.decode("latin-1") for value in values], AppProtocolError)


def body_block(block: Any, what: str, rule: str) -> bytes:
    """Return a block of a body as bytes. A bytearray or a memoryview is converted.

    For any other type, raise AppProtocolError. Its message begins with "{what} {block}; {rule} requires bytes".
    """
    if isinstance(block, bytes):
        return block
    if isinstance(block, (bytearray, memoryview)):
        return bytes(block)
    raise AppProtocolError(f"{what} {block!r:.80}; {rule} requires bytes: encode text, e.g. .encode('utf-8')")


def head_from_wsgi(  # noqa: C901, PLR0912 - one function, because each further call would take a tenth more time
    status: str, headers: Iterable[tuple[str, str]], dropped: Callable[[str], object] | None = None
) -> Head:
    """Check the arguments of start_response(), and return them in ASGI's form.

    headers: PEP 3333's list of (name, value).
    dropped: called with the name of each hop-by-hop header. PEP 3333 forbids these headers, so they are left out.

    Raises AppProtocolError for a status that does not begin with three digits (200 or higher). After the digits, only a
    space and a reason may follow. Also raises it for a name that is not a token, for a value that is not a str of
    latin-1 characters, for control characters, and for an invalid Content-Length.
    """
    code = (_STATUSES.get(status) if isinstance(status, str) else None) or _wsgi_status(status)
    raw: RawHeaders = []
    lengths: list[bytes] = []
    dated = False
    known = _PAIRS
    for pair in headers:
        if type(pair) is tuple:
            try:
                found = known.get(pair)
            except TypeError:  # unhashable, so not a str
                found = None  # _wsgi_name() or _wsgi_value() will report it
            if found is not None:
                raw.append(found)
                continue
        try:
            name, value = pair
        except (TypeError, ValueError):
            raise AppProtocolError(
                f"start_response() was given the header {pair!r}; PEP 3333 requires tuples (name, value)"
            ) from None
        lower = _NAMES.get(name) if isinstance(name, str) else None
        if lower is None:
            lower = _wsgi_name(name)
        if type(value) is str and value.isascii() and value.isprintable():
            octets = value.strip().encode()
        else:
            octets = _wsgi_value(name, value)
        if not lower:
            if dropped is not None:
                dropped(name)
            continue
        if lower == b"content-length":
            if octets in lengths:
                continue
            lengths.append(octets)
            if code == NO_CONTENT:
                continue
        elif lower in _REPEATING and len(value) <= _CACHE_NAME and len(known) < _CACHE_ENTRIES:
            known[name, value] = (lower, octets)
        elif lower == b"date":
            dated = True
        raw.append((lower, octets))
    return Head(code, raw, promised_length(lengths) if lengths else None, dated)


def status_line(status: int) -> str:
    """Return a status in the form of PEP 3333 and RFC 3875, e.g. "200 OK"."""
    line = _LINES.get(status)
    if line is None:
        line = _LINES[status] = f"{int(status)} {reason(status)}"  # int(), because `status` may be an enum's member
    return line


def _asgi_octets(what: str, text: Any) -> bytes:
    if not isinstance(text, (bytes, bytearray, memoryview)):
        raise AppProtocolError(
            f"http.response.start has the header {what} {text!r}; ASGI requires bytes, e.g. b'text/html'"
        )
    octets = bytes(text)
    if _has_controls(octets):
        raise AppProtocolError(
            f"http.response.start has the header {what} {octets!r}; remove its control characters, because CR, LF or"
            f" NUL would split the response (RFC 9110, 5.5)"
        )
    return octets


def _asgi_name(raw: Any) -> str:
    """Return the checked header name as str; "" for a hop-by-hop header."""
    name = _asgi_octets("name", raw)
    if not _is_token(name):
        raise AppProtocolError(
            f"http.response.start has the header name {name!r}; RFC 9110 (5.1) requires a token, e.g. b'x-request-id'"
        )
    native = "" if name.lower() in HOP_BY_HOP else name.decode("latin-1")
    if len(name) <= _CACHE_NAME and len(_NATIVE_NAMES) < _CACHE_ENTRIES:
        _NATIVE_NAMES[name] = native
    return native


def head_from_asgi(status: Any, headers: Iterable[Iterable[bytes]]) -> tuple[str, Headers, int | None]:
    """Check an `http.response.start` (ASGI HTTP 2.5). Return status line, headers and Content-Length in WSGI's form.

    Hop-by-hop headers are left out, because PEP 3333 forbids them and the server frames the response itself. Raises
    AppProtocolError for a status that is not an int from 200 to 999, and for names or values that HTTP does not allow.
    """
    if not isinstance(status, int) or isinstance(status, bool) or not 200 <= status <= 999:
        raise AppProtocolError(
            f"http.response.start has the status {status!r}; expected an int from 200 to 999, e.g. 200"
        )
    native: Headers = []
    lengths: list[str] = []
    for pair in headers:
        try:
            raw_name, raw_value = pair
        except (TypeError, ValueError):
            raise AppProtocolError(
                f"http.response.start has the header {pair!r}; ASGI requires pairs [name, value] of bytes"
            ) from None
        name = _NATIVE_NAMES.get(raw_name) if type(raw_name) is bytes else None
        if name is None:
            name = _asgi_name(raw_name)
        if type(raw_value) is bytes and raw_value.isascii() and (value := raw_value.decode()).isprintable():
            value = value.strip()
        else:
            value = _asgi_octets("value", raw_value).strip(b" \t").decode("latin-1")
        if not name:
            continue
        if len(name) == 14 and name.lower() == "content-length":
            if value in lengths:
                continue
            lengths.append(value)
            if status == NO_CONTENT:
                continue
        native.append((name, value))
    return status_line(status), native, content_length(lengths, AppProtocolError) if lengths else None


def head_to_cgi(status: str, headers: Headers) -> bytes:
    """Return checked headers as a CGI program prints them (RFC 3875, 6.3), followed by the empty line."""
    lines = [f"Status: {status}", *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1")
