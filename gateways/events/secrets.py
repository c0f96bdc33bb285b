"""Find secrets in header values, and remove them from text. Pure.

Must not know where the text comes from: a trace or a comparison.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Iterator

SECRET = ("authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key")
"""Header names, in lower case, whose values are secrets."""

MASK = "[redacted]"
LEAST = 4
"""Minimum length of a value to be replaced everywhere, in characters. A shorter value is replaced only beside its
header's name."""

_NAMES = "|".join(SECRET)
_IN_HEADS = re.compile(rf"(?im)^((?:{_NAMES}):[ \t]*)[^\r\n]+")
_IN_LISTS = re.compile(rf"(?i)(b?'(?:{_NAMES})', b?)('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")")

Hide = Callable[[str], str]


def secrets_of(headers: Iterable[tuple[str, str]]) -> set[str]:
    """Return the values to replace, in every form in which a text may contain them."""
    found = {value for name, text in headers if name.lower() in SECRET for value in _values(name.lower(), text)}
    spelled = {each for value in found for each in (value, repr(value)[1:-1], repr(value.encode())[2:-1])}
    return {value for value in spelled if len(value) >= LEAST}


def _values(name: str, text: str) -> Iterator[str]:
    """Return the header's value, and the secrets in it."""
    yield text
    if name.endswith("authorization"):
        scheme, _, credentials = text.partition(" ")
        yield credentials
        if scheme.lower() == "basic":
            try:
                user = base64.b64decode(credentials).decode("utf-8", "replace")
            except (binascii.Error, ValueError):
                return
            yield user
            yield user.partition(":")[2]
    elif name in {"cookie", "set-cookie"}:
        pairs = text.split(";")
        for pair in pairs if name == "cookie" else pairs[:1]:
            yield pair.partition("=")[2].strip().strip('"')


def hiding(secrets: Iterable[str]) -> Hide:
    """Return a function that replaces the secrets in a text, and the values of headers in SECRET, by MASK."""
    longest = sorted(secrets, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, longest))) if longest else None

    def hide(text: str) -> str:
        text = _IN_HEADS.sub(rf"\1{MASK}", text)
        text = _IN_LISTS.sub(rf"\1'{MASK}'", text)
        return pattern.sub(MASK, text) if pattern is not None else text

    return hide


def is_secret(name: object) -> bool:
    """Return True for the name of such a header or of its meta-variable."""
    text = name.decode("latin-1") if isinstance(name, bytes) else str(name)
    return text.lower().removeprefix("http_").replace("_", "-") in SECRET
