"""The reference app in WSGI, with a large body and a wait that blocks. Knows only PEP 3333."""

import time
from collections.abc import Iterable
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment

from gateways.wsgi.app import app as reference

BLOCK = b"0123456789abcdef" * 4096  # 64 KiB


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer one request."""
    query = parse_qs(environ.get("QUERY_STRING", ""))
    if environ["PATH_INFO"] == "/download":
        length = int(query["bytes"][0])
        start_response("200 OK", [("Content-Type", "application/octet-stream"), ("Content-Length", str(length))])
        return (BLOCK[: length - at] for at in range(0, length, len(BLOCK)))
    if environ["PATH_INFO"] == "/block":
        time.sleep(float(query["seconds"][0]))
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "8")])
        return [b"blocked\n"]
    return reference(environ, start_response)
