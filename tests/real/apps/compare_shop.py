"""A WSGI shop by hand: a login with a token, a session, a logout, a page that varies, one that varies with the session,
an echo, a list of all logins, and errors.
"""

import gzip
import secrets
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

TOKENS: set[str] = set()
SESSIONS: dict[str, str] = {}
"""By cookie: the token in the session's pages, "" after the logout."""


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    session = environ.get("HTTP_COOKIE", "").partition("session=")[2].partition(";")[0]
    status, headers, answer = "200 OK", [("Content-Type", "text/html")], b""
    if path == "/":
        link = f"http://{environ['HTTP_HOST']}/cart"
        answer = f"<a href='{link}'>cart</a><i>{secrets.token_hex(8)}</i><p>bye</p>".encode()
    elif (method, path) == ("GET", "/login"):
        TOKENS.add(token := secrets.token_hex(8))
        answer = f"<input name=csrf value={token}>".encode()
    elif path == "/login":
        if parse_qs(body.decode())["csrf"][0] in TOKENS:
            SESSIONS[session := secrets.token_hex(8)] = secrets.token_hex(8)
            status, headers = "302 Found", [*headers, ("Location", "/me"), ("Set-Cookie", f"session={session}; Path=/")]
        else:
            status = "403 Forbidden"
    elif path == "/logout":
        SESSIONS[session] = ""
        status, headers = "302 Found", [*headers, ("Location", "/"), ("Set-Cookie", "session=; Max-Age=0; Path=/")]
    elif path == "/me":
        status, answer = (
            ("200 OK", f"ann ({session})".encode()) if SESSIONS.get(session) else ("401 Unauthorized", b"who?")
        )
    elif path == "/logins":
        answer = b"".join(b"<li>%d</li>" % number for number in range(len(SESSIONS)))
    elif path == "/cart":
        headers.append(("Content-Encoding", "gzip"))
        answer = gzip.compress(f"<input value={SESSIONS.get(session)}>".encode(), mtime=0)
    elif path == "/echo":
        answer = body
    else:
        status, answer = "404 Not Found", b"nothing here"
    start_response(status, [*headers, ("Content-Length", str(len(answer)))])
    return [answer] if method != "HEAD" else []
