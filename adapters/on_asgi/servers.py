"""Response headers in the form that the ASGI server of this process supports.

Knows what some servers do with a status and with headers. It recognizes them by modules that only a running server
imports: an app may import uvicorn and run on another server. It must not know what has produced the headers.
"""

from __future__ import annotations

import sys
import time
from email.utils import formatdate

from ..mapping.responses import LAST_STATUS, NOT_MODIFIED, RawHeaders

_UVICORN, _HTTPTOOLS = "uvicorn.protocols.http", "uvicorn.protocols.http.httptools_impl"
_ADD_DATE = frozenset((_UVICORN, "hypercorn.protocol"))  # servers that always add a Date; daphne never adds one
_NOW = 5  # a Date at most this old counts as current, in seconds


def supported(status: int, headers: RawHeaders) -> tuple[int, RawHeaders]:
    """Return status and headers, the names in lower case, as the server supports them.

    A current Date is omitted if the server adds its own Date to every response: two Date headers would be invalid (RFC
    9110, 5.3 and 6.6.1). uvicorn with httptools expects the body that the Content-Length of a 304 announces, but RFC
    9110 (8.6) allows that header. uvicorn sends no response with a status above 599.
    """
    dates = {value for name, value in headers if name == b"date"}
    if dates and not _ADD_DATE.isdisjoint(sys.modules):
        now = time.time()
        same = {formatdate(now - seconds, usegmt=True).encode() for seconds in range(_NOW)}
        headers = [(name, value) for name, value in headers if name != b"date" or value not in same]
    if status == NOT_MODIFIED and _HTTPTOOLS in sys.modules:
        headers = [(name, value) for name, value in headers if name != b"content-length" or value == b"0"]
    elif status > LAST_STATUS and _UVICORN in sys.modules:
        status = 500
    return status, headers
