"""Patterns for the names of facets, in options and in files of accepted differences. Pure."""

from fnmatch import fnmatchcase

NAMES = (
    "status", "problem", "body", "framing", "stream", "time", "interim", "trailers", "excess", "header-order",
    "header-case", "header-repetition", "list-order", "cookie-order", "reason", "version", "keep-alive", "log",
)  # fmt: skip
KINDS = {"header:": "NAME", "cookie:": "NAME", "body:": "PLACE"}


def pattern(text: str) -> str:
    """Return the pattern with the names of headers and cookie attributes in lower case, as in the names of facets.

    Raises: ValueError: no facet can match the pattern.
    """
    kind, colon, rest = text.partition(":")
    if colon and f"{kind.lower()}:" in KINDS and rest:
        kind = kind.lower()
        name, semicolon, attribute = rest.partition(";") if kind == "cookie" else (rest, "", "")
        return text.lower() if kind == "header" else f"{kind}:{name}{semicolon}{attribute.lower()}"
    begin = min((text.find(each) for each in "*?[" if each in text), default=-1)
    may_match = begin >= 0 and any(each.startswith(text[:begin]) for each in KINDS)
    if may_match or any(fnmatchcase(each, text) for each in NAMES):
        return text
    names = ", ".join([*NAMES, *(f"{each}{name}" for each, name in KINDS.items())])
    raise ValueError(f"no facet is named {text!r}; choose from {names}, or a pattern such as 'cookie:*'")
