"""Parse HTTP/1.1 responses (RFC 9112) piece by piece, and compare their bodies with the expected one. Pure.

Most responses of a server have the same header bytes, except for a date that changes once a second. So the module
parses each different header block once, and then finds the result by the bytes of the block.
"""

import re
from typing import NamedTuple

MAX_HEAD = 64 * 1024
MAX_ERROR = 2048
"""Number of bytes of an error page after which no further piece is stored. Its beginning may name the error."""
MAX_HEADS = 512  # maximum number of remembered blocks of headers

_LINE_ENDS = re.compile(rb"\r?\n")
_EMPTY_LINE = re.compile(rb"\n\r?\n")


class BadFraming(Exception):
    """The bytes are not an HTTP/1.1 response, or continue after its end."""


class Head(NamedTuple):
    """The parsed response headers. `length` is None if the body ends with the connection; `chunked` overrides it."""

    status: int
    length: int | None
    chunked: bool
    keep: bool


_heads: dict[bytes, Head] = {}


def head_length(data: bytes) -> int:
    """Return the length of the response headers at the start of the data, with the empty line; 0 if they are
    incomplete.

    A line may end with a bare LF (RFC 9112, 2.2), as the empty line of gunicorn's error pages does on Python 3.14.
    """
    found = _EMPTY_LINE.search(data)
    return found.end() if found is not None else 0


def head_of(raw: bytes) -> Head:
    """Parse response headers; `raw` ends with the empty line."""
    head = _heads.get(raw)
    if head is None:
        if len(_heads) >= MAX_HEADS:
            _heads.clear()
        head = _heads[raw] = parse_head(raw)
    return head


def parse_head(raw: bytes) -> Head:
    """Parse response headers (RFC 9112, 4 and 6.3).

    Raises: BadFraming: these are not response headers.
    """
    status_line, *lines, _, _ = _LINE_ENDS.split(raw)
    version, _, rest = status_line.partition(b" ")
    code = rest[:3]
    if not (version.startswith(b"HTTP/1.") and len(code) == 3 and code.isdigit()):
        raise BadFraming(f"the response begins with {status_line[:60]!r}, which is not an HTTP/1.1 status line")
    fields: dict[bytes, bytes] = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon:
            raise BadFraming(f"{line[:60]!r} is not a header")
        name, value = name.lower(), value.strip()
        fields[name] = fields[name] + b"," + value if name in fields else value
    status = int(code)
    connection = [option.strip() for option in fields.get(b"connection", b"").lower().split(b",")]
    keep = b"close" not in connection and (version != b"HTTP/1.0" or b"keep-alive" in connection)
    if status < 200 or status in {204, 304}:
        return Head(status, 0, False, keep)
    if fields.get(b"transfer-encoding", b"").lower().endswith(b"chunked"):
        return Head(status, None, True, keep)
    length = fields.get(b"content-length")
    if length is None:
        return Head(status, None, False, False)
    if not length.isdigit():
        raise BadFraming(f"Content-Length is {length[:60]!r}, which is not a number")
    return Head(status, int(length), False, keep)


