"""Make text from clients and programs safe for a terminal: no character may move the cursor or ring the bell. Pure."""

from urllib.parse import quote

_PATH = "/%~!$&'()*+,;=:@"
_QUERY = _PATH + "?[]"


def printable(text: str) -> str:
    r"""Return the text with unprintable characters as Python escapes: "\x1b[31m"."""
    return text if text.isprintable() else "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def octets(text: str) -> bytes:
    """Return the bytes of a WSGI string, in which each character stands for one byte (PEP 3333)."""
    return text.encode("latin-1", "replace")


def target(path: str | bytes, query: bytes) -> str:
    """Return a request target. Characters that a path or a query must not contain are %-quoted: "/caf%C3%A9?name=x".

    path: bytes, or ASGI's decoded `path` as a str.
    """
    quoted = quote(path.encode("utf-8", "replace") if isinstance(path, str) else path, safe=_PATH)
    return f"{quoted}?{quote(query, safe=_QUERY)}" if query else quoted
