"""Decide by the name of a header, parameter, form field or JSON member whether its value is a secret. Pure."""

import re
from itertools import pairwise

EXACT = frozenset(
    ("auth", "authentication-info", "authorization", "cookie", "proxy-authentication-info", "proxy-authorization",
     "set-cookie")
)  # fmt: skip
"""Names that hold secrets, in lower case."""

WORDS = frozenset(
    ("accesskey", "accesstoken", "apikey", "authtoken", "bearer", "csrf", "csrfmiddlewaretoken",
     "csrftoken", "jsessionid", "jwt", "passphrase", "passwd", "password", "phpsessid", "pwd", "secret", "session",
     "sessionid", "sid", "sig", "signature", "token", "xsrf", "xsrftoken")
)  # fmt: skip
"""Words in the names of secrets, e.g. X-Auth-Token, csrf_token, accessToken."""

BEFORE_KEY = frozenset(("access", "api", "auth", "private", "secret", "shared", "subscription"))
"""Words before "key" in the names of secrets, e.g. X-Api-Key."""

HARMLESS_ENDS = frozenset(
    ("age", "allowed", "at", "count", "endpoint", "expires", "expiry", "field", "in", "length", "lifetime", "max",
     "name", "param", "parameter", "path", "required", "strength", "support", "supported", "timeout", "ttl", "type",
     "uri", "url", "version")
)  # fmt: skip
"""Last words of names whose values describe a secret but are not secret, e.g. token_type, session-timeout."""

LONG_VALUES = frozenset(("assertion", "code", "key", "ticket"))
"""Names of parameters whose values are secrets only if they are long, e.g. `code` of OAuth 2, but not `code=de`."""

LONG = 16
"""Minimum length of a value of LONG_VALUES that is a secret, in characters."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def is_secret(name: object) -> bool:
    """Return True if the value of a header, of its meta-variable, or of a field with this name is a secret."""
    text = name.decode("latin-1") if isinstance(name, bytes) else str(name)
    plain = text.lower().removeprefix("http_").replace("_", "-")
    if plain in EXACT:
        return True
    if plain.startswith(("access-control-", "sec-websocket-")):
        return False
    words = [word.lower() for word in _WORD.findall(text.removeprefix("HTTP_"))]
    if not words or words[-1] in HARMLESS_ENDS:
        return False
    return bool(WORDS.intersection(words)) or any(
        first in BEFORE_KEY and second == "key" for first, second in pairwise(words)
    )


def is_secret_field(name: str, value: str) -> bool:
    """Return True if the value of a parameter, form field or JSON member with this name is a secret."""
    return is_secret(name) or (name.lower() in LONG_VALUES and len(value) >= LONG)
