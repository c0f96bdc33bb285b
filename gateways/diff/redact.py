"""Remove the secrets of requests and responses from a result, because a user may show it to other people. Pure.

The module replaces the values of cookies, and the secrets that gateways.events.secrets finds, wherever they appear in a
difference. It must not know how responses are compared. The comparison comes first, and uses the real values.
"""

import re
from dataclasses import replace

from gateways.diff.facets import is_cookie
from gateways.diff.judge import ABSENT, SAME, Found
from gateways.diff.result import Result
from gateways.events.secrets import MASK, Hide, hiding, is_secret

LEAST = 8
"""Minimum length, in characters, of a secret that is replaced in other texts too. A shorter secret may be a common
word.
"""

_PAIR = re.compile(r"[^=;]+=[^=]")
"""Beginning of a complete Cookie or Set-Cookie header. Its names and attributes are not secret."""

_WORD = re.compile(rf"\w{{{LEAST},}}")


def redacted(result: Result) -> Result:
    """Return the result with MASK in place of secrets."""
    hide = hide_of(result)
    return replace(
        result,
        asked=tuple(replace(each, label=hide(each.label)) for each in result.asked),
        differences=tuple(replace(each, found=without_secrets(each.found, hide)) for each in result.differences),
        left_out=tuple(map(hide, result.left_out)),
        notes=tuple(map(hide, result.notes)),
    )


def without_secrets(found: Found, hide: Hide) -> Found:
    """Return the difference with MASK in place of secrets. A missing or empty value is not a secret."""
    if found.new == SAME:
        return found  # this facet contains no value
    if _holds_secret(found.facet):
        old, new = (value if value in {ABSENT, ""} else MASK for value in (found.old, found.new))
        found = replace(found, lines=())
    else:
        old, new = hide(found.old), hide(found.new)
    return replace(found, old=old, new=new, lines=tuple(map(hide, found.lines)))


def _holds_secret(facet: str) -> bool:
    kind, _, name = facet.partition(":")
    return is_cookie(facet) or (kind == "header" and is_secret(name))


def hide_of(result: Result) -> Hide:
    """Return a function that replaces the secrets of the requests and responses in a text.

    It also replaces parts of a secret, because the text of a change may begin or end within a secret.
    """
    secrets = {each for each in result.secrets if len(each) >= LEAST}
    whole, joined = hiding(secrets), "\n".join(each for each in secrets if not _PAIR.match(each))

    def hide(text: str) -> str:
        return _WORD.sub(lambda word: MASK if word[0] in joined else word[0], whole(text))

    return hide
