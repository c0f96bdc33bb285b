"""What clients and programs wrote, made fit for a terminal: nothing in it moves the cursor or rings the bell. Pure."""

from urllib.parse import quote

_PATH = "/%~!$&'()*+,;=:@"
_QUERY = _PATH + "?[]"


def printable(text: str) -> str:
    r"""The text with what is not printable as Python escapes it: "\x1b[31m"."""
    return text if text.isprintable() else "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def octets(text: str) -> bytes:
    """The octets that a WSGI string stands for (PEP 3333: one character each)."""
    return text.encode("latin-1", "replace")


def target(path: str | bytes, query: bytes) -> str:
    """What a client asked for, with all but printable ASCII %-quoted: "/caf%C3%A9?name=x". A str is ASGI's `path`."""
    asked = quote(path.encode("utf-8", "replace") if isinstance(path, str) else path, safe=_PATH)
    return f"{asked}?{quote(query, safe=_QUERY)}" if query else asked
