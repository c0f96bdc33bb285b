"""Response headers in the form that the ASGI server of this process supports.

Knows which statuses and headers some servers do not support. It detects a server by modules that only a running server
imports, because an app may import uvicorn and run on another server. This module must not know who sets the headers.
"""

from __future__ import annotations

import sys
import time
from email.utils import formatdate

from ..mapping.responses import LAST_STATUS, NOT_MODIFIED, RawHeaders

_UVICORN, _HTTPTOOLS = "uvicorn.protocols.http", "uvicorn.protocols.http.httptools_impl"
_ADD_DATE = frozenset((_UVICORN, "hypercorn.protocol"))  # servers that add a Date by default; daphne never adds one
_NOW = 5  # maximum age in seconds of a Date that counts as current


def supported(status: int, headers: RawHeaders) -> tuple[int, RawHeaders]:
    """Return status and headers, the names in lower case, as the server supports them.

    A current Date is omitted if the server adds its own Date to every response: two Date headers would be invalid (RFC
    9110, 5.3 and 6.6.1). RFC 9110 (8.6) allows a Content-Length in a 304, but uvicorn with httptools would then wait
    for a body, so a value other than 0 is omitted. uvicorn cannot send a status above 599, so such a status becomes
    500.
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
