"""Decide when to send requests. A closed loop sends the next request after a response. An open loop sends requests at
given times.

Knows connections and the engine's timers. It must not know the protocol.
"""

import time
from collections import deque

from gateways.compare.load.connections import Connection
from gateways.compare.load.engine import Engine
from gateways.compare.load.tally import Tally

BACK_OFF = 0.01
"""Seconds before a failed connection is used again."""


class Loop:
    """Decides when its connections send requests."""

    def __init__(self, engine: Engine, tally: Tally, connections: list[Connection]) -> None:
        self.engine, self.tally, self.connections = engine, tally, connections
        self.sending = False
        for connection in connections:
            connection.loop = self
            connection.tally = tally

    def connect(self) -> None:
        for connection in self.connections:
            connection.connect()

    def tried(self) -> bool:
        """Return True if all connections are open or have failed."""
        return all(connection.tried for connection in self.connections)

    def under_way(self) -> int:
        """Return the number of requests without a response."""
        return sum(connection.sent > 0 for connection in self.connections)

    def begin(self) -> None:
        """Start sending requests."""
        self.sending = True

    def samples(self, connection: Connection) -> bool:
        """Return True if the latency of this connection's request counts for the distribution."""
        raise NotImplementedError

    def idle(self, connection: Connection, now: int) -> None:
        """Called when the connection can send another request."""
        raise NotImplementedError

    def left(self, connection: Connection) -> None:
        """Called when the connection is closed."""
        raise NotImplementedError

    def expire(self, timeout: float) -> None:
        """Fail the requests that have waited longer than `timeout` seconds."""
        limit = time.time_ns() - int(timeout * 1e9)
        for connection in self.connections:
            if 0 < connection.sent < limit:
                connection.give_up("timeout", f"no response within {timeout:g} s")

    def settle(self) -> None:
        """Stop. Count the requests in flight as failed."""
        self.sending = False
        for connection in self.connections:
            if connection.sent:
                connection.give_up("timeout", "no response before the end of the measurement")
            connection.close()


class ClosedLoop(Loop):
    """A closed loop, to measure the maximum throughput. Each connection sends its next request immediately after a
    response. The samples are the responses that arrive after the start of the window.
    """

    def begin(self) -> None:
        super().begin()
        for connection in self.connections:
            self.idle(connection, time.time_ns())

    def samples(self, connection: Connection) -> bool:
        return self.tally.counting or not self.sending

    def idle(self, connection: Connection, now: int) -> None:
        if self.sending and not connection.sent:
            connection.send(now, now)

    def left(self, connection: Connection) -> None:
        if self.sending:
            self.engine.after(BACK_OFF, lambda: self.idle(connection, time.time_ns()))


class OpenLoop(Loop):
    """Requests are due at given times (nanoseconds from the start), and wait for an idle connection.

    The samples are the requests that are due after the ramp, which is the unmeasured first part of the load.
    """

    def __init__(
        self, engine: Engine, tally: Tally, connections: list[Connection], instants: list[int], ramp: float
    ) -> None:
        super().__init__(engine, tally, connections)
        self._instants, self._ramp = instants, int(ramp * 1e9)
        self._idle: deque[Connection] = deque()
        self._waiting: deque[int] = deque()
        self._next = 0
        self._counts_from = 0

    def begin(self) -> None:
        super().begin()
        start = time.time_ns()
        self._counts_from = start + self._ramp
        self._instants = [start + instant for instant in self._instants]
        self.tally.measured.due = sum(instant >= self._counts_from for instant in self._instants)
        self.engine.pace = self._pace

    def samples(self, connection: Connection) -> bool:
        return connection.due >= self._counts_from

    def idle(self, connection: Connection, now: int) -> None:
        if self._waiting:
            connection.send(self._waiting.popleft(), now)
        elif connection not in self._idle:
            self._idle.append(connection)

    def left(self, connection: Connection) -> None:
        """Treat a closed connection as idle, because it reconnects when it sends a request."""
        self.engine.after(BACK_OFF, lambda: self.idle(connection, time.time_ns()))

    def under_way(self) -> int:
        return super().under_way() + len(self._waiting) + len(self._instants) - self._next

    def _pace(self, now: int) -> int:
        instants = self._instants
        while self._next < len(instants) and instants[self._next] <= now:
            due = instants[self._next]
            self._next += 1
            if self._idle:
                self._idle.popleft().send(due, time.time_ns())
            else:
                self._waiting.append(due)
        return instants[self._next] if self._next < len(instants) else now + 1_000_000_000

    def settle(self) -> None:
        left = (*self._waiting, *self._instants[self._next :])
        self.tally.never_sent(sum(due >= self._counts_from for due in left))
        self._waiting.clear()
        super().settle()
