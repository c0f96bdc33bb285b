"""Background connections during a load, which read slowly or keep an event stream open.

Knows the engine and HTTP responses. These connections show whether the server can still serve other clients.
"""

from collections.abc import Iterable

from gateways.compare.load.engine import Engine, Link
from gateways.compare.load.order import Measured
from gateways.compare.load.response import BadFraming, Reader

BITE, EVERY = 8 * 1024, 0.1
"""A slow reader reads BITE bytes every EVERY seconds. That is 80 kB/s, as on a poor mobile connection."""
RECEIVE_BUFFER = 32 * 1024


class Held:
    """Requests a stream and reads it continuously. `begun` is set when the first bytes of the body of a 200
    response have arrived.
    """

    receive_buffer = 0

    def __init__(self, engine: Engine, address: tuple[str, int], payload: bytes, measured: Measured) -> None:
        self.begun = False
        self._engine, self._payload, self._measured = engine, payload, measured
        self._reader = Reader()
        self._link: Link | None = engine.connect(address, self, self.receive_buffer)

    def connected(self) -> None:
        assert self._link is not None
        self._link.send(self._payload)

    def received(self, data: memoryview, _at: int) -> None:
        try:
            complete = self._reader.feed(data)
        except BadFraming:
            complete = True
        head = self._reader.head
        if not self.begun and self._reader.length and head is not None and head.status == 200:
            self.begun = True
            self._measured.begun += 1
        if complete:
            self._lose()
            self.close()

    def ended(self, _why: str) -> None:
        self._link = None
        self._lose()

    def _lose(self) -> None:
        if self.begun:
            self._measured.lost += 1

    def close(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None


class SlowReader(Held):
    """Requests a body that is larger than the kernels' buffers, and reads it in small pieces."""

    receive_buffer = RECEIVE_BUFFER

    def connected(self) -> None:
        super().connected()
        assert self._link is not None
        self._link.pause()
        self._bite()

    def _bite(self) -> None:
        if self._link is not None:
            self._link.read_some(BITE)
            self._engine.after(EVERY, self._bite)


def close_all(connections: Iterable[Held]) -> None:
    for connection in connections:
        connection.close()
