"""Connections that send requests and verify the responses. Knows the engine and HTTP responses."""

import time
from collections.abc import Callable
from typing import Protocol

from gateways.compare.load.engine import Engine, Link
from gateways.compare.load.response import BadFraming, Reader
from gateways.compare.load.tally import Expected, Tally


class Schedule(Protocol):
    """Decides when connections send requests. `tally` counts events that do not belong to a single request, such as
    reconnects.
    """

    tally: Tally

    def samples(self, connection: "Connection") -> bool:
        """Return True if the latency of this connection's current request counts for the distribution."""

    def idle(self, connection: "Connection", now: int) -> None:
        """Called when the connection can send a request."""

    def left(self, connection: "Connection") -> None:
        """Called when the connection is closed."""


IDEMPOTENT = frozenset((b"GET", b"HEAD", b"OPTIONS", b"TRACE", b"PUT", b"DELETE"))
"""Methods of requests that a client may send again (RFC 9110, 9.2.2)."""


class Connection:
    """One connection. It sends a request when its schedule calls send(), and connects first if necessary. It notifies
    the schedule when it can send another request. `tally` counts the results.

    A server may close an idle connection at the moment when the client sends the next request. If the server closes a
    reused connection before the first byte of the response, the client sends an idempotent request once more, on a new
    connection. Browsers do the same (RFC 9112, 9.3.1). Latency is measured from the first attempt.
    """

    def __init__(self, engine: Engine, address: tuple[str, int], payload: bytes, expected: Expected) -> None:
        self.loop: Schedule
        self.tally: Tally
        self.sent = 0  # time_ns; 0: no request in flight
        self.due = 0
        self._engine, self._address, self._payload, self._expected = engine, address, payload, expected
        self._reader = reader_for(payload, expected)
        self._link: Link | None = None
        self._ready = False  # connected
        self._begun = False  # the first bytes of the response have arrived
        self._first = self._latest = 0  # arrival times of the first and the latest bytes of the body
        self._opened = 0
        self._requests = 0  # number of requests on this connection

    @property
    def tried(self) -> bool:
        """True if the connection is open, or if the attempt to connect has failed."""
        return self._ready if self._link is not None else self._opened > 0

    def connect(self) -> None:
        """Connect, unless already connected. After success, send the waiting request, or call the schedule's `idle`.
        After failure, call its `left`.
        """
        if self._link is None:
            self._ready = False
            self._requests = 0
            self._opened += 1
            self._link = self._engine.connect(self._address, self)
            self.loop.tally.measured.reconnects += self._opened > 1

    def send(self, due: int, now: int) -> None:
        """Send the request that was due at `due` (time_ns)."""
        self.due, self.sent = due, now
        if self._link is None:
            self.connect()
        elif self._ready:
            self._link.send(self._payload)
        self._requests += 1

    def connected(self) -> None:
        self._ready = True
        if self.sent and self._link is not None:
            self._link.send(self._payload)
        else:
            self.loop.idle(self, time.time_ns())

    def received(self, data: memoryview, at: int) -> None:
        expected, tally, sent = self._expected, self.tally, self.sent
        if not self._begun and sent and expected.fine:
            # Fast path for the most frequent case: a complete response with headers and body that were verified before.
            raw = bytes(data)
            if raw[: len(raw) - expected.length] in expected.fine and raw.endswith(expected.body):  # type: ignore[arg-type]
                now = time.time_ns()
                if tally.counting:
                    tally.measured.busy += now - sent
                    tally.measured.octets += expected.length
                    tally.lag.append(now - at)
                else:
                    tally.measured.outside += 1
                if self.loop.samples(self):
                    tally.whole.append(at - self.due)
                    if sent != self.due:
                        tally.late.append(sent - self.due)
                self.sent = 0
                self.loop.idle(self, now)
                return
        self._read(data, at)

    def _read(self, data: memoryview, at: int) -> None:
        """Parse a response, or a piece of one."""
        if not self.sent:
            self.give_up("framing", f"{len(data)} unexpected bytes arrived without a request")
            return
        reader = self._reader
        if not self._begun:
            reader.begin()
            self._begun = True
            self._first = 0
        before = reader.length
        try:
            complete = reader.feed(data)
        except BadFraming as error:
            self.give_up("framing", str(error))
            return
        if reader.length > before or complete:
            if not self._first:
                self._first = at
            elif reader.length > before and self.tally.counting:
                self.tally.gap.append(at - self._latest)
            self._latest = at
        if complete:
            self._answered(at)

    def ended(self, why: str) -> None:
        self._link = None
        if not self.sent:
            self.loop.left(self)
        elif self._begun and self._reader.ended():
            self._answered(self._latest or time.time_ns())
        elif self._may_repeat():
            self.tally.measured.retried += 1
            self.connect()
            self._requests = 1
        elif self._ready:
            self.give_up("closed", f"the connection was closed before the end of the response {why}".rstrip())
        else:
            self.give_up("refused", f"the server did not accept the connection: {why}")

    def _may_repeat(self) -> bool:
        return self._requests > 1 and not self._begun and self._payload.partition(b" ")[0] in IDEMPOTENT

    def give_up(self, kind: str, example: str) -> None:
        """Close the connection. Count its current request, if there is one, as failed."""
        self.close()
        was_sent = self.sent > 0
        self.sent, self._begun = 0, False
        if was_sent:
            self.tally.fail(kind, example, sample=self.loop.samples(self))
        self.loop.left(self)

    def close(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None

    def _answered(self, at: int) -> None:
        """Verify and count the complete response."""
        reader = self._reader
        head = reader.head
        assert head is not None
        kind = self._expected.wrong(reader)
        if kind:
            self.tally.fail(kind, self._expected.example(reader), sample=self.loop.samples(self))
        else:
            self._succeeded(at, reader.length)
        if not head.keep:
            self.close()
        self._finished()

    def _succeeded(self, at: int, octets: int) -> None:
        tally = self.tally
        if tally.counting:
            now = time.time_ns()
            tally.measured.busy += now - self.sent
            tally.measured.octets += octets
            tally.lag.append(now - at)
        else:
            tally.measured.outside += 1
        if self.loop.samples(self):
            tally.latency.append(at - self.due)
            tally.first_byte.append((self._first or at) - self.due)
            tally.late.append(self.sent - self.due)

    def _finished(self) -> None:
        self.sent, self._begun = 0, False
        self.loop.idle(self, time.time_ns())


def reader_for(payload: bytes, expected: Expected) -> Reader:
    """Return a reader for the responses to a request."""
    return Reader(expected.body, keep=expected.fixed is not None, bodiless=payload.startswith(b"HEAD "))


Choice = tuple[bytes, Expected, Tally]
"""A request of a mix: its bytes, the expected response, and the tally for its results."""


class MixConnection(Connection):
    """A connection that sends random requests of a mix. `draw` returns the number of the next request."""

    def __init__(
        self, engine: Engine, address: tuple[str, int], choices: list[Choice], draw: Callable[[], int]
    ) -> None:
        payload, expected, _ = choices[0]
        super().__init__(engine, address, payload, expected)
        self._choices, self._draw = choices, draw
        self._readers: dict[int, Reader] = {}

    def send(self, due: int, now: int) -> None:
        number = self._draw()
        self._payload, self._expected, self.tally = self._choices[number]
        reader = self._readers.get(number)
        if reader is None:
            reader = self._readers[number] = reader_for(self._payload, self._expected)
        self._reader = reader
        super().send(due, now)
