"""Response headers in the form that the ASGI server of this process supports.

Knows what some servers, which it recognizes by their modules, do with a status and with headers. It must not know what
has produced them.
"""

from __future__ import annotations

import sys
import time
from email.utils import formatdate

from ..mapping.responses import LAST_STATUS, NOT_MODIFIED, RawHeaders

_ADD_DATE = frozenset(("uvicorn", "hypercorn"))  # servers that always add a Date; daphne never adds one
_NOW = 5  # a Date at most this old counts as current, in seconds


def supported(status: int, headers: RawHeaders) -> tuple[int, RawHeaders]:
    """Return status and headers, the names in lower case, as the server supports them.

    A current Date is omitted if the server adds its own Date to every response: two Date headers would be invalid (RFC
    9110, 5.3 and 6.6.1). uvicorn fails after the headers of a 304 with a Content-Length, which RFC 9110 (8.6) allows,
    and after those of a status above 599.
    """
    dates = {value for name, value in headers if name == b"date"}
    if dates and not _ADD_DATE.isdisjoint(sys.modules):
        now = time.time()
        same = {formatdate(now - seconds, usegmt=True).encode() for seconds in range(_NOW)}
        headers = [(name, value) for name, value in headers if name != b"date" or value not in same]
    if "uvicorn" in sys.modules:
        if status == NOT_MODIFIED:
            headers = [(name, value) for name, value in headers if name != b"content-length"]
        elif status > LAST_STATUS:
            status = 500
    return status, headers
