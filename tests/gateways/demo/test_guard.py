"""Accepted requests come from the page's own origin, and are not for a name that foreign DNS can define."""

from typing import Any

import pytest

from gateways.demo.guard import refusal


def scope(host: str | None, origin: str | None = None, method: str = "GET", kind: str = "http") -> dict[str, Any]:
    pairs = [(b"host", host), (b"origin", origin)]
    headers = [(name, value.encode()) for name, value in pairs if value is not None]
    return {"type": kind, "headers": headers, **({"method": method} if kind == "http" else {})}


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8003", "localhost:8003", "LOCALHOST:9", "[::1]:8003", "192.0.2.7", "named.example:8003"]
)
def test_an_ip_address_and_localhost_and_the_given_name_are_accepted(host: str) -> None:
    assert refusal(scope(host), "named.example") is None
    assert refusal(scope(host, f"http://{host}", "POST"), "named.example") is None
    assert refusal(scope(host, f"http://{host}", kind="websocket"), "named.example") is None


@pytest.mark.parametrize(
    "host", [None, "", "evil.example:8003", "localhost.evil.example", "127.0.0.1.evil.example:8003", "[::1", "x y"]
)
def test_an_unknown_name_is_refused(host: str | None) -> None:
    why = refusal(scope(host, f"http://{host}"), "127.0.0.1")
    assert why is not None
    assert why.startswith(f"the Host header {host!r} ")


@pytest.mark.parametrize(
    "origin",
    [None, "null", "http://evil.example", "http://127.0.0.1:8000", "https://127.0.0.1:8003", "http://localhost:8003"],
)
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_requests_with_effects_must_come_from_the_page_itself(origin: str | None, kind: str) -> None:
    why = refusal(scope("127.0.0.1:8003", origin, "POST", kind), "127.0.0.1")
    assert why == f"the Origin header {origin!r} is not the origin of this page, 'http://127.0.0.1:8003'"


def test_safe_requests_may_have_no_origin_but_not_a_different_origin() -> None:
    assert refusal(scope("127.0.0.1:8003"), "127.0.0.1") is None
    assert refusal(scope("127.0.0.1:8003", "http://evil.example"), "127.0.0.1") is not None


def test_a_repeated_host_is_refused() -> None:
    twice = scope("127.0.0.1:8003")
    twice["headers"] *= 2
    assert refusal(twice, "127.0.0.1") is not None
