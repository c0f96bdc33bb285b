"""A WSGI app without a framework, wrapped in the middleware of old sites."""

import hashlib
import time
from collections.abc import Iterator
from typing import Any

from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.middleware.shared_data import SharedDataMiddleware

from tests.real.native.apps.place import prepare


def application(environ: dict[str, Any], start_response: Any) -> Any:
    path = environ["PATH_INFO"]
    if path == "/write":
        write = start_response("200 Very Well", [("Content-Type", "text/plain"), ("X-Twice", "1"), ("X-Twice", "2")])
        write(b"written, ")
        return [b"returned"]
    if path == "/hop":
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
        return iter([b"", b"o", b"k"])
    if path == "/upload":
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or -1))
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [hashlib.sha256(body).hexdigest().encode()]
    if path == "/stream":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return _slowly()
    if path == "/empty":
        start_response("204 No Content", [])
        return []
    start_response("200 OK", [("Content-Type", "text/plain")])
    inside = (
        "REQUEST_METHOD",
        "SCRIPT_NAME",
        "PATH_INFO",
        "QUERY_STRING",
        "CONTENT_TYPE",
        "REMOTE_ADDR",
        "SERVER_PROTOCOL",
    )
    lines = [f"{name}={environ.get(name)!r}" for name in inside]
    lines += [f"{name}={value!r}" for name, value in sorted(environ.items()) if name.startswith("HTTP_")]
    return ["\n".join(lines).encode()]


def _slowly() -> Iterator[bytes]:
    for number in range(4):
        yield b"%d\n" % number
        time.sleep(0.15)  # the test needs this pause


app = ProxyFix(application)
shared = SharedDataMiddleware(application, {"/files": str(prepare())})
