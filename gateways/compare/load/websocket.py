"""A minimal WebSocket client (RFC 6455) for an echo test: handshake and frames. Pure."""

import base64
import hashlib

from gateways.compare.load.response import BadFraming

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA


def handshake(target: str, host: str, key: bytes) -> bytes:
    """Return the handshake request (4.1); `key` is any 16 bytes."""
    lines = (
        f"GET {target} HTTP/1.1",
        f"Host: {host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {base64.b64encode(key).decode()}",
        "Sec-WebSocket-Version: 13",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def accept(key: bytes) -> bytes:
    """Return the expected value of Sec-WebSocket-Accept (4.2.2)."""
    return base64.b64encode(hashlib.sha1(base64.b64encode(key) + _GUID, usedforsecurity=False).digest())


def frame(opcode: int, payload: bytes, mask: bytes) -> bytes:
    """Return a final, masked frame (5.2) with at most 65,535 bytes."""
    length = len(payload)
    head = bytes([0x80 | opcode, 0x80 | length]) if length < 126 else bytes([0x80 | opcode, 0xFE]) + length.to_bytes(2)
    return head + mask + bytes(byte ^ mask[number & 3] for number, byte in enumerate(payload))


class Frames:
    """Parses the frames of a server."""

    def __init__(self) -> None:
        self._pending = b""

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Return the opcode and payload of each complete frame in the data.

        Raises: BadFraming: a frame is fragmented or masked, or has reserved bits, unlike the echo of a short message.
        """
        data, at = self._pending + data, 0
        frames: list[tuple[int, bytes]] = []
        while len(data) - at >= 2:
            if not data[at] & 0x80 or data[at] & 0x70 or data[at + 1] & 0x80:
                raise BadFraming(f"{data[at : at + 2].hex(' ')} is not the start of an unfragmented server frame")
            length, start = data[at + 1], at + 2
            if length >= 126:
                width = 2 if length == 126 else 8
                length, start = int.from_bytes(data[start : start + width]), start + width
            if len(data) < start or len(data) < start + length:
                break
            frames.append((data[at] & 0x0F, data[start : start + length]))
            at = start + length
        self._pending = data[at:]
        return frames
