"""The opening handshake (RFC 6455, section 4): check the request in an environ; create and check the response.

Pure: knows headers and tokens. It must not know frames, or when messages are sent.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

VERSION = "13"
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY_BYTES = 16


class Refusal(NamedTuple):
    """The response to an invalid handshake: status, text and headers."""

    status: str
    text: str
    headers: tuple[tuple[str, str], ...] = ()


def is_handshake(environ: Mapping[str, Any]) -> bool:
    """Return True if a WSGI request is a WebSocket handshake (RFC 6455, 4.1)."""
    upgrade, connection = (environ.get(name, "").lower().split(",") for name in ("HTTP_UPGRADE", "HTTP_CONNECTION"))
    return (
        environ.get("REQUEST_METHOD") == "GET"
        and any(name.strip() == "upgrade" for name in connection)
        and any(name.strip() == "websocket" for name in upgrade)
    )


def refusal(environ: Mapping[str, Any]) -> Refusal | None:
    """Return the response to an invalid handshake (RFC 6455, 4.2.1); None if the handshake is valid."""
    version = environ.get("HTTP_SEC_WEBSOCKET_VERSION", "").strip()
    if version != VERSION:
        text = f"Sec-WebSocket-Version is {version!r}; this server supports '13' (RFC 6455, 4.4)."
        return Refusal("426 Upgrade Required", text, (("Sec-WebSocket-Version", VERSION),))
    key = environ.get("HTTP_SEC_WEBSOCKET_KEY", "").strip()
    if not _is_key(key):
        text = f"Sec-WebSocket-Key is {key!r}; RFC 6455 (4.1) requires 16 bytes in base64, 'dGhlIHNhbXBsZSBub25jZQ=='."
        return Refusal("400 Bad Request", text)
    if (
        environ.get("SERVER_PROTOCOL") == "HTTP/1.0" and "eventlet.input" not in environ
    ):  # eventlet reports HTTP/1.0 for each request
        return Refusal("400 Bad Request", "The handshake uses HTTP/1.0; RFC 6455 (4.1) requires HTTP/1.1.")
    if environ.get("CONTENT_LENGTH") not in (None, "", "0") or "HTTP_TRANSFER_ENCODING" in environ:
        return Refusal(
            "400 Bad Request",
            "The handshake has a body; a client must wait for the response before it sends data (RFC 6455, 4.1).",
        )
    return None


def _is_key(key: str) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == _KEY_BYTES
    except (binascii.Error, ValueError):
        return False


def accept_token(key: str) -> str:
    """Return Sec-WebSocket-Accept for a Sec-WebSocket-Key (RFC 6455, 4.2.2)."""
    digest = hashlib.sha1(key.strip().encode("latin-1") + _GUID, usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


def subprotocols(environ: Mapping[str, Any]) -> list[str]:
    """Return the subprotocols that the client offers, in the client's order."""
    offered: str = environ.get("HTTP_SEC_WEBSOCKET_PROTOCOL", "")
    return [name for name in (part.strip() for part in offered.split(",")) if name]


def response_head(key: str, subprotocol: str | None, headers: Iterable[tuple[str, str]]) -> bytes:
    """Return the 101 response that accepts the handshake, without extensions. `headers` have been checked."""
    lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {accept_token(key)}",
    ]
    if subprotocol is not None:
        lines.append(f"Sec-WebSocket-Protocol: {subprotocol}")
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


class Accepted(NamedTuple):
    """The data of a 101 response that is not part of the handshake itself."""

    subprotocol: str | None
    headers: list[tuple[bytes, bytes]]


_OURS = (b"upgrade", b"connection", b"date", b"server")


def read_response(head: bytes, key: str) -> Accepted | None:
    """Parse response headers as a client does (RFC 6455, 4.1). Return None if they do not accept the handshake."""
    line, *fields = head.rstrip(b"\r\n").split(b"\r\n")
    if line.split(b" ")[1:2] != [b"101"]:
        return None
    subprotocol, token, headers = None, b"", []
    for field in fields:
        name, _, value = field.partition(b":")
        name, value = name.strip().lower(), value.strip()
        if name == b"sec-websocket-accept":
            token = value
        elif name == b"sec-websocket-protocol":
            subprotocol = value.decode("latin-1")
        elif name not in _OURS and not name.startswith(b"sec-websocket-"):
            headers.append((name, value))
    return Accepted(subprotocol, headers) if token == accept_token(key).encode() else None
