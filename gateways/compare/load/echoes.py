"""WebSocket connections that send a message and expect its echo. Knows the engine and RFC 6455."""

import os

from gateways.compare.load.connections import Connection
from gateways.compare.load.engine import Engine
from gateways.compare.load.response import BadFraming, head_length, head_of
from gateways.compare.load.tally import Expected
from gateways.compare.load.websocket import CLOSE, PING, PONG, TEXT, Frames, accept, frame, handshake

MESSAGE = b"0123456789abcdef0123456789abcdef"


class Echo(Connection):
    """One connection. A message is complete when its echo has arrived."""

    def __init__(self, engine: Engine, address: tuple[str, int], target: str, host: str) -> None:
        super().__init__(engine, address, frame(TEXT, MESSAGE, os.urandom(4)), Expected())
        self._target, self._host = target, host
        self._key = b""
        self._head = b""
        self._frames = Frames()

    def connected(self) -> None:
        assert self._link is not None
        self._key, self._head, self._frames = os.urandom(16), b"", Frames()
        self._link.send(handshake(self._target, self._host, self._key))

    def received(self, data: memoryview, at: int) -> None:
        try:
            octets = bytes(data) if self._ready else self._opened_by(bytes(data))
            for opcode, payload in self._frames.feed(octets):
                self._frame(opcode, payload, at)
        except BadFraming as error:
            self.give_up("framing", str(error))

    def _opened_by(self, data: bytes) -> bytes:
        """Check the response to the handshake. Return the data after it."""
        self._head += data
        end = head_length(self._head)
        if not end:
            return b""
        status = head_of(self._head[:end]).status
        if status != 101 or accept(self._key) not in self._head[:end]:
            raise BadFraming(f"the WebSocket was not accepted: {self._head[:60]!r}")
        super().connected()
        return self._head[end:]

    def _frame(self, opcode: int, payload: bytes, at: int) -> None:
        if opcode == PING and self._link is not None:
            self._link.send(frame(PONG, payload, os.urandom(4)))
        elif opcode == CLOSE:
            self.give_up("closed", "the server closed the WebSocket")
        elif opcode == TEXT and payload == MESSAGE and self.sent:
            self._first = at
            self._succeeded(at, len(payload))
            self._finished()
        elif opcode != PONG:
            self.give_up("body", f"{payload[:40]!r} came back instead of {MESSAGE!r}")
