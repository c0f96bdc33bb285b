"""Explanations of differences."""

import pytest

from gateways.diff.judge import ABSENT, SAME, STILL, Found
from gateways.diff.known import explain


@pytest.mark.parametrize(
    ("found", "clause", "is_counted"),
    [
        (Found("header:connection", "close", ABSENT), "RFC 9110, 7.6.1", False),
        (Found("header:server", "a", "b"), "RFC 9110, 10.2.4", False),
        (Found("header-case", "A", "a"), "RFC 9110, 5.1", False),
        (Found("status", "200 OK", "411 Length Required"), "RFC 9110, 15.5.12", True),
        (Found("framing", "Content-Length", "chunked"), "RFC 9112, 6.3", True),
        (Found("framing", "chunked", "Content-Length"), "RFC 9110, 8.6", False),
        (Found("framing", "chunked", "until the connection closes"), "RFC 9112, 6.3 and 8", True),
        (Found("cookie:s;secure", "set", ABSENT), "RFC 6265, 4.1", True),
        (Found("stream", "3 blocks", "1 block"), "PEP 3333, Buffering and Streaming", True),
        (Found("problem", "200", "200: the connection was closed in the middle"), "RFC 9112, 8", True),
        (Found("status", "304 Not Modified", "200 OK"), "RFC 9110, 13.1", True),
        (Found("status", "206 Partial Content", "200 OK"), "RFC 9110, 14.2", True),
        (Found("header:etag", '"a"', ABSENT), "RFC 9110, 8.8", True),
        (Found("header:etag", '"a"', 'W/"a"'), "RFC 9110, 8.8.1 and 13.1.5", True),
        (Found("header:content-type", "text/plain; charset=utf-8", "text/plain;charset=UTF-8"), "RFC 9110, 8.3", False),
        (Found("cookie:s;samesite", "Lax", "lax"), "RFC 6265bis, 5.6.7", False),
        (Found("cookie:s;samesite", "Lax", "None"), "RFC 6265, 4.1", True),
        (Found("header:content-encoding", "gzip", ABSENT), "RFC 9110, 8.4", True),
        (Found("header:content-encoding", "gzip", f"{ABSENT}{STILL} gzip"), "RFC 9110, 8.4", True),
        (Found("header:location", "/a", "/b/a"), "RFC 9110, 10.2.2", True),
        (Found("trailers", "x: 1", ABSENT), "RFC 9110, 6.5", True),
        (Found("cookie-order", "a, b", "b, a"), "RFC 6265, 4.2.2", False),
        (Found("list-order", "allow: GET, HEAD", "allow: HEAD, GET"), "RFC 9110, 10.2.1 and 12.5.5", False),
        (Found("header:content-length", "5", ABSENT), "RFC 9110, 9.3.2", True),
        (Found("header:content-length", ABSENT, "5"), "RFC 9110, 8.6", False),
        (Found("body:/token", "another in each", SAME), "RFC 6749, 10.10", True),
        (Found("header:date", "x", ABSENT), "RFC 9110, 6.6.1", True),
    ],
)
def test_a_known_difference_has_its_clause(found: Found, clause: str, is_counted: bool) -> None:
    known = explain(found)
    assert known is not None
    assert known.clause.startswith(clause)
    assert known.is_counted is is_counted


def test_an_error_page_may_come_from_the_server() -> None:
    page = Found("body:/html/body/h1/text()", "Internal Server Error", "Error")
    known = explain(page, 500)
    assert known is not None
    assert known.is_counted
    assert "own error page" in known.says
    assert explain(page, 200) is None
    assert explain(Found("header:x-frame-options", "DENY", ABSENT), 500) is None


def test_a_header_of_the_app_has_no_known_explanation() -> None:
    assert explain(Found("header:x-frame-options", "DENY", ABSENT)) is None
    assert explain(Found("status", "200 OK", "404 Not Found")) is None
    assert explain(Found("header:content-length", ABSENT, "0")) is None
