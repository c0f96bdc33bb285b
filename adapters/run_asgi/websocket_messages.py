"""The messages of ASGI WebSocket 2.5: checks messages from the application, and creates messages for it.

Pure: knows the messages and the close codes of RFC 6455. It must not know when they are sent.
"""

from __future__ import annotations

from collections.abc import Collection

from ..asgi_types import Message
from ..errors import AppProtocolError
from ..mapping.responses import head_from_asgi
from ..websocket.frames import may_close_with
from ..websocket.handshake import response_head

_MESSAGE_COST = 256  # memory that a received message needs in addition to its data, in bytes


def disconnect(code: int, reason: str) -> Message:
    """Return a websocket.disconnect message."""
    return {"type": "websocket.disconnect", "code": code, "reason": reason}


def received(data: str | bytes) -> Message:
    """Return a websocket.receive message."""
    return {"type": "websocket.receive", "text" if isinstance(data, str) else "bytes": data}


def cost(data: str | bytes) -> int:
    """Return the approximate memory size of a received message in bytes."""
    return len(data) + _MESSAGE_COST


def accepting(message: Message, key: str, offered: Collection[str]) -> bytes:
    """Return the 101 response for a websocket.accept.

    key: the client's Sec-WebSocket-Key. offered: the subprotocols that the client offers. Raises AppProtocolError for
    an invalid message.
    """
    protocol = message.get("subprotocol")
    if protocol is not None and protocol not in offered:
        raise AppProtocolError(
            f"'websocket.accept' has the subprotocol {protocol!r}, which the client did not offer; it offered"
            f" {list(offered)}"
        )
    try:
        _, headers, _ = head_from_asgi(200, message.get("headers") or ())
    except AppProtocolError as error:
        raise AppProtocolError(str(error).replace("http.response.start", "websocket.accept")) from None
    if any(name.lower().startswith("sec-websocket-") for name, _ in headers):
        raise AppProtocolError(
            "'websocket.accept' has a Sec-WebSocket header, which only the server sets; use 'subprotocol'"
        )
    headers = [field for field in headers if field[0].lower() != "content-length"]  # RFC 9110, 8.6
    return response_head(key, protocol, headers)


def payload(message: Message) -> str | bytes:
    """Return the data of a websocket.send. Raises AppProtocolError if it is invalid."""
    data, text = message.get("bytes"), message.get("text")
    if isinstance(data, bytes):
        return data
    if isinstance(data, (bytearray, memoryview)):
        return bytes(data)
    if data is None and isinstance(text, str):
        return text
    raise AppProtocolError(
        f"'websocket.send' has bytes={data!r:.80} and text={text!r:.80}; ASGI requires either bytes or text (a str)"
    )


def closing(message: Message) -> tuple[int, str]:
    """Return the code and reason of a websocket.close. Raises AppProtocolError if the code is invalid."""
    code, reason = message.get("code", 1000), message.get("reason") or ""
    if not isinstance(code, int) or not may_close_with(code):
        raise AppProtocolError(
            f"'websocket.close' has the code {code!r}; expected 1000 to 1003, 1007 to 1014, or 3000 to 4999"
            f" (RFC 6455, 7.4), e.g. 1000"
        )
    return code, reason
