"""http.response.start to start_response(): status and headers (ASGI HTTP 2.5; PEP 3333)."""

from __future__ import annotations

import re
from typing import Any
from wsgiref.util import is_hop_by_hop

import pytest

from .apps import body, sends, start
from .conftest import Bridge, LoopFactory
from .harness import fetch


def test_the_status_has_its_reason_phrase(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """PEP 3333, "start_response": status is a string of the form "999 Message here"."""
    app = bridge(sends(start(404), body(b"no")), loop_factory)
    assert fetch(app).status == "404 Not Found"


@pytest.mark.parametrize("status", [299, 520, 599])
def test_a_status_without_a_registered_reason_is_passed_on(bridge: Bridge, status: int) -> None:
    """RFC 9110, 15: status codes are extensible."""
    assert re.fullmatch(rf"{status} [ -~]*", fetch(bridge(sends(start(status), body(b"x")))).status)


def test_headers_are_a_list_of_tuples_of_native_strings(bridge: Bridge) -> None:
    """PEP 3333: response_headers must be a Python list of (name, value) tuples of str; values are bytes as latin-1."""
    headers = [(b"x-name", b"caf\xc3\xa9"), (b"x-empty", b"")]
    response = fetch(bridge(sends(start(200, headers), body(b"x"))))
    assert response.values("x-name") == ["caf\xc3\xa9"]
    assert response.values("x-empty") == [""]


def test_headers_keep_their_order_and_repetitions(bridge: Bridge) -> None:
    """ASGI HTTP, "Response Start": order must be preserved; Set-Cookie cannot be joined."""
    headers = [(b"x-a", b"1"), (b"set-cookie", b"a=1"), (b"x-b", b"2"), (b"set-cookie", b"b=2"), (b"x-a", b"3")]
    response = fetch(bridge(sends(start(200, headers), body(b"x"))))
    assert response.own_headers() == [(name.decode(), value.decode()) for name, value in headers]


def test_headers_are_optional(bridge: Bridge) -> None:
    """ASGI HTTP, "Response Start": headers is optional and defaults to an empty list."""
    response = fetch(bridge(sends({"type": "http.response.start", "status": 200}, body(b"x"))))
    assert (response.code, response.own_headers(), response.body) == (200, [], b"x")


@pytest.mark.parametrize("shape", [list, tuple, iter], ids=lambda shape: shape.__name__)
@pytest.mark.parametrize("pair", [list, tuple, iter], ids=lambda pair: f"of {pair.__name__}")
def test_headers_may_be_any_iterable_of_pairs(bridge: Bridge, shape: Any, pair: Any) -> None:
    """ASGI HTTP, "Response Start": headers is Iterable[[byte string, byte string]]."""
    headers = shape([pair((b"x-a", b"1")), pair((b"x-b", b"2"))])
    response = fetch(bridge(sends(start(200, headers), body(b"x"))))
    assert response.own_headers() == [("x-a", "1"), ("x-b", "2")]


@pytest.mark.parametrize(
    "name", ["transfer-encoding", "connection", "keep-alive", "te", "trailers", "upgrade", "Transfer-Encoding"]
)
def test_a_hop_by_hop_header_is_removed(bridge: Bridge, name: str) -> None:
    """ASGI: the server must ignore Transfer-Encoding; PEP 3333: apps must not set hop-by-hop headers, servers raise."""
    response = fetch(bridge(sends(start(200, [(name.encode(), b"x"), (b"x-a", b"1")]), body(b"x"))))
    assert (response.own_headers(), response.body) == ([("x-a", "1")], b"x")
    assert not any(is_hop_by_hop(key) for key, _ in response.headers)
