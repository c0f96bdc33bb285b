"""A small shop with varying values: a token in the page, a session cookie, a request id, a time.

The subclasses have one planted difference each.
"""

import json
import os
import secrets
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse

PAGE = "<html>\n<h1>{path}</h1>\n<form><input name=csrf value='{token}'></form>\n<p>{now}</p>\n</html>\n"


class Shop:
    """The app. A subclass plants one difference."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        self.count += 1
        path = environ["PATH_INFO"]
        if path == "/stream":
            start_response("200 OK", [("Content-Type", "text/plain")])
            return self.stream()
        if path == "/api":
            body = json.dumps({"id": secrets.token_hex(4), "items": [{"name": "tea", "price": "1.10"}]}).encode()
            return self.respond(start_response, body, "application/json")
        page = PAGE.format(path=path, token=secrets.token_urlsafe(24), now=datetime.now(UTC))
        return self.respond(start_response, page.encode(), "text/html")

    def respond(self, start_response: StartResponse, body: bytes, kind: str, status: str = "200 OK") -> list[bytes]:
        headers = [("Content-Type", kind), ("Content-Length", str(len(body))), *self.headers()]
        start_response(status, headers)
        return [body]

    def headers(self) -> list[tuple[str, str]]:
        cookie = f"session={secrets.token_urlsafe(16)}; Path=/; HttpOnly; SameSite=Lax"
        return [("X-Frame-Options", "DENY"), ("X-Request-Id", secrets.token_hex(8)), ("Set-Cookie", cookie)]

    def stream(self) -> Iterator[bytes]:
        for number in range(4):
            time.sleep(0.1)
            yield b"block %d\n" % number


class LostHeader(Shop):
    def headers(self) -> list[tuple[str, str]]:
        return super().headers()[1:]


class Noting(LostHeader):
    """Creates a file when a stream is requested."""

    def stream(self) -> Iterator[bytes]:
        Path(os.environ["SHOP_ASKED"]).touch()
        return super().stream()


class CookieAttribute(Shop):
    def headers(self) -> list[tuple[str, str]]:
        return [(name, value.replace("; HttpOnly", "")) for name, value in super().headers()]


class SameToken(Shop):
    def headers(self) -> list[tuple[str, str]]:
        same = "session=k7Jd82hHs0aLq93xTb5c; Path=/; HttpOnly; SameSite=Lax"
        return [(name, same if name == "Set-Cookie" else value) for name, value in super().headers()]


class LostCookie(Shop):
    def headers(self) -> list[tuple[str, str]]:
        return super().headers()[:2]


class Buffered(Shop):
    def stream(self) -> Iterator[bytes]:
        yield b"".join(super().stream())


class OffByOne(Shop):
    def respond(self, start_response: StartResponse, body: bytes, kind: str, status: str = "200 OK") -> list[bytes]:
        return super().respond(start_response, body + b"\n" if kind == "text/html" else body, kind, status)


class Price(Shop):
    def respond(self, start_response: StartResponse, body: bytes, kind: str, status: str = "200 OK") -> list[bytes]:
        return super().respond(start_response, body.replace(b'"1.10"', b"1.10"), kind, status)


class OneFailure(Shop):
    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if self.count == 136:
            self.count += 1
            return self.respond(start_response, b"oh", "text/plain", "500 Internal Server Error")
        return super().__call__(environ, start_response)


class Cut(Shop):
    def stream(self) -> Iterator[bytes]:
        yield next(super().stream())
        raise RuntimeError("planted")


class Dying(Shop):
    """Exits its server's process at /die."""

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/die" or "gunicorn" in environ["SERVER_SOFTWARE"]:
            print("planted: dying", flush=True)
            os._exit(1)
        return super().__call__(environ, start_response)


app, dying = Shop(), Dying()
lost_header, cookie_attribute, buffered, off_by_one = LostHeader(), CookieAttribute(), Buffered(), OffByOne()
same_token, noting = SameToken(), Noting()
price, one_failure, cut, lost_cookie = Price(), OneFailure(), Cut(), LostCookie()
