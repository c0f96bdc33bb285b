"""Recorded requests as sent by the load client, and the values that a session takes from responses."""

import base64
import gzip

import pytest

from gateways.compare.load.order import Seen
from gateways.compare.measure.sessions import learn, sent
from gateways.requests.request import Request, Take
from gateways.requests.session import Session
from gateways.requests.values import Missing


def seen(head: str, body: bytes) -> Seen:
    return Seen(200, len(body), "", f"HTTP/1.1 200 OK\r\n{head}\r\n", "", 0.0, "", base64.b64encode(body).decode())


def test_a_recorded_request_is_sent_without_its_connection_headers() -> None:
    headers = (("Accept", "*/*"), ("Host", "old"), ("Connection", "close"), ("Content-Length", "9"))
    made = sent(Request("POST", "/a?b=1", headers, b"\x00\xff"))
    assert (made.method, made.target, made.headers) == ("POST", "/a?b=1", (("Accept", "*/*"),))
    assert made.octets("new") == (
        b"POST /a?b=1 HTTP/1.1\r\nHost: new\r\nUser-Agent: gateways\r\nAccept: */*\r\nContent-Length: 2\r\n\r\n\x00\xff"
    )


@pytest.mark.parametrize(("method", "length"), [("POST", True), ("PUT", True), ("GET", False), ("DELETE", False)])
def test_an_empty_body_has_a_length_for_methods_with_a_body(method: str, length: bool) -> None:
    assert (b"Content-Length: 0" in sent(Request(method, "/")).octets("h")) is length


def test_cookies_and_values_of_responses_are_used_in_later_requests() -> None:
    session, take = Session(), Take("csrf", "regex", r"value=(\w+)")
    learn(session, Request("GET", "/", takes=(take,)), seen("Set-Cookie: s=1; Path=/\r\n", b"<input value=k2J9>"))
    prepared = session.prepared(Request("GET", "/x?t=${csrf}"))
    assert prepared.target == "/x?t=k2J9"
    assert ("Cookie", "s=1") in prepared.headers


def test_a_value_is_found_in_a_compressed_body() -> None:
    session = Session()
    body = gzip.compress(b'{"token": "abc"}')
    learn(session, Request("GET", "/", takes=(Take("t", "json", "/token"),)), seen("Content-Encoding: gzip\r\n", body))
    assert session.values == {"t": "abc"}


def test_a_missing_value_is_reported() -> None:
    with pytest.raises(Missing, match="X-Token"):
        learn(Session(), Request("GET", "/", takes=(Take("t", "header", "X-Token"),)), seen("", b""))