class Reader:
    """Reads one response after another, and compares the bodies. Call begin() before each response. The reader stores
    the body only if `keep` is set. It always stores the beginning of an error page.

    bodiless: the requests are HEAD, whose responses have no body (RFC 9112, 6.3).
    """

    __slots__ = (
        "_bodiless",
        "_chunks",
        "_expected",
        "_keep",
        "_left",
        "_pending",
        "body",
        "head",
        "length",
        "raw_head",
        "same",
    )

    def __init__(self, expected: bytes | None = None, keep: bool = False, bodiless: bool = False) -> None:
        self._expected = expected
        self._bodiless = bodiless
        self._keep = keep
        self.begin()

    def begin(self) -> None:
        """Expect a new response."""
        self.head: Head | None = None
        self.raw_head = b""
        self.length = 0  # length of the body so far
        self.same = True  # the body so far equals the expected body
        self.body = bytearray()
        self._pending = b""
        self._left = 0
        self._chunks: Dechunker | None = None

    def feed(self, data: memoryview) -> bool:
        """Parse the data; return True if the response is complete.

        Raises:
            BadFraming: not a response, or more than one.
        """
        if self.head is not None:
            return self._more(data)
        raw = self._pending + bytes(data)
        end = head_length(raw)
        if not end:
            if len(raw) > MAX_HEAD:
                raise BadFraming(f"response headers do not end after {len(raw)} bytes")
            self._pending = raw
            return False
        head = head_of(raw[:end])
        rest = memoryview(raw)[end:]
        if head.status < 200:  # an interim response; the final one follows
            self._pending = b""
            return bool(rest) and self.feed(rest)
        if self._bodiless:
            head = head._replace(length=0, chunked=False)
        self.head, self.raw_head = head, raw[:end]
        self._left = head.length or 0
        self._chunks = Dechunker() if head.chunked else None
        return self._more(rest)

    def ended(self) -> bool:
        """Handle the end of the connection; return True if it is the end of the body."""
        return self.head is not None and self.head.length is None and not self.head.chunked

    @property
    def whole(self) -> bool:
        """Return True if the complete body is the expected one, or if the expected body is unknown."""
        return self._expected is None or (self.same and self.length == len(self._expected))

    def _more(self, data: memoryview) -> bool:
        assert self.head is not None
        if self._chunks is not None:
            for piece in self._chunks.feed(bytes(data)):
                self._take(piece)
            return self._chunks.done
        self._take(data)
        if self.head.length is None:
            return False
        self._left -= len(data)
        if self._left < 0:
            raise BadFraming(f"{-self._left} bytes arrived after the end of the response")
        return self._left == 0

    def _take(self, piece: bytes | memoryview) -> None:
        if self._expected is not None and self.same:
            self.same = self._expected.startswith(piece, self.length)
        self.length += len(piece)
        if self._keep or (self.head is not None and self.head.status >= 400 and len(self.body) < MAX_ERROR):
            self.body += piece


class Dechunker:
    """Decodes a chunked body (RFC 9112, 7.1)."""

    __slots__ = ("_left", "_pending", "_trailers", "done")

    def __init__(self) -> None:
        self.done = False
        self._pending = b""  # bytes of an incomplete line
        self._left = 0  # bytes that are left of the chunk and the line end after it
        self._trailers = False

    def feed(self, data: bytes) -> list[bytes]:
        """Return the pieces of content in the data.

        Raises: BadFraming: the body is not chunked correctly, or has ended.
        """
        pieces: list[bytes] = []
        data, at = self._pending + data, 0
        self._pending = b""
        while at < len(data):
            if self.done:
                raise BadFraming(f"{len(data) - at} bytes arrived after the last chunk")
            if self._left:
                piece = data[at : at + self._left]
                at += len(piece)
                # The last two of these bytes are the line end.
                content = piece[: max(0, self._left - 2)]
                self._left -= len(piece)
                if content:
                    pieces.append(content)
                continue
            end = data.find(b"\r\n", at)
            if end < 0:
                if len(data) - at > MAX_HEAD:
                    raise BadFraming(f"chunk-size line does not end after {len(data) - at} bytes")
                self._pending = data[at:]
                break
            self._line(data[at:end])
            at = end + 2
        return pieces

    def _line(self, line: bytes) -> None:
        if self._trailers:
            self.done = not line
            return
        digits = line.partition(b";")[0].strip()
        if not digits.isalnum() or len(digits) > 15 or digits.strip(b"0123456789abcdefABCDEF"):
            raise BadFraming(f"{line[:60]!r} is not a chunk size")
        size = int(digits, 16)
        self._trailers = size == 0
        self._left = size + 2 if size else 0
