"""Accepted differences between an app served natively and through an adapter, with reasons. Any other difference is a
fault.

Pure: patterns and reasons. It must not know how the responses were obtained.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Accepted:
    """A class of differences: its lines, its reason, and its interface, server, conversation and app."""

    line: str
    reason: str
    interface: str = "wsgi|asgi"
    server: str = ".*"
    conversation: str = ".*"
    app: str = ".*"

    def covers(self, line: str, interface: str, server: str, conversation: str, app: str) -> bool:
        wanted = (
            (self.interface, interface),
            (self.server, server),
            (self.conversation, conversation),
            (self.app, app),
        )
        return bool(re.search(self.line, line)) and all(re.fullmatch(pattern, text) for pattern, text in wanted)


ACCEPTED: tuple[Accepted, ...] = (
    Accepted(r"^[-+] \d+ reason", "ASGI has no reason phrase: the server writes its own", interface="wsgi"),
    Accepted(
        r"^[-+] [134] (status|content-length|content-type|body)",
        "a chunked body has a CONTENT_LENGTH through the adapter: these apps see none of it natively",
        interface="wsgi",
        conversation="forms|uploads|multipart",
        app="flask.*|bottle|django|falcon|whitenoise",
    ),
    Accepted(
        r"^[-+] \d+ (body|content-length|content-type)",
        "the page of a 500 is the server's",
        conversation="errors|other_targets",
        interface="wsgi",
        app="flask.*|django|pyramid|wsgidav",
    ),
    Accepted(
        r"^[-+] 6 ",
        "gunicorn sends the head with an empty block, and then cuts the connection; PEP 3333 lets the error be a 500",
        conversation="other_targets",
        interface="wsgi",
        app="wsgidav",
    ),
    Accepted(
        "HTTP_COOKIE|REQUEST_METHOD",
        "repeated Cookie headers join with '; ' (RFC 6265, 5.4); gunicorn joins them with ','",
        interface="wsgi",
        conversation="odd_headers",
        app="bare|werkzeug.*",
    ),
    Accepted(
        "REQUEST_METHOD",
        "granian names the HTTP version of an HTTP/1.0 request HTTP/1.1",
        interface="wsgi",
        server="granian",
        conversation="http_1_0",
        app="bare|werkzeug.*",
    ),
    Accepted("^- . content-length: 0", "the server sends no Content-Length with 304", server="granian|waitress"),
    Accepted("body", "granian sends no content with 304", server="granian", conversation="conditional", app="wsgidav"),
    Accepted(
        "",
        "these ASGI servers drop a connection whose client has ended its side",
        interface="wsgi",
        conversation="a_half_closed_client",
    ),
    Accepted(
        "", "uvicorn drops a connection whose client has ended its side", "asgi", conversation="a_half_closed_client"
    ),
    Accepted("^-", "the sync worker has no keep-alive", "asgi", "gunicorn-sync", "keep_alive|pipelined"),
    Accepted("", "waitress merges slashes at the start of a path", "asgi", "waitress", "other_targets"),
    Accepted("", "waitress does not trust X-Forwarded-Proto", "asgi", "waitress", "odd_headers", "datasette"),
    Accepted(
        "", "waitress ends a connection whose length it does not know", "asgi", "waitress", "keep_alive", "datasette"
    ),
    Accepted(
        "",
        "waitress gives a chunked body its length, which Django needs",
        "asgi",
        "waitress",
        "multipart",
        "django-asgi",
    ),
    Accepted("body", "Datasette says how long its query took", "asgi", conversation="other_targets", app="datasette"),
)
