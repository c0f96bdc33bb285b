"""Checks of the messages that an application sends on a WebSocket (ASGI WebSocket 2.5)."""

from typing import Any

import pytest

from gateways.adapters.errors import AppProtocolError
from gateways.adapters.run_asgi.websocket_messages import accepting, closing, payload, received

KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # RFC 6455, 1.3


def test_accept_becomes_the_101_response() -> None:
    """ASGI WebSocket, "Accept - send event"; RFC 6455, 4.2.2."""
    headers = [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2"), (b"content-length", b"0")]
    head = accepting({"subprotocol": "b", "headers": headers}, KEY, ["a", "b"])
    assert head.split(b"\r\n") == [
        b"HTTP/1.1 101 Switching Protocols",
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
        b"Sec-WebSocket-Protocol: b",
        b"set-cookie: a=1",
        b"set-cookie: b=2",
        b"",
        b"",
    ]


@pytest.mark.parametrize(
    "message",
    [
        {"subprotocol": "A"},
        {"subprotocol": ""},
        {"headers": [(b"sec-websocket-protocol", b"a")]},
        {"headers": [(b"x", b"a\r\nb: c")]},
    ],
)
def test_an_invalid_accept_is_refused_under_its_own_name(message: dict[str, Any]) -> None:
    """A subprotocol is one that the client offers, in its case (RFC 6455, 4.2.2)."""
    with pytest.raises(AppProtocolError, match=r"websocket\.accept"):
        accepting(message, KEY, ["a"])


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, "1000", None])
def test_a_close_code_that_no_frame_may_have_is_refused(code: Any) -> None:
    """RFC 6455, 7.4."""
    with pytest.raises(AppProtocolError, match=r"websocket\.close"):
        closing({"code": code})


def test_a_close_has_the_code_1000_and_no_reason_by_default() -> None:
    """ASGI WebSocket, "Close - send event"."""
    assert closing({}) == (1000, "")
    assert closing({"code": 4999, "reason": None}) == (4999, "")


def test_data_is_bytes_or_text() -> None:
    """ASGI WebSocket, "Send - send event"."""
    assert payload({"text": ""}) == ""
    assert payload({"bytes": memoryview(b"x"), "text": None}) == b"x"
    with pytest.raises(AppProtocolError, match="ASGI requires either bytes or text"):
        payload({"bytes": None, "text": None})
    assert received("") == {"type": "websocket.receive", "text": ""}
    assert received(b"") == {"type": "websocket.receive", "bytes": b""}
