"""Find secrets in headers, targets, bodies and other text, and remove them. Pure.

Secrets are found by their names (secret_names), and by their form: JSON Web Tokens, and keys of well-known services. It
must not know where the text comes from: a trace, a comparison or a file of requests.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import unquote_plus

from gateways.events.secret_names import is_secret, is_secret_field

__all__ = ("LEAST", "MASK", "Hide", "hiding", "is_secret", "secrets_in", "secrets_of")

MASK = "[redacted]"
LEAST = 4
"""Minimum length, in characters, of a value that is replaced everywhere. A shorter value is replaced only after its
header's name."""

PLAIN = frozenset(("false", "none", "null", "true", "undefined", "bearer", "basic", MASK.lower()))
"""Values that are never secrets, even if they have the name of a secret."""

_IN_HEADS = re.compile(r"(?m)^([\w.-]+):([ \t]*)(?=[^\s])[^\r\n]+")
_IN_LISTS = re.compile(r"""(b?'([\w.-]+)', b?)('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""")

_BY_FORM = re.compile(
    r"eyJ[\w-]{10,}(?:\.[\w-]*){0,2}"  # a JSON Web Token (RFC 7519), or the beginning of one
    r"|\b(?:[rs]k_(?:live|test)_\w{8,}|gh[opsur]_\w{20,}|github_pat_\w{20,}|xox[abprs]-[\w-]{10,}|AKIA[0-9A-Z]{16}"
    r"|AIza[\w-]{30,})"
)

_PAIR = re.compile(r"""(?:^|(?<=[?&;#\s"'({,]))([\w.\[\]-]{2,40})=([^?&;#\s"'<>,)}]+)""")
"""Pattern of query parameters, form fields, path parameters (`;jsessionid=`), and fields of log lines."""

_MEMBER = re.compile(r"""\\?["']([\w.-]{2,40})\\?["']\s*:\s*\\?["']([^"'\\\r\n]+)""")
"""Pattern of members of JSON documents, even in JSON that is quoted in a string."""

_INPUT = re.compile(
    r"""\bname=\\?["']?([\w.-]{2,40})\\?["']?[^<>]{0,300}?\b(?:value|content)=\\?["']([^"'\\<>]+)""", re.IGNORECASE
)
"""Pattern of form fields and meta elements of HTML."""

_SEGMENT = re.compile(r"/([A-Za-z_.-]{2,40})/((?=[\w.~-]*[0-9])(?=[\w.~-]*[A-Za-z])[\w.~-]{16,})")
"""Pattern of a long segment of a path after a segment that names it, e.g. /session/3f2a..."""

Hide = Callable[[str], str]


def secrets_of(headers: Iterable[tuple[str, str]]) -> set[str]:
    """Return the values to replace, in every form in which a text may contain them."""
    found: set[str] = set()
    for name, text in headers:
        values = _values(name.lower(), text) if is_secret(name) else _found_in(text)
        found.update(values)
    return _spelled(found)


def secrets_in(text: str) -> set[str]:
    """Return the secrets in a target, a body or other text, in every form in which a text may contain them."""
    return _spelled(set(_found_in(text)))


def _spelled(values: Iterable[str]) -> set[str]:
    real = {value for value in values if "${" not in value}
    spelled = {each for value in real for each in (value, repr(value)[1:-1], repr(value.encode())[2:-1])}
    return {value for value in spelled if len(value) >= LEAST and value.lower() not in PLAIN}


def _found_in(text: str) -> Iterator[str]:
    for pattern in (_PAIR, _MEMBER, _INPUT, _SEGMENT):
        for match in pattern.finditer(text):
            if is_secret_field(match[1], match[2]):
                yield match[2]
                yield unquote_plus(match[2])
    yield from (match[0] for match in _BY_FORM.finditer(text))


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
    """Return a function that puts MASK in place of secrets in a text. It replaces the given secrets, secret values of
    headers, and tokens that are known by their form.
    """
    longest = sorted(secrets, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, longest))) if longest else None

    def hide(text: str) -> str:
        text = _IN_HEADS.sub(lambda at: f"{at[1]}:{at[2]}{MASK}" if is_secret(at[1]) else at[0], text)
        text = _IN_LISTS.sub(lambda at: f"{at[1]}'{MASK}'" if is_secret(at[2]) else at[0], text)
        text = _BY_FORM.sub(MASK, text)
        return pattern.sub(MASK, text) if pattern is not None else text

    return hide
