"""Content-Length (RFC 9110, 8.6): one check for requests, applications' responses and CGI programs' responses.

Pure: knows the valid values of the field. It must not know where a value came from.
"""

from __future__ import annotations

from ..errors import BadRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_DIGITS = 18  # any number with 18 digits fits into 63 bits; int() refuses more than 4,300 digits


def _is_length(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS


def content_length(values: Iterable[str], error: type[Exception] = BadRequest) -> int:
    """Return the length in bytes from the `values` of Content-Length. Repeated equal values are accepted.

    Raises `error` if the values differ, or if a value is not a number of 1 to 18 ASCII digits.
    """
    values = list(values)
    if len(values) == 1 and _is_length(values[0]):  # the usual case
        return int(values[0])
    lengths = {value.strip(" \t") for value in values}
    length = lengths.pop() if len(lengths) == 1 else ""
    if not _is_length(length):
        got = ",".join(values)
        raise error(
            f"Content-Length is {got!r:.80}; RFC 9110 (8.6) requires one decimal number (at most {MAX_DIGITS} digits"
            f" are accepted), e.g. '42'"
        )
    return int(length)
